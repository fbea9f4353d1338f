package rpc

import (
	"bytes"
	"slices"

	"github.com/troupe-node/troupe/script"
	"github.com/troupe-node/troupe/script/secp"
	"github.com/troupe-node/troupe/tx"
)

// draft is a transaction whose inputs are being signed.
type draft struct {
	version, lockTime uint32
	inputs            []tx.Input
	outputs           []tx.Output
}

func newDraft(t *tx.Tx) *draft {
	return &draft{t.Version, t.LockTime, slices.Clone(t.Inputs), t.Outputs}
}

func (d *draft) tx() *tx.Tx { return tx.New(d.version, slices.Clone(d.inputs), d.outputs, d.lockTime) }

// keyring is the keys and scripts that the caller gave.
type keyring struct {
	keys    []signKey
	scripts [][]byte // redeem and witness scripts
}

// signKey is a private key with the public key that its WIF stands for.
type signKey struct {
	secret *secp.PrivateKey
	public []byte
}

func (r *keyring) byHash(hash []byte) *signKey {
	for i := range r.keys {
		if h := script.Hash160(r.keys[i].public); bytes.Equal(h[:], hash) {
			return &r.keys[i]
		}
	}
	return nil
}

func (r *keyring) byKey(public []byte) *signKey {
	for i := range r.keys {
		if bytes.Equal(r.keys[i].public, public) {
			return &r.keys[i]
		}
	}
	return nil
}

// redeem finds the script that an output script is the P2SH or P2WSH form of.
func (r *keyring) redeem(wrap func([]byte) []byte, pkScript []byte) []byte {
	for _, s := range r.scripts {
		if bytes.Equal(wrap(s), pkScript) {
			return s
		}
	}
	return nil
}

func payToScriptHash(s []byte) []byte { return script.PayToScriptHash(script.Hash160(s)) }

// signer signs one input: it finds out what the output script wants and fills it
// in as far as the keys go (Core's ProduceSignature).
type signer struct {
	draft    *draft
	input    int
	spent    tx.Output
	coins    map[tx.OutPoint]tx.Output // of all inputs, as far as known: taproot signs them all
	keys     *keyring
	hashType byte
	known    [][]byte // signatures and scripts that were there before
}

// learn remembers what an input carries already: signatures of others, and the
// scripts behind hashes.
func (s *signer) learn(in *tx.Input) {
	stack, _ := pushes(in.ScriptSig)
	for _, item := range append(stack, in.Witness...) {
		if len(item) > 0 {
			s.known = append(s.known, item)
		}
	}
	if n := len(stack); n > 0 {
		s.keys.scripts = append(s.keys.scripts, stack[n-1])
	}
	if n := len(in.Witness); n > 0 {
		s.keys.scripts = append(s.keys.scripts, in.Witness[n-1])
	}
}

// verify runs the input's scripts as they stand.
func (s *signer) verify() error {
	return s.context().Verify(s.input, script.StandardFlags, nil)
}

// context is the transaction with all that it spends. Coins that are not known
// are empty: only taproot would sign them, and is not asked to.
func (s *signer) context() *script.TxContext {
	spent := make([]tx.Output, len(s.draft.inputs))
	for i := range s.draft.inputs {
		spent[i] = s.coins[s.draft.inputs[i].PrevOut]
	}
	spent[s.input] = s.spent
	return script.NewTxContext(s.draft.tx(), spent)
}

func (s *signer) allCoinsKnown() bool {
	for i := range s.draft.inputs {
		if _, ok := s.coins[s.draft.inputs[i].PrevOut]; !ok {
			return false
		}
	}
	return true
}

// sign fills the input in. What cannot be solved is left as far as it came.
func (s *signer) sign() {
	in := &s.draft.inputs[s.input]
	before := *in
	s.learn(in)
	if s.verify() == nil {
		return // somebody has signed it
	}
	in.ScriptSig, in.Witness = nil, nil
	stack, class, solved := s.solve(s.spent.PkScript, false)
	var redeem []byte
	if solved && class == script.ScriptHash {
		redeem = stack[0]
		stack, class, solved = s.solve(redeem, false)
		solved = solved && class != script.ScriptHash
	}
	var witness [][]byte
	switch {
	case solved && class == script.WitnessV0KeyHash:
		witness, _, _ = s.solve(script.PayToPubKeyHash([20]byte(stack[0])), true)
		stack = nil
	case solved && class == script.WitnessV0ScriptHash:
		inner := stack[0]
		witness, _, _ = s.solve(inner, true)
		witness, stack = append(witness, inner), nil
	case class == script.WitnessV1Taproot && redeem == nil:
		witness, stack = stack, nil
	}
	if redeem != nil {
		stack = append(stack, redeem)
	}
	in.ScriptSig, in.Witness = pushAll(stack), witness
	if len(in.ScriptSig) == 0 && len(witness) == 0 && !solved {
		*in = before // nothing is known of it: keep what was there
	}
}

// solve returns the stack that satisfies a script, or what stands behind a hash,
// and whether that is all of it (Core's SignStep).
func (s *signer) solve(pkScript []byte, segwit bool) (stack [][]byte, class script.Class, ok bool) {
	class, parts := script.Classify(pkScript)
	switch class {
	case script.PubKey:
		sig := s.signature(pkScript, parts[0], segwit)
		return [][]byte{sig}, class, sig != nil
	case script.PubKeyHash:
		key := s.keys.byHash(parts[0])
		public := s.knownKey(parts[0])
		if key != nil {
			public = key.public
		}
		if public == nil {
			return nil, class, false
		}
		sig := s.signature(pkScript, public, segwit)
		if sig == nil {
			return nil, class, false
		}
		return [][]byte{sig, public}, class, true
	case script.MultiSig:
		stack, ok = s.solveMultiSig(pkScript, parts, segwit)
		return stack, class, ok
	case script.ScriptHash:
		redeem := s.keys.redeem(payToScriptHash, pkScript)
		return [][]byte{redeem}, class, redeem != nil
	case script.WitnessV0KeyHash:
		return [][]byte{parts[0]}, class, true
	case script.WitnessV0ScriptHash:
		inner := s.keys.redeem(payToWitnessScript, pkScript)
		return [][]byte{inner}, class, inner != nil
	case script.WitnessV1Taproot:
		sig := s.schnorr(parts[0])
		return [][]byte{sig}, class, sig != nil
	}
	return nil, class, false
}

// solveMultiSig collects as many signatures as the script wants, in the order of
// its keys; what is missing is empty.
func (s *signer) solveMultiSig(pkScript []byte, parts [][]byte, segwit bool) ([][]byte, bool) {
	required := int(parts[0][0])
	stack := [][]byte{nil} // CHECKMULTISIG takes one element too many
	for _, public := range parts[1 : len(parts)-1] {
		if len(stack) > required {
			break
		}
		if sig := s.signature(pkScript, public, segwit); sig != nil {
			stack = append(stack, sig)
		}
	}
	complete := len(stack) == required+1
	for len(stack) < required+1 {
		stack = append(stack, nil)
	}
	return stack, complete
}

// knownKey finds a public key by its hash among what the input carries.
func (s *signer) knownKey(hash []byte) []byte {
	for _, item := range s.known {
		if h := script.Hash160(item); bytes.Equal(h[:], hash) && secp.CheckPubKey(item) {
			return item
		}
	}
	return nil
}

// signature is an ECDSA signature by a public key: one that was there, or a new
// one if we have the key.
func (s *signer) signature(code, public []byte, segwit bool) []byte {
	c := s.context()
	hashOf := func(hashType byte) [32]byte {
		if segwit {
			return c.WitnessV0Hash(s.input, code, uint32(hashType))
		}
		return script.LegacyHash(s.draft.tx(), s.input, code, uint32(hashType))
	}
	for _, sig := range s.known {
		if len(sig) < 9 || sig[0] != 0x30 {
			continue
		}
		hash := hashOf(sig[len(sig)-1])
		if secp.VerifyECDSA(public, sig[:len(sig)-1], &hash) {
			return sig
		}
	}
	key := s.keys.byKey(public)
	if key == nil || segwit && len(public) != 33 {
		return nil
	}
	hashType := s.hashType
	if hashType == script.SigHashDefault {
		hashType = script.SigHashAll
	}
	hash := hashOf(hashType)
	return append(secp.SignECDSALowR(key.secret, &hash), hashType)
}

// schnorr signs a taproot output by its key path, with the output key itself or
// with an internal key that commits to no scripts (BIP86).
func (s *signer) schnorr(output []byte) []byte {
	if !s.allCoinsKnown() {
		return nil
	}
	hash, ok := s.context().TaprootHash(s.input, script.TaprootSpend{}, s.hashType)
	if !ok {
		return nil
	}
	for i := range s.keys.keys {
		secret := s.keys.keys[i].secret
		if x := secret.XOnly(); !bytes.Equal(x[:], output) {
			tweaked, err := secret.TapTweaked(nil)
			if err != nil {
				continue
			}
			if x := tweaked.XOnly(); !bytes.Equal(x[:], output) {
				continue
			}
			secret = tweaked
		}
		sig := secp.SignSchnorr(secret, &hash, nil)
		if s.hashType == script.SigHashDefault {
			return sig[:]
		}
		return append(sig[:], s.hashType)
	}
	return nil
}
