package script

// WitnessV0Hash is the signature hash of BIP143. scriptCode is the witness script from its last executed CODESEPARATOR
// on, or the P2PKH script a P2WPKH program stands for. The amount is that of the output the input spends.
func (c *TxContext) WitnessV0Hash(input int, scriptCode []byte, hashType uint32) (hash [32]byte) {
	h := getHasher()
	defer hasherPool.Put(h)
	c.witnessV0Hash(h, input, scriptCode, hashType, &hash)
	return hash
}

func (c *TxContext) witnessV0Hash(h *hasher, input int, scriptCode []byte, hashType uint32, out *[32]byte) {
	var zero [32]byte
	kind := hashType & sigHashOutputMask
	anyoneCanPay := hashType&SigHashAnyoneCanPay != 0
	allOutputs := kind != SigHashNone && kind != SigHashSingle
	shared := c.sharedMidstates()

	outputs := &zero
	if allOutputs {
		outputs = &shared.outputs2
	} else if kind == SigHashSingle && input < len(c.tx.Outputs) {
		h.reset()
		h.output(&c.tx.Outputs[input])
		h.double(out)
		single := *out
		outputs = &single
	}
	in := &c.tx.Inputs[input]
	h.reset()
	h.uint32(c.tx.Version)
	if anyoneCanPay {
		h.hash32(&zero)
	} else {
		h.hash32(&shared.prevOuts2)
	}
	if anyoneCanPay || !allOutputs {
		h.hash32(&zero)
	} else {
		h.hash32(&shared.sequences2)
	}
	h.outPoint(&in.PrevOut)
	h.varBytes(scriptCode)
	h.uint64(uint64(c.spent[input].Value))
	h.uint32(in.Sequence)
	h.hash32(outputs)
	h.uint32(c.tx.LockTime)
	h.uint32(hashType)
	h.double(out)
}
