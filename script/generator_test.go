package script_test

import (
	"crypto/sha256"
	"math/rand/v2"

	"github.com/troupe-node/troupe/script"
	"github.com/troupe-node/troupe/script/secp"
	"github.com/troupe-node/troupe/tx"
)

// dice makes the generator's decisions: from the fuzzer's bytes while there are any, then from a seed.
type dice struct {
	raw []byte
	rng *rand.Rand
}

func newDice(seed uint64, raw []byte) *dice {
	return &dice{raw: raw, rng: rand.New(rand.NewPCG(seed, 0x74726f757065))}
}

func (d *dice) byte() byte {
	if len(d.raw) > 0 {
		b := d.raw[0]
		d.raw = d.raw[1:]
		return b
	}
	return byte(d.rng.Uint32())
}

func (d *dice) n(k int) int             { return int(d.byte()) % k }
func (d *dice) chance(percent int) bool { return d.n(100) < percent }

func (d *dice) bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = d.byte()
	}
	return b
}

func pick[T any](d *dice, options ...T) T { return options[d.n(len(options))] }

// testKeys sign everything the generator makes.
var testKeys = func() (keys [4]*secp.PrivateKey) {
	for i := range keys {
		secret := sha256.Sum256([]byte{byte(i)})
		key, err := secp.ParsePrivateKey(secret[:])
		if err != nil {
			panic(err)
		}
		keys[i] = key
	}
	return keys
}()

// spend is a generated input: what the fuzz targets verify.
type spend struct {
	tx    *tx.Tx
	spent []tx.Output
	input int
	shape string
}

func (s *spend) context() *script.TxContext { return script.NewTxContext(s.tx, s.spent) }

// generator builds one spend. It first fixes the transaction without scripts, since that is what signatures cover.
type generator struct {
	*dice
	version, lockTime uint32
	inputs            []tx.Input
	outputs           []tx.Output
	spent             []tx.Output
	at                int
}

func generate(d *dice) *spend {
	g := &generator{dice: d}
	g.version = pick(d, uint32(2), 1, 2, 0, 0xffffffff)
	g.lockTime = pick(d, uint32(0), 100, 500_000_000, 500_000_100, 0xffffffff)
	for i := range 1 + d.n(3) {
		g.inputs = append(g.inputs, tx.Input{
			PrevOut:  tx.OutPoint{Hash: tx.Hash{byte(i), d.byte()}, Index: uint32(d.n(3))},
			Sequence: pick(d, uint32(0xffffffff), 0xfffffffe, 0, 10, 1<<22|10, 1<<31),
		})
		g.spent = append(g.spent, tx.Output{Value: int64(d.n(256)) * 1_000_000, PkScript: []byte{script.OP_1}})
	}
	for range d.n(4) {
		g.outputs = append(g.outputs, tx.Output{Value: int64(d.n(256)), PkScript: d.bytes(d.n(30))})
	}
	g.at = d.n(len(g.inputs))
	shapes := []struct {
		name  string
		build func()
	}{
		{"bare", g.bare}, {"P2PKH", g.p2pkh}, {"P2SH", g.p2sh}, {"P2WPKH", g.p2wpkh}, {"P2WSH", g.p2wsh},
		{"P2SH-P2WSH", g.p2shP2wsh}, {"key path", g.keyPath}, {"tapscript", g.tapscript}, {"tapscript", g.tapscript},
		{"witness program", g.oddProgram},
	}
	shape := shapes[d.n(len(shapes))]
	shape.build()
	if d.chance(20) {
		g.mutate()
	}
	return &spend{tx: tx.New(g.version, g.inputs, g.outputs, g.lockTime), spent: g.spent, input: g.at, shape: shape.name}
}

func (g *generator) in() *tx.Input        { return &g.inputs[g.at] }
func (g *generator) lock(pkScript []byte) { g.spent[g.at].PkScript = pkScript }

// unsigned is a context over the transaction as far as signatures see it.
func (g *generator) unsigned() *script.TxContext {
	return script.NewTxContext(g.unsignedTx(), g.spent)
}

// pushAll is a scriptSig that pushes the items, the first deepest.
func (g *generator) pushAll(items [][]byte) []byte {
	b := script.NewBuilder()
	for _, item := range items {
		if g.chance(3) {
			b.RawData(item)
		} else {
			b.Data(item)
		}
	}
	if g.chance(2) {
		b.Op(pick(g.dice, byte(script.OP_NOP), script.OP_DUP, script.OP_CODESEPARATOR, script.OP_RESERVED))
	}
	return b.Script()
}

func (g *generator) bare() {
	code, items := g.program(kindBase)
	g.lock(code)
	g.in().ScriptSig = g.pushAll(items)
	g.stray()
}

func (g *generator) p2sh() {
	code, items := g.program(kindBase)
	g.lock(script.PayToScriptHash(script.Hash160(code)))
	g.in().ScriptSig = g.pushAll(append(items, code))
	g.stray()
}

// stray adds a witness where none belongs, now and then.
func (g *generator) stray() {
	if g.chance(3) {
		g.in().Witness = [][]byte{g.bytes(g.n(4))}
	}
}

func (g *generator) pubKey(i int) []byte {
	key := testKeys[i]
	if g.chance(85) {
		k := key.PubKey()
		return k[:]
	}
	k := key.PubKeyUncompressed()
	if g.chance(50) {
		k[0] = 6 | k[64]&1
		if g.chance(20) {
			k[0] ^= 1
		}
	}
	return k[:]
}

func (g *generator) p2pkh() {
	i := g.n(len(testKeys))
	key := g.pubKey(i)
	code := script.PayToPubKeyHash(script.Hash160(key))
	g.lock(code)
	g.in().ScriptSig = g.pushAll([][]byte{g.sign(kindBase, i, code), key})
	g.stray()
}

func (g *generator) p2wpkh() {
	i := g.n(len(testKeys))
	key := g.pubKey(i)
	hash := script.Hash160(key)
	code := script.PayToWitness(0, hash[:])
	g.lock(code)
	if g.chance(30) {
		g.in().ScriptSig = script.NewBuilder().RawData(code).Script()
		g.lock(script.PayToScriptHash(script.Hash160(code)))
	}
	g.in().Witness = [][]byte{g.sign(kindWitnessV0, i, script.PayToPubKeyHash(hash)), key}
}

func (g *generator) p2wsh() {
	code, items := g.program(kindWitnessV0)
	hash := sha256.Sum256(code)
	g.lock(script.PayToWitness(0, hash[:]))
	g.in().Witness = append(items, code)
	if g.chance(2) {
		g.in().ScriptSig = []byte{script.OP_1}
	}
}

func (g *generator) p2shP2wsh() {
	g.p2wsh()
	program := g.spent[g.at].PkScript
	g.lock(script.PayToScriptHash(script.Hash160(program)))
	g.in().ScriptSig = script.NewBuilder().RawData(program).Script()
	if g.chance(3) {
		g.in().ScriptSig = append([]byte{script.OP_0}, g.in().ScriptSig...)
	}
}

// oddProgram spends programs nobody has given a meaning, and the anchor.
func (g *generator) oddProgram() {
	version := pick(g.dice, 0, 1, 1, 2, 16)
	program := g.bytes(pick(g.dice, 2, 20, 32, 33, 40))
	if g.chance(30) {
		clear(program)
	}
	code := script.PayToWitness(version, program)
	if g.chance(20) {
		code = []byte{script.OP_1, 2, 0x4e, 0x73}
	}
	g.lock(code)
	if g.chance(30) {
		g.in().ScriptSig = script.NewBuilder().RawData(code).Script()
		g.lock(script.PayToScriptHash(script.Hash160(code)))
	}
	for range g.n(3) {
		g.in().Witness = append(g.in().Witness, g.bytes(g.n(40)))
	}
}

func (g *generator) annex(items [][]byte) [][]byte {
	if g.chance(15) {
		return append(items, append([]byte{0x50}, g.bytes(g.n(10))...))
	}
	return items
}

func (g *generator) keyPath() {
	key := testKeys[g.n(len(testKeys))]
	var root []byte
	if g.chance(50) {
		root = g.bytes(32)
	}
	tweaked, err := key.TapTweaked(root)
	if err != nil {
		panic(err)
	}
	output := tweaked.XOnly()
	g.lock(script.PayToWitness(1, output[:]))
	items := g.annex([][]byte{nil})
	var spend script.TaprootSpend
	if len(items) > 1 {
		spend.Annex = items[1]
	}
	items[0] = g.signTaproot(tweaked, spend)
	g.in().Witness = items
}

func (g *generator) tapscript() {
	p := g.tapProgram()
	internal := testKeys[g.n(len(testKeys))].XOnly()
	version := byte(0xc0)
	if g.chance(4) {
		version = g.byte() & 0xfe
	}
	leaf := script.TapLeafHash(version, p.code)
	root := leaf
	var path []byte
	for range g.n(4) {
		node := [32]byte(g.bytes(32))
		path = append(path, node[:]...)
		root = script.TapBranchHash(&root, &node)
	}
	output, odd, ok := secp.TapTweak(&internal, root[:])
	if !ok {
		panic("test key is not on the curve")
	}
	g.lock(script.PayToWitness(1, output[:]))
	control := append([]byte{version}, internal[:]...)
	if odd {
		control[0] |= 1
	}
	control = append(control, path...)
	tail := g.annex([][]byte{p.code, control})
	spend := script.TaprootSpend{Leaf: &leaf}
	if len(tail) > 2 {
		spend.Annex = tail[2]
	}
	var items [][]byte
	for i := len(p.args) - 1; i >= 0; i-- {
		arg := p.args[i]
		if arg.key < 0 {
			items = append(items, arg.data)
			continue
		}
		spend.CodeSep = arg.codeSep
		items = append(items, g.signTaproot(testKeys[arg.key], spend))
	}
	g.in().Witness = append(items, tail...)
}

// mutate breaks something.
func (g *generator) mutate() {
	in := g.in()
	switch w := in.Witness; g.n(6) {
	case 0:
		if len(w) > 0 {
			i := g.n(len(w))
			w[i] = g.flip(w[i])
		}
	case 1:
		in.ScriptSig = g.flip(in.ScriptSig)
	case 2:
		g.lock(g.flip(g.spent[g.at].PkScript))
	case 3:
		if len(w) > 0 {
			i := g.n(len(w))
			in.Witness = append(append([][]byte{}, w[:i]...), w[i+1:]...)
		}
	case 4:
		in.Witness = append([][]byte{g.bytes(g.n(3))}, w...)
	case 5:
		in.ScriptSig = append(g.bytes(g.n(3)), in.ScriptSig...)
	}
}

func (g *generator) flip(b []byte) []byte {
	b = append([]byte(nil), b...)
	switch {
	case len(b) == 0:
		return g.bytes(1)
	case g.chance(20):
		return b[:g.n(len(b))]
	}
	b[(g.n(256)<<8|g.n(256))%len(b)] ^= 1 << g.n(8)
	return b
}

func (g *generator) unsignedTx() *tx.Tx { return tx.New(g.version, g.inputs, g.outputs, g.lockTime) }

// flagSet draws a set of flags Core could use.
func (d *dice) flagSet() script.Flags {
	switch d.n(4) {
	case 0:
		return script.StandardFlags
	case 1:
		return script.MandatoryFlags
	case 2:
		return consensusFlagSets[d.n(len(consensusFlagSets))]
	}
	f := script.Flags(d.byte())<<16 | script.Flags(d.byte())<<8 | script.Flags(d.byte())
	f = fillFlags(f & script.AllFlags)
	if f&script.VerifyWitness == 0 {
		f &^= script.VerifyTaproot
	}
	return f
}
