package script

// VerifyByInterpreter is Verify without the templates.
func (c *TxContext) VerifyByInterpreter(input int, flags Flags, cache *SigCache) error {
	e := getEngine(c, input, flags, cache)
	defer e.free()
	in := &c.tx.Inputs[input]
	return e.verifyScripts(in.ScriptSig, c.spent[input].PkScript, in.Witness).asError()
}

// Internals the external tests look at.
var (
	FindAndDelete = findAndDelete
	ReadOp        = readOp
	ParseNum      = parseNum
	AppendNum     = appendNum
	RIPEMD160     = ripemd160
)

// CachedSignatures counts what the cache holds.
func (c *SigCache) CachedSignatures() (n int) {
	for i := range c.sigs.shards {
		for _, group := range c.sigs.shards[i].groups {
			for _, key := range group {
				if key != ([32]byte{}) {
					n++
				}
			}
		}
	}
	return n
}
