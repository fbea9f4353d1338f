package descriptor

import (
	"encoding/hex"
	"regexp"
	"strconv"
	"strings"

	"github.com/troupe-node/troupe/address"
	"github.com/troupe-node/troupe/script"
)

// maxRedeemScript is MAX_SCRIPT_ELEMENT_SIZE: what a P2SH spend can push.
const maxRedeemScript = 520

// context is where in a descriptor a function or key stands.
type context int

const (
	atTop context = iota
	inSH
	inWPKH
	inWSH
	inTaproot
)

// uncompressed reports whether such keys may stand there: not under a witness.
func (c context) uncompressed() bool { return c == atTop || c == inSH }

type parser struct {
	chain    string
	prefixes address.Prefixes
	keys     []*key
}

// Parse reads a descriptor for a chain (main, test, testnet4, signet, regtest).
// A checksum is verified when there is one; requireChecksum makes its absence
// an error. Refusals are of type *Error.
func Parse(text, chain string, requireChecksum bool) (*Descriptor, error) {
	prefixes, err := address.PrefixesOf(chain)
	if err != nil {
		return nil, err
	}
	payload, err := splitChecksum(text, requireChecksum)
	if err != nil {
		return nil, err
	}
	p := &parser{chain: chain, prefixes: prefixes}
	expr, rest := cutExpression(payload)
	root, err := p.parseScript(expr, atTop)
	if err != nil {
		return nil, err
	}
	if rest != "" {
		return nil, refuse("'%s' after the end of the descriptor", rest)
	}
	return &Descriptor{root: root, keys: p.keys}, nil
}

// cutExpression cuts at the first comma or closing bracket that is not inside
// brackets.
func cutExpression(s string) (expr, rest string) {
	level := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '(', '{':
			level++
		case ')', '}':
			if level == 0 {
				return s[:i], s[i:]
			}
			level--
		case ',':
			if level == 0 {
				return s[:i], s[i:]
			}
		}
	}
	return s, ""
}

// argument returns what is between the brackets of name(...).
func argument(expr, name string) (string, bool) {
	if len(expr) < len(name)+2 || !strings.HasPrefix(expr, name+"(") || !strings.HasSuffix(expr, ")") {
		return "", false
	}
	return expr[len(name)+1 : len(expr)-1], true
}

// rule is one function of the language: where it may stand, and how its
// argument is read.
type rule struct {
	name   string
	places []context
	where  string // what Core says of it elsewhere; empty: it is unknown there
	parse  func(p *parser, arg string, c context) (node, error)
}

// rules is filled in init because the functions refer back to it.
var rules []rule

func init() {
	rules = []rule{
		{"pk", []context{atTop, inSH, inWSH}, "", singleKey("pk")},
		{"pkh", []context{atTop, inSH, inWSH}, "", singleKey("pkh")},
		{"combo", []context{atTop}, "Can only have combo() at top level", singleKey("combo")},
		{"multi", []context{atTop, inSH, inWSH}, multiPlaces, (*parser).parseMulti},
		{"sortedmulti", []context{atTop, inSH, inWSH}, multiPlaces, (*parser).parseSortedMulti},
		{"multi_a", nil, multiAPlaces, nil},
		{"sortedmulti_a", nil, multiAPlaces, nil},
		{"wpkh", []context{atTop, inSH}, "Can only have wpkh() at top level or inside sh()", singleKey("wpkh")},
		{"sh", []context{atTop}, "Can only have sh() at top level", wrapped("sh", inSH)},
		{"wsh", []context{atTop, inSH}, "Can only have wsh() at top level or inside sh()", wrapped("wsh", inWSH)},
		{"addr", []context{atTop}, "Can only have addr() at top level", (*parser).parseAddr},
		{"tr", []context{atTop}, "Can only have tr at top level", (*parser).parseTR},
		{"rawtr", []context{atTop}, "Can only have rawtr at top level", (*parser).parseRawTR},
		{"raw", []context{atTop}, "Can only have raw() at top level", (*parser).parseRaw},
	}
}

const (
	multiPlaces  = "Can only have multi/sortedmulti at top level, in sh(), or in wsh()"
	multiAPlaces = "Can only have multi_a/sortedmulti_a inside tr()"
)

// call matches what looks like a function, to tell miniscript from a key.
var call = regexp.MustCompile(`^[a-z0-9_:]+\(.*\)$`)

func (p *parser) parseScript(expr string, c context) (node, error) {
	for _, r := range rules {
		arg, ok := argument(expr, r.name)
		if !ok {
			continue
		}
		for _, place := range r.places {
			if place == c {
				return r.parse(p, arg, c)
			}
		}
		if r.where != "" {
			return nil, refuse("%s", r.where)
		}
	}
	switch {
	case c == inWSH && call.MatchString(expr):
		return nil, refuse("Miniscript expressions are not supported: '%s'", expr)
	case c == inSH:
		return nil, refuse("A function is needed within P2SH")
	case c == inWSH:
		return nil, refuse("A function is needed within P2WSH")
	}
	return nil, refuse("'%s' is not a valid descriptor function", expr)
}

// inFunction puts the name of the function before a refusal, as Core does.
func inFunction(name string, err error) error {
	if e, ok := err.(*Error); ok {
		return refuse("%s: %s", name, e.Text)
	}
	return err
}

func singleKey(name string) func(*parser, string, context) (node, error) {
	return func(p *parser, arg string, c context) (node, error) {
		if name == "wpkh" {
			c = inWPKH
		}
		k, err := p.parseKey(arg, c)
		if err != nil {
			return nil, inFunction(name+"()", err)
		}
		return &single{name: name, key: k}, nil
	}
}

func wrapped(name string, inside context) func(*parser, string, context) (node, error) {
	return func(p *parser, arg string, _ context) (node, error) {
		expr, rest := cutExpression(arg)
		sub, err := p.parseScript(expr, inside)
		if err != nil {
			return nil, err
		}
		if rest != "" {
			return nil, refuse("%s(): '%s' after the script", name, rest)
		}
		return &wrapper{name: name, sub: sub}, nil
	}
}

func (p *parser) parseAddr(arg string, _ context) (node, error) {
	pkScript, err := address.Decode(arg, p.chain)
	if err != nil {
		return nil, refuse("Address is not valid")
	}
	// Core writes the address it decoded, not the text it read.
	text, _ := address.Encode(pkScript, p.chain)
	return &literal{name: "addr", arg: text, pkScript: pkScript}, nil
}

func (p *parser) parseRaw(arg string, _ context) (node, error) {
	pkScript, err := hex.DecodeString(arg)
	if err != nil || arg == "" {
		return nil, refuse("Raw script is not hex")
	}
	return &literal{name: "raw", arg: strings.ToLower(arg), pkScript: pkScript}, nil
}

func (p *parser) parseTR(arg string, _ context) (node, error) {
	expr, rest := cutExpression(arg)
	k, err := p.parseKey(expr, inTaproot)
	if err != nil {
		return nil, inFunction("tr()", err)
	}
	if rest != "" && rest[0] != ',' {
		return nil, refuse("tr: expected ',', got '%c'", rest[0])
	}
	if rest != "" {
		return nil, refuse("tr(): script trees are not supported, only a key")
	}
	return &single{name: "tr", key: k}, nil
}

func (p *parser) parseRawTR(arg string, _ context) (node, error) {
	expr, rest := cutExpression(arg)
	if rest != "" {
		return nil, refuse("rawtr(): only one key expected.")
	}
	k, err := p.parseKey(expr, inTaproot)
	if err != nil {
		return nil, inFunction("rawtr()", err)
	}
	return &single{name: "rawtr", key: k}, nil
}

func (p *parser) parseMulti(arg string, c context) (node, error) {
	return p.parseMultisig(arg, c, false)
}

func (p *parser) parseSortedMulti(arg string, c context) (node, error) {
	return p.parseMultisig(arg, c, true)
}

func (p *parser) parseMultisig(arg string, c context, sorted bool) (node, error) {
	threshold, rest := cutExpression(arg)
	required, err := strconv.ParseUint(strings.TrimPrefix(threshold, "+"), 10, 32)
	if err != nil {
		return nil, refuse("Multi threshold '%s' is not valid", threshold)
	}
	m := &multisig{sorted: sorted, required: int(required)}
	size := 0
	for rest != "" {
		if rest[0] != ',' {
			return nil, refuse("Multi: expected ',', got '%c'", rest[0])
		}
		var expr string
		expr, rest = cutExpression(rest[1:])
		k, err := p.parseKey(expr, c)
		if err != nil {
			return nil, inFunction("Multi", err)
		}
		size += k.size() + 1
		m.keys = append(m.keys, k)
	}
	n := len(m.keys)
	switch {
	case n == 0 || n > script.MaxMultiSigKeys:
		return nil, refuse("Cannot have %d keys in multisig; must have between 1 and %d keys, inclusive", n, script.MaxMultiSigKeys)
	case required < 1:
		return nil, refuse("Multisig threshold cannot be %d, must be at least 1", required)
	case required > uint64(n):
		return nil, refuse("Multisig threshold cannot be larger than the number of keys; threshold is %d but only %d keys specified", required, n)
	case c == atTop && n > 3:
		return nil, refuse("Cannot have %d pubkeys in bare multisig; only at most 3 pubkeys", n)
	case c == inSH && size+3 > maxRedeemScript:
		return nil, refuse("P2SH script is too large, %d bytes is larger than %d bytes", size+3, maxRedeemScript)
	}
	return m, nil
}
