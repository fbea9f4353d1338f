package script_test

import (
	"crypto/sha256"

	"github.com/troupe-node/troupe/script"
	"github.com/troupe-node/troupe/script/secp"
)

// programKind is the rules a generated script is meant for.
type programKind int

const (
	kindBase programKind = iota
	kindWitnessV0
	kindTapscript
)

// program is a script under construction with the arguments it takes, the first one taken first.
type program struct {
	code      []byte
	ops       uint32 // instructions so far
	codeStart int
	codeSep   uint32
	args      []argument
}

// argument is data, or a signature to be made by key once the script is complete.
type argument struct {
	data      []byte
	key       int // -1 for data
	codeStart int
	codeSep   uint32
}

func (p *program) op(ops ...byte) {
	p.code = append(p.code, ops...)
	p.ops += uint32(len(ops))
}

func (p *program) push(data []byte) {
	p.code = append(p.code, script.NewBuilder().Data(data).Script()...)
	p.ops++
}

func (p *program) int(n int64) {
	p.code = append(p.code, script.NewBuilder().Int(n).Script()...)
	p.ops++
}

func (p *program) take(data []byte) { p.args = append(p.args, argument{data: data, key: -1}) }

func (p *program) takeSig(key int) {
	p.args = append(p.args, argument{key: key, codeStart: p.codeStart, codeSep: p.codeSep})
}

// program generates an ECDSA script and the stack it wants, the deepest item first.
func (g *generator) program(kind programKind) (code []byte, items [][]byte) {
	p := &program{codeSep: 0xffffffff}
	embed := kind == kindBase && g.chance(10)
	if embed {
		// The signature itself will be pushed before this DROP. FindAndDelete removes it again for hashing, so it
		// signs the script as it stands now.
		p.op(script.OP_DROP)
	}
	g.segments(p, kind, func() { g.ecdsaSegment(p, kind) })
	sigs := make([][]byte, len(p.args))
	for i, arg := range p.args {
		if sigs[i] = arg.data; arg.key >= 0 {
			sigs[i] = g.sign(kind, arg.key, p.code[arg.codeStart:])
		}
	}
	for i := len(sigs) - 1; i >= 0; i-- {
		items = append(items, sigs[i])
	}
	if embed {
		sig := []byte(nil)
		for i, arg := range p.args {
			if arg.key >= 0 {
				sig = sigs[i]
			}
		}
		push := script.NewBuilder().RawData(sig).Script()
		if g.chance(20) {
			push = append([]byte{script.OP_PUSHDATA1, byte(len(sig))}, sig...) // not what FindAndDelete looks for
		}
		p.code = append(push, p.code...)
	}
	return p.code, items
}

func (g *generator) tapProgram() *program {
	p := &program{codeSep: 0xffffffff}
	g.segments(p, kindTapscript, func() { g.tapSegment(p) })
	return p
}

// segments chains parts that leave a truth value, with a VERIFY between them.
func (g *generator) segments(p *program, kind programKind, signature func()) {
	count := 1 + g.n(4)
	for i := range count {
		switch g.n(8) {
		case 0, 1, 2:
			signature()
		case 3:
			g.numbers(p)
		case 4:
			g.hashLock(p)
		case 5:
			g.branch(p, signature)
		case 6:
			g.locks(p)
		case 7:
			g.shuffle(p)
		}
		if i < count-1 || g.chance(2) {
			p.op(script.OP_VERIFY)
		}
		if g.chance(4) {
			p.op(g.byte())
		}
	}
	if kind == kindTapscript && g.chance(4) {
		p.op(pick(g.dice, byte(80), 98, 126, 187, 254, 255))
	}
	if g.chance(2) {
		p.code = append(p.code, script.OP_PUSHDATA2, 0xff)
	}
}

// separator puts a CODESEPARATOR, after which signatures cover less.
func (g *generator) separator(p *program) {
	if g.chance(12) {
		p.codeSep = p.ops
		p.op(script.OP_CODESEPARATOR)
		p.codeStart = len(p.code)
	}
}

func (g *generator) ecdsaSegment(p *program, kind programKind) {
	g.separator(p)
	if g.chance(50) {
		i := g.n(len(testKeys))
		p.takeSig(i)
		p.push(g.pubKey(i))
		p.op(script.OP_CHECKSIG)
		return
	}
	n := 1 + g.n(4)
	if g.chance(3) {
		n = 0
	}
	m := g.n(n + 1)
	// Choose which keys sign; the last signature is taken first.
	signers := g.rng.Perm(max(n, 1))[:m]
	for i := n - 1; i >= 0; i-- {
		for _, s := range signers {
			if s == i {
				p.takeSig(i)
			}
		}
	}
	if g.chance(5) && m > 0 {
		p.args[len(p.args)-1] = argument{key: -1, data: pick(g.dice, nil, []byte{1}, []byte{0x30, 1})}
	}
	if g.chance(3) {
		p.take([]byte{1})
	} else {
		p.take(nil)
	}
	p.int(int64(m))
	for i := range n {
		p.push(g.pubKey(i))
	}
	p.int(int64(n))
	p.op(script.OP_CHECKMULTISIG)
}

func (g *generator) tapSegment(p *program) {
	g.separator(p)
	i := g.n(len(testKeys))
	key := testKeys[i].XOnly()
	switch g.n(5) {
	case 0, 1:
		p.takeSig(i)
		p.push(key[:])
		p.op(script.OP_CHECKSIG)
	case 2: // k of n with CHECKSIGADD
		n := 1 + g.n(4)
		signed := int64(0)
		for j := range n {
			if g.chance(60) {
				p.takeSig(j)
				signed++
			} else {
				p.take(nil)
			}
			key := testKeys[j].XOnly()
			if j == 0 {
				p.push(key[:])
				p.op(script.OP_CHECKSIG)
			} else {
				// (rest sig n -- rest sig n)
				p.op(script.OP_SWAP, script.OP_SWAP)
				p.push(key[:])
				p.op(script.OP_CHECKSIGADD)
			}
		}
		p.int(signed)
		p.op(script.OP_NUMEQUAL)
	case 3: // one signature many times, to the end of the budget
		p.takeSig(i)
		for range g.n(12) {
			p.op(script.OP_DUP)
			p.push(key[:])
			p.op(script.OP_CHECKSIGVERIFY)
		}
		p.push(key[:])
		p.op(script.OP_CHECKSIG)
	case 4: // a key type nobody knows, or none, or CHECKMULTISIG
		p.takeSig(i)
		p.push(g.bytes(pick(g.dice, 0, 1, 2, 31, 33, 33)))
		p.op(pick(g.dice, byte(script.OP_CHECKSIG), script.OP_CHECKSIG, script.OP_CHECKMULTISIG))
	}
}

// numbers compares the result of an operation with the same computed here.
func (g *generator) numbers(p *program) {
	a, b := int64(int8(g.byte())), int64(int8(g.byte()))<<(8*g.n(4))
	number := func(n int64) {
		if g.chance(4) {
			p.push(append(script.AppendNum(nil, n), 0))
		} else {
			p.int(n)
		}
	}
	number(a)
	number(b)
	switch g.n(6) {
	case 0:
		p.op(script.OP_ADD)
		p.int(a + b)
		p.op(script.OP_EQUAL)
	case 1:
		p.op(script.OP_SUB, script.OP_NEGATE)
		p.int(b - a)
		p.op(script.OP_EQUAL)
	case 2:
		p.op(script.OP_2DUP, script.OP_MIN, script.OP_TOALTSTACK, script.OP_MAX, script.OP_FROMALTSTACK,
			script.OP_GREATERTHANOREQUAL)
	case 3:
		p.op(script.OP_WITHIN, script.OP_NOT)
	case 4:
		p.op(script.OP_1ADD, script.OP_ABS, script.OP_SIZE, script.OP_NIP, script.OP_BOOLOR)
	case 5:
		p.op(pick(g.dice, byte(script.OP_LESSTHAN), script.OP_NUMNOTEQUAL, script.OP_BOOLAND, script.OP_NUMEQUAL,
			script.OP_LSHIFT, script.OP_GREATERTHAN, script.OP_CAT))
	}
}

func (g *generator) hashLock(p *program) {
	secret := g.bytes(g.n(70))
	p.take(secret)
	h := sha256.Sum256(secret)
	switch g.n(3) {
	case 0:
		p.op(script.OP_SHA256)
		p.push(h[:])
	case 1:
		p.op(script.OP_HASH160)
		r := script.Hash160(secret)
		p.push(r[:])
	case 2:
		p.op(script.OP_HASH256)
		h = sha256.Sum256(h[:])
		p.push(h[:])
	}
	p.op(script.OP_EQUAL)
}

func (g *generator) branch(p *program, signature func()) {
	taken := g.chance(50)
	arg := []byte(nil)
	if taken {
		arg = []byte{1}
	}
	if g.chance(5) {
		arg = pick(g.dice, []byte{0}, []byte{2}, []byte{0x80}, []byte{1, 0})
		taken = arg[0]&0x7f != 0
	}
	p.take(arg)
	p.op(script.OP_IF)
	if taken {
		signature()
		p.op(script.OP_ELSE, g.byte(), script.OP_ENDIF)
		return
	}
	p.op(pick(g.dice, byte(script.OP_RETURN), script.OP_CODESEPARATOR, script.OP_VERIF, script.OP_1, script.OP_CHECKSIG))
	p.op(script.OP_ELSE)
	signature()
	p.op(script.OP_ENDIF)
}

func (g *generator) locks(p *program) {
	p.int(pick(g.dice, int64(0), 5, 10, 100, 1<<22|5, 500_000_050, 1<<31, 1<<33, -1))
	p.op(pick(g.dice, byte(script.OP_CHECKLOCKTIMEVERIFY), script.OP_CHECKSEQUENCEVERIFY, script.OP_NOP1, script.OP_NOP10))
	p.op(script.OP_DROP, script.OP_1)
}

// shuffle moves elements about and checks where they ended.
func (g *generator) shuffle(p *program) {
	for i := range int64(6) {
		p.int(i + 1)
	}
	for range g.n(6) {
		if g.chance(30) {
			p.int(int64(g.n(7)) - 1)
			p.op(pick(g.dice, byte(script.OP_PICK), script.OP_ROLL))
			continue
		}
		p.op(pick(g.dice, byte(script.OP_ROT), script.OP_SWAP, script.OP_TUCK, script.OP_OVER, script.OP_NIP, script.OP_DUP,
			script.OP_2ROT, script.OP_2SWAP, script.OP_2OVER, script.OP_2DUP, script.OP_3DUP, script.OP_IFDUP, script.OP_DROP,
			script.OP_2DROP, script.OP_DEPTH, script.OP_SIZE))
	}
	// The answer depends on everything above: which of the six is on top and below.
	p.int(int64(1 + g.n(6)))
	p.op(script.OP_LESSTHAN, script.OP_TOALTSTACK)
	for range 4 {
		p.op(script.OP_DROP)
	}
	p.op(script.OP_FROMALTSTACK, script.OP_IFDUP)
}

// sign makes an ECDSA signature over the script code, mostly a good one.
func (g *generator) sign(kind programKind, key int, code []byte) []byte {
	if g.chance(4) {
		return g.bytes(g.n(12))
	}
	hashType := g.hashType()
	var hash [32]byte
	if kind == kindWitnessV0 {
		hash = g.unsigned().WitnessV0Hash(g.at, code, uint32(hashType))
	} else {
		c := g.unsignedTx()
		hash = script.LegacyHash(c, g.at, code, uint32(hashType))
	}
	sig := append([]byte{}, secp.SignECDSA(testKeys[key], &hash)...)
	if g.chance(6) {
		sig = distortDER(g.dice, sig)
	}
	return append(sig, hashType)
}

// distortDER writes the same or nearly the same signature in another way.
func distortDER(d *dice, sig []byte) []byte {
	switch d.n(4) {
	case 0: // a padded R
		lenR := sig[3]
		out := append([]byte{0x30, sig[1] + 1, 2, lenR + 1, 0}, sig[4:]...)
		return out
	case 1: // trailing junk
		return append(sig, d.byte())
	case 2: // the high S
		return highS(sig)
	}
	sig[d.n(len(sig))] ^= 1 << d.n(8)
	return sig
}

// highS replaces S by the group order minus S.
func highS(sig []byte) []byte {
	order := []byte{
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe,
		0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41,
	}
	r := sig[4 : 4+sig[3]]
	s := sig[6+len(r):]
	var high [32]byte
	borrow := 0
	for i := 31; i >= 0; i-- {
		v := int(order[i]) - borrow
		if j := i - (32 - len(s)); j >= 0 {
			v -= int(s[j])
		}
		borrow = 0
		if v < 0 {
			v, borrow = v+256, 1
		}
		high[i] = byte(v)
	}
	out := append([]byte{0x30, byte(len(r) + 37), 2, byte(len(r))}, r...)
	return append(append(out, 2, 33, 0), high[:]...)
}

func (g *generator) hashType() byte {
	if g.chance(4) {
		return g.byte()
	}
	return pick(g.dice, byte(1), 1, 2, 3, 0x81, 0x82, 0x83)
}

func (g *generator) signTaproot(key *secp.PrivateKey, spend script.TaprootSpend) []byte {
	if g.chance(4) {
		return g.bytes(pick(g.dice, 0, 1, 64, 65))
	}
	hashType := pick(g.dice, byte(0), 1, 2, 3, 0x81, 0x82, 0x83)
	hash, ok := g.unsigned().TaprootHash(g.at, spend, hashType)
	if !ok {
		hashType = 0
		hash, _ = g.unsigned().TaprootHash(g.at, spend, 0)
	}
	sig := secp.SignSchnorr(key, &hash, nil)
	if hashType == 0 && !g.chance(3) {
		return sig[:]
	}
	if g.chance(2) {
		hashType = g.byte()
	}
	return append(sig[:], hashType)
}
