package rpc_test

import (
	"encoding/hex"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/troupe-node/troupe/forge"
	"github.com/troupe-node/troupe/tx"
)

// Shapes of Core 28's src/rpc/mining.cpp.
const (
	templateHead = "{capabilities:[str] version:int rules:[str] vbavailable:%s vbrequired:int previousblockhash:hash " +
		"transactions:[{data:hex txid:hash hash:hash depends:[int*] fee:int sigops:int weight:int}*] coinbaseaux:{} coinbasevalue:int longpollid:str " +
		"target:hash mintime:int mutable:[str] noncerange:hex sigoplimit:int sizelimit:int "
	templateTail = "curtime:int bits:hex height:int "
	commitment   = "default_witness_commitment:hex}"
)

func templateShape(vbavailable, weightLimit, signet string) string {
	return fmt.Sprintf(templateHead, vbavailable) + weightLimit + templateTail + signet + commitment
}

func TestEveryFieldAboutMiningIsCores(t *testing.T) {
	r := newRig(t, "-vbparams=testdummy:0:9999999999")
	info := func(assembled string) string {
		return "{blocks:int " + assembled + "difficulty:num networkhashps:num pooledtx:int chain:str warnings:[str*]}"
	}
	r.answers([]result{{"getmininginfo", nil, info(""), "getmininginfo, nothing assembled yet"}})
	c := r.payday(10)
	for _, x := range r.family(c, 3) {
		r.raw("sendrawtransaction", hexTx(x))
	}
	address := "mjTkW3DjgyZck4KbiRusZsqTgaYTxdSz6z"
	r.answers([]result{
		{"getblocktemplate", []any{segwitRules}, templateShape("{}", "weightlimit:int ", ""), "getblocktemplate"},
		{"getmininginfo", nil, info("currentblockweight:int currentblocktx:int "), "getmininginfo"},
		{"getnetworkhashps", nil, "num", "GetNetworkHashPS"},
		{"getnetworkhashps", []any{-1}, "num", "GetNetworkHashPS, since the last change of difficulty"},
		{"getnetworkhashps", []any{nil, 0}, "int", "GetNetworkHashPS, the genesis block"},
		{"getnetworkhashps", []any{1 << 30, 50}, "num", "GetNetworkHashPS, more blocks than there are"},
		{"generatetoaddress", []any{2, address}, "[hash]", "generatetoaddress"},
		{"generatetoaddress", []any{0, address}, "[hash*]", "generatetoaddress"},
		{"generatetoaddress", []any{1, address, -1}, "[hash]", "generatetoaddress, an int made a uint64"},
		{"generatetodescriptor", []any{1, trueDesc, nil}, "[hash]", "generatetodescriptor"},
		{"generateblock", []any{address, []any{}}, "{hash:hash}", "generateblock"},
		{"generateblock", []any{trueDesc, []any{}, false}, "{hash:hash hex:hex}", "generateblock, not submitted"},
	})
	// With more signals than the window is long the deployment is under way.
	r.raw("generatetoaddress", 288, address)
	r.answers([]result{{"getblocktemplate", []any{segwitRules}, templateShape("{*:int}", "weightlimit:int ", ""), "getblocktemplate, STARTED and LOCKED_IN"}})
	tpl := call[struct {
		Version      int32
		Capabilities []string
		Rules        []string
		Available    map[string]int `json:"vbavailable"`
		Mutable      []string
		NonceRange   string
		SigOpLimit   int
		SizeLimit    int
		WeightLimit  int
	}](r, "getblocktemplate", segwitRules)
	if fmt.Sprint(tpl) != "{805306368 [proposal] [csv !segwit taproot] map[testdummy:28] [time transactions prevblock] 00000000ffffffff 80000 4000000 4000000}" {
		t.Errorf("template %+v", tpl)
	}
}

// TestTheBlockAssembledLastIsTold: m_last_block_weight and m_last_block_num_txs of Core's
// node/miner.cpp, of a template as of a block.
func TestTheBlockAssembledLastIsTold(t *testing.T) {
	r := newRig(t)
	c := r.payday(5)
	family := r.family(c, 3)
	weight := 4000
	for _, x := range family {
		r.raw("sendrawtransaction", hexTx(x))
		weight += x.Weight()
	}
	type size struct{ CurrentBlockWeight, CurrentBlockTx int }
	for _, step := range []struct {
		method string
		params []any
		want   size
	}{
		{"getblocktemplate", []any{segwitRules}, size{weight, 3}},
		{"generateblock", []any{trueDesc, []string{family[0].ID().String()}, false}, size{4000, 0}},
		{"generatetodescriptor", []any{1, trueDesc}, size{weight, 3}},
		{"generatetodescriptor", []any{1, trueDesc}, size{4000, 0}},
	} {
		r.raw(step.method, step.params...)
		if got := call[size](r, "getmininginfo"); got != step.want {
			t.Errorf("after %s: %+v, want %+v", step.method, got, step.want)
		}
	}
}

func TestATemplateBeforeSegwitCountsInItsUnits(t *testing.T) {
	r := newRig(t, "-testactivationheight=segwit@500")
	r.answers([]result{{"getblocktemplate", []any{segwitRules}, templateShape("{}", "", ""), "getblocktemplate, fPreSegWit"}})
	tpl := call[struct {
		Rules                 []string
		SigOpLimit, SizeLimit int
	}](r, "getblocktemplate", segwitRules)
	if fmt.Sprint(tpl) != "{[csv taproot] 20000 1000000}" {
		t.Errorf("template %+v", tpl)
	}
	// The commitment is there, the reserved value is not: the block must connect.
	if got := call[[]string](r, "generatetodescriptor", 1, trueDesc); len(got) != 1 {
		t.Errorf("minted %v", got)
	}
}

func TestATemplateOfSignetTellsItsChallenge(t *testing.T) {
	r := newRig(t, "-regtest=0", "-signet=1", "-signetchallenge=51")
	rules := map[string]any{"rules": []string{"segwit", "signet"}}
	r.answers([]result{{"getblocktemplate", []any{rules}, templateShape("{}", "weightlimit:int ", "signet_challenge:hex "), "getblocktemplate, signet_blocks"}})
	if got := call[template](r, "getblocktemplate", rules); !slices.Contains(got.Rules, "!signet") {
		t.Errorf("rules %v", got.Rules)
	}
	r.complains([]complaint{{"getblocktemplate", []any{segwitRules}, -8, `getblocktemplate must be called with the signet rule set (call with {"rules": ["segwit", "signet"]})`}})
}

func TestNobodyMinesOnTheMainChainAloneOrBehind(t *testing.T) {
	r := newRig(t, "-regtest=0", "-connect=0")
	r.complains([]complaint{{"getblocktemplate", []any{segwitRules}, -9, "Troupe is not connected!"}})
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	r.raw("addnode", silent.Addr().String(), "onetry")
	for deadline := time.Now().Add(time.Minute); r.raw("getconnectioncount") == "0" && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	r.complains([]complaint{{"getblocktemplate", []any{segwitRules}, -10, "Troupe is in initial sync and waiting for blocks..."}})
	// A proposal is judged all the same.
	proposal := map[string]any{"mode": "proposal", "data": fmt.Sprintf("%x", r.params.Genesis.Bytes())}
	if got := r.raw("getblocktemplate", proposal); got != `"duplicate"` {
		t.Errorf("the genesis block proposed: %s", got)
	}
}

func TestMiningCallsComplainInCoresWords(t *testing.T) {
	r := newRig(t)
	rules := func(name string, value any) []any {
		return []any{map[string]any{"rules": []string{"segwit"}, name: value}}
	}
	const address, none = "mjTkW3DjgyZck4KbiRusZsqTgaYTxdSz6z", "abababababababababababababababababababababababababababababababab"
	r.complains([]complaint{
		{"getblocktemplate", []any{map[string]any{}}, -8, `getblocktemplate must be called with the segwit rule set (call with {"rules": ["segwit"]})`},
		{"getblocktemplate", []any{[]any{}}, -3, "Wrong type passed:\n{\n    \"Position 1 (template_request)\": \"JSON value of type array is not of expected type object\"\n}"},
		{"getblocktemplate", []any{map[string]any{"rules": []any{1}}}, -3, "JSON value of type number is not of expected type string"},
		{"getblocktemplate", rules("mode", 1), -8, "Invalid mode"},
		{"getblocktemplate", rules("mode", "submit"), -8, "Invalid mode"},
		{"getblocktemplate", rules("mode", "proposal"), -3, "Missing data String key for proposal"},
		{"getblocktemplate", []any{map[string]any{"mode": "proposal", "data": 1}}, -3, "Missing data String key for proposal"},
		{"getblocktemplate", []any{map[string]any{"mode": "proposal", "data": "00"}}, -22, "Block decode failed"},
		{"getblocktemplate", rules("longpollid", ""), -8, "longpollid must be of length 64 (not 0, for '')"},
		{"getblocktemplate", rules("longpollid", "ab"), -8, "longpollid must be of length 64 (not 2, for 'ab')"},
		{"getnetworkhashps", []any{0}, -8, "Invalid nblocks. Must be a positive number or -1."},
		{"getnetworkhashps", []any{-2}, -8, "Invalid nblocks. Must be a positive number or -1."},
		{"getnetworkhashps", []any{1, -2}, -8, "Block does not exist at specified height"},
		{"getnetworkhashps", []any{1, 1}, -8, "Block does not exist at specified height"},
		{"getnetworkhashps", []any{1 << 31}, -1, "JSON integer out of range"},
		{"generatetoaddress", []any{1, "x"}, -5, "Error: Invalid address"},
		{"generatetoaddress", []any{1.5, address}, -1, "JSON integer out of range"},
		{"generatetoaddress", []any{1, address, 1 << 31}, -1, "JSON integer out of range"},
		{"generatetodescriptor", []any{1, trueDesc, -1}, -1, "JSON integer out of range"},
		{"generatetodescriptor", []any{1, "raw(51)#00000000"}, -5, "Provided checksum '00000000' does not match computed checksum '8lvh9jxk'"},
		{"generateblock", []any{"1234", []any{}}, -5, "Error: Invalid address or descriptor"},
		{"generateblock", []any{trueDesc, []any{none}}, -5, "Transaction " + none + " not in mempool."},
		{"generateblock", []any{trueDesc, []any{"0000"}}, -22, "Transaction decode failed for 0000. Make sure the tx has at least one input."},
		{"submitblock", []any{"00"}, -22, "Block decode failed"},
		{"submitheader", []any{"00"}, -22, "Block header decode failed"},
		{"submitheader", []any{"xx"}, -22, "Block header decode failed"},
	})
}

// TestProposalsAndSubmissionsAreAnsweredByBIP22 goes through the answers of
// getblocktemplate's proposal mode and of submitblock, as in Core's mining_basic.py.
func TestProposalsAndSubmissionsAreAnsweredByBIP22(t *testing.T) {
	r := newRig(t)
	c := r.forge.Chain([3]uint64{1})
	c.SetTime(uint32(time.Now().Unix()) - 86400)
	fork := c.Fork(1)
	var main, side []*tx.Block
	for b := range c.Empty(3) {
		main = append(main, b)
	}
	for b := range fork.Empty(2) {
		side = append(side, b)
	}
	propose := func(b *tx.Block) string {
		return r.raw("getblocktemplate", map[string]any{"mode": "proposal", "data": hex.EncodeToString(b.Bytes())})
	}
	submit := func(b *tx.Block) string { return r.raw("submitblock", hex.EncodeToString(b.Bytes())) }
	header := func(b *tx.Block) string { raw := b.Header.Bytes(); return hex.EncodeToString(raw[:]) }
	steps := []struct{ what, got, want string }{}
	step := func(what, got, want string) { steps = append(steps, struct{ what, got, want string }{what, got, want}) }

	step("a good proposal", propose(main[0]), `null`)
	step("a proposal on another block", propose(main[1]), `"inconclusive-not-best-prevblk"`)
	r.grow(main[0], main[1])
	step("a proposal of the tip", propose(main[1]), `"duplicate"`)
	step("the tip again", submit(main[1]), `"duplicate"`)
	step("a side branch", submit(side[0]), `"inconclusive"`)
	step("a side branch again", submit(side[0]), `"duplicate"`)
	step("a proposal of it", propose(side[0]), `"duplicate-inconclusive"`)
	r.raw("submitheader", header(side[1]))
	step("a proposal of a known header", propose(side[1]), `"duplicate-inconclusive"`)

	bad := r.forge.Block(main[1].Hash(), 3, r.params.Genesis.Header.Time, nil, forge.BlockOptions{})
	step("a block that is too early", submit(bad), `"time-too-old"`)
	step("and once more", submit(bad), `"time-too-old"`) // its header was never taken in
	greedy := r.forge.Block(main[1].Hash(), 3, main[2].Header.Time, nil, forge.BlockOptions{Fees: 1})
	step("a proposal that pays itself too much", propose(greedy), `"bad-cb-amount"`)
	step("a block that pays itself too much", submit(greedy), `"bad-cb-amount"`)
	step("and once more", submit(greedy), `"duplicate-invalid"`)
	step("a proposal of it", propose(greedy), `"duplicate-invalid"`)
	r.complains([]complaint{{"submitheader", []any{header(greedy)}, -25, "duplicate"}})
	child := r.forge.Block(greedy.Hash(), 4, main[2].Header.Time+600, nil, forge.BlockOptions{})
	step("a block on top of it", submit(child), `"bad-prevblk"`)
	r.complains([]complaint{{"submitheader", []any{header(child)}, -25, "bad-prevblk"}})
	r.complains([]complaint{{"submitheader", []any{header(bad)}, -25, "time-too-old"}})
	r.complains([]complaint{{"submitheader", []any{strings.Repeat("01", 80)}, -25, "Must submit previous header (" + strings.Repeat("01", 32) + ") first"}})
	for _, s := range steps {
		if s.got != s.want {
			t.Errorf("%s: %s, want %s", s.what, s.got, s.want)
		}
	}
}
