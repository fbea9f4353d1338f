package script_test

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/troupe-node/troupe/script"
	"github.com/troupe-node/troupe/script/secp"
)

// numsKey is BIP341's point without a known secret, the internal key of script_tests.json's tapscript cases.
const numsKey = "50929b74c1a04954b78b4b6035e97a5e078a5a0f28ec96d547bfee9ace803ac0"

// tapMacros expands #SCRIPT#, #CONTROLBLOCK# and #TAPROOTOUTPUT#: one leaf under the NUMS key.
type tapMacros struct {
	control []byte
	output  string // hex of the output key
}

func (m *tapMacros) witnessItem(t testing.TB, item string) []byte {
	t.Helper()
	if text, ok := strings.CutPrefix(item, "#SCRIPT#"); ok {
		leafScript := assemble(t, text)
		leaf := script.TapLeafHash(0xc0, leafScript)
		internal := [32]byte(unhex(t, numsKey))
		output, odd, ok := secp.TapTweak(&internal, leaf[:])
		if !ok {
			t.Fatal("the NUMS key cannot be tweaked")
		}
		m.output = hex.EncodeToString(output[:])
		m.control = append([]byte{0xc0}, internal[:]...)
		if odd {
			m.control[0] |= 1
		}
		return leafScript
	}
	if item == "#CONTROLBLOCK#" {
		return m.control
	}
	return unhex(t, item)
}
