package consensus_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/chaincfg/v2"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

func TestEveryChainHasItsGenesisMagicAndPorts(t *testing.T) {
	rows := []struct {
		chain, genesis, merkle, magic string
		p2p, rpc                      uint16
		btcd                          *chaincfg.Params
	}{
		{"main", "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f",
			"4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b", "f9beb4d9", 8333, 8332, &chaincfg.MainNetParams},
		{"test", "000000000933ea01ad0ee984209779baaec3ced90fa3f408719526f8d77f4943",
			"4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b", "0b110907", 18333, 18332, &chaincfg.TestNet3Params},
		{"testnet4", "00000000da84f2bafbbc53dee25a72ae507ff4914b867c565be350b0da8bf043",
			"7aa0a7ae1e223414cb807e40cd57e667b718e42aaf9306db9102fe28912b7b4e", "1c163f28", 48333, 48332, &chaincfg.TestNet4Params},
		{"signet", "00000008819873e925422c1ff0f99f7cc9bbb232af63a077a480a3633bee1ef6",
			"4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b", "0a03cf40", 38333, 38332, &chaincfg.SigNetParams},
		{"regtest", "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206",
			"4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b", "fabfb5da", 18444, 18443, &chaincfg.RegressionNetParams},
	}
	for _, row := range rows {
		t.Run(row.chain, func(t *testing.T) {
			p := params(t, row.chain)
			if p.Genesis.Hash().String() != row.genesis || p.GenesisHash != p.Genesis.Hash() {
				t.Errorf("genesis is %s", p.Genesis.Hash())
			}
			if p.Genesis.Header.MerkleRoot.String() != row.merkle {
				t.Errorf("genesis' merkle root is %s", p.Genesis.Header.MerkleRoot)
			}
			if got := fmt.Sprintf("%x", p.Magic); got != row.magic {
				t.Errorf("magic is %s", got)
			}
			if p.P2PPort != row.p2p || p.RPCPort != row.rpc {
				t.Errorf("ports are %d and %d", p.P2PPort, p.RPCPort)
			}
			if err := consensus.CheckBlock(p.Genesis, p); err != nil {
				t.Errorf("genesis: %v", err)
			}
			sameAsBtcd(t, p, row.btcd)
		})
	}
}

// sameAsBtcd compares what btcd's parameters have too.
func sameAsBtcd(t *testing.T, p *consensus.Params, b *chaincfg.Params) {
	t.Helper()
	if toBig(p.PowLimit).Cmp(b.PowLimit) != 0 && p.Name != "signet" { // btcd's signet limit has other low bits
		t.Errorf("proof of work limit is %s, btcd has %x", p.PowLimit, b.PowLimit)
	}
	if p.PowLimit.Compact() != b.PowLimitBits {
		t.Errorf("limit's bits are %08x, btcd has %08x", p.PowLimit.Compact(), b.PowLimitBits)
	}
	if p.SubsidyHalvingPeriod != b.SubsidyReductionInterval {
		t.Errorf("halving every %d, btcd every %d", p.SubsidyHalvingPeriod, b.SubsidyReductionInterval)
	}
	if p.AllowMinDifficulty != b.ReduceMinDifficulty || p.NoRetargeting != b.PoWNoRetargeting {
		t.Errorf("difficulty exceptions differ from btcd's")
	}
	if p.Bech32HRP != b.Bech32HRPSegwit || p.PubKeyHashPrefix != b.PubKeyHashAddrID ||
		p.ScriptHashPrefix != b.ScriptHashAddrID || p.SecretKeyPrefix != b.PrivateKeyID ||
		p.ExtPublicKey != b.HDPublicKeyID || p.ExtSecretKey != b.HDPrivateKeyID {
		t.Errorf("prefixes differ from btcd's")
	}
	heights := map[consensus.Buried]int32{
		consensus.HeightInCoinbase: b.BIP0034Height, consensus.CLTV: b.BIP0065Height, consensus.DERSig: b.BIP0066Height,
	}
	for d, want := range heights {
		if got := p.ActivationHeight(d); got != want {
			t.Errorf("%v is active from %d, in btcd from %d", d, got, want)
		}
	}
}

func TestMainNetKnowsItsHistoryAsCore28Does(t *testing.T) {
	p := params(t, "main")
	for d, want := range map[consensus.Buried]int32{
		consensus.HeightInCoinbase: 227931, consensus.DERSig: 363725, consensus.CLTV: 388381,
		consensus.CSV: 419328, consensus.Segwit: 481824,
	} {
		if p.ActiveAt(d, want-1) || !p.ActiveAt(d, want) {
			t.Errorf("%v does not begin at %d", d, want)
		}
	}
	if p.AssumeValid.String() != "000000000000000000011c5890365bdbe5d25b97ce0057589acaef4f1a57263f" ||
		p.MinimumChainWork.String() != "000000000000000000000000000000000000000088e186b70e0862c193ec44d6" {
		t.Errorf("assumes %s valid and %s work", p.AssumeValid, p.MinimumChainWork)
	}
	if p.RetargetInterval() != 2016 {
		t.Errorf("retargets every %d blocks", p.RetargetInterval())
	}
}

func TestOptionsSayWhatTheyDoNotUnderstand(t *testing.T) {
	rows := []struct {
		chain  string
		option consensus.Option
		want   string
	}{
		{"nonet", consensus.WithBIP94(true), "unknown chain"},
		{"main", consensus.WithActivationHeight("segwit@5"), "regtest only"},
		{"regtest", consensus.WithActivationHeight("segwit"), "Invalid format (segwit) for -testactivationheight=name@height."},
		{"regtest", consensus.WithActivationHeight("segwit@-1"), "Invalid height value (segwit@-1) for -testactivationheight=name@height."},
		{"regtest", consensus.WithActivationHeight("segwit@2147483647"), "Invalid height value"},
		{"regtest", consensus.WithActivationHeight("bip9@1"), "Invalid name (bip9@1) for -testactivationheight=name@height."},
		{"test", consensus.WithVersionBits("testdummy:0:1"), "regtest only"},
		{"regtest", consensus.WithVersionBits("testdummy:0"), "Version bits parameters malformed, expecting deployment:start:end[:min_activation_height]"},
		{"regtest", consensus.WithVersionBits("testdummy:x:1"), "Invalid nStartTime (x)"},
		{"regtest", consensus.WithVersionBits("testdummy:0:x"), "Invalid nTimeout (x)"},
		{"regtest", consensus.WithVersionBits("testdummy:0:1:x"), "Invalid min_activation_height (x)"},
		{"regtest", consensus.WithVersionBits("nosuch:0:1"), "Invalid deployment (nosuch)"},
		{"testnet4", consensus.WithBIP94(false), "regtest only"},
		{"main", consensus.WithSignetChallenge([]byte{0x51}), "signet only"},
	}
	for _, row := range rows {
		if _, err := consensus.ParamsFor(row.chain, row.option); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v, want %q", row.chain, err, row.want)
		}
	}
}

func TestOptionsChangeOnlyTheParametersTheyAreGivenFor(t *testing.T) {
	hash := tx.MustHash("00000000000000000000000000000000000000000000000000000000000000aa")
	p := params(t, "regtest",
		consensus.WithActivationHeight("segwit@10"), consensus.WithActivationHeight("bip34@11"),
		consensus.WithActivationHeight("dersig@12"), consensus.WithActivationHeight("cltv@13"),
		consensus.WithActivationHeight("csv@14"), consensus.WithVersionBits("testdummy:3:4:5"),
		consensus.WithVersionBits("taproot:-2:9223372036854775807"), consensus.WithBIP94(false),
		consensus.WithAssumeValid(hash), consensus.WithMinimumChainWork(consensus.Work{7}))
	for d, want := range map[consensus.Buried]int32{consensus.Segwit: 10, consensus.HeightInCoinbase: 11,
		consensus.DERSig: 12, consensus.CLTV: 13, consensus.CSV: 14} {
		if got := p.ActivationHeight(d); got != want {
			t.Errorf("%v at %d, want %d", d, got, want)
		}
	}
	dummy, taproot := p.Deployments[consensus.TestDummy], p.Deployments[consensus.Taproot]
	if dummy.StartTime != 3 || dummy.Timeout != 4 || dummy.MinActivationHeight != 5 || taproot.StartTime != consensus.NeverActive {
		t.Errorf("deployments are %+v and %+v", dummy, taproot)
	}
	if p.EnforceBIP94 || p.AssumeValid != hash || p.MinimumChainWork != (consensus.Work{7}) {
		t.Error("an option was not obeyed")
	}
	fresh := params(t, "regtest")
	if fresh.ActivationHeight(consensus.CSV) != 1 || !fresh.EnforceBIP94 || !fresh.AssumeValid.IsZero() {
		t.Error("options leaked into fresh parameters")
	}
}

func TestACustomSignetHasItsOwnMagicAndAssumesNothing(t *testing.T) {
	p := params(t, "signet", consensus.WithSignetChallenge([]byte{0x51}))
	// sha256d of 0151, as Core logs it for -signetchallenge=51.
	if got := fmt.Sprintf("%x", p.Magic); got != "54d26fbd" {
		t.Errorf("magic is %s", got)
	}
	if len(p.DNSSeeds) > 0 || !p.AssumeValid.IsZero() || !p.MinimumChainWork.IsZero() {
		t.Error("the default signet's seeds or history are still there")
	}
}
