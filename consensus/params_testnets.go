package consensus

import (
	"encoding/hex"

	"github.com/troupe-node/troupe/tx"
)

// testPrefixes sets what all test chains write before keys and addresses.
func (p *Params) testPrefixes(hrp string) {
	p.PubKeyHashPrefix, p.ScriptHashPrefix, p.SecretKeyPrefix = 111, 196, 239
	p.ExtPublicKey = [4]byte{0x04, 0x35, 0x87, 0xcf}
	p.ExtSecretKey = [4]byte{0x04, 0x35, 0x83, 0x94}
	p.Bech32HRP = hrp
	p.PruneAfterHeight = 1000
}

// alwaysActive are the heights of chains that were born with every rule.
var alwaysActive = [buriedCount]int32{HeightInCoinbase: 1, DERSig: 1, CLTV: 1, CSV: 1, Segwit: 1}

// testnet3Params is the old public test network.
func testnet3Params() *Params {
	p := &Params{
		Name:      "test",
		DataDir:   "testnet3",
		Magic:     [4]byte{0x0b, 0x11, 0x09, 0x07},
		P2PPort:   18333,
		RPCPort:   18332,
		OnionPort: 18334,
		DNSSeeds: []string{
			"testnet-seed.bitcoin.jonasschnelli.ch.",
			"seed.tbtc.petertodd.net.",
			"seed.testnet.bitcoin.sprovoost.nl.",
			"testnet-seed.bluematt.me.",
			"seed.testnet.achownodes.xyz.",
		},
		Genesis: genesisBlock(genesisText, genesisKey, 1296688602, 0x1d00ffff, 414098458),

		PowLimit:             mustUint256("00000000ffffffffffffffffffffffffffffffffffffffffffffffffffffffff"),
		TargetTimespan:       twoWeeks,
		TargetSpacing:        tenMinutes,
		AllowMinDifficulty:   true,
		SubsidyHalvingPeriod: 210_000,
		MinimumChainWork:     mustUint256("000000000000000000000000000000000000000000000f209695166be8b61fa9"),
		AssumeValid:          tx.MustHash("000000000000000465b1a66c9f386308e8c75acef9201f3f577811da09fc90ad"), // 2873500
		TxStats:              TxStats{Time: 1723613341, Count: 187917082, PerSecs: 3.265051477698455},

		bip34Hash: tx.MustHash("0000000023b3a96d3484e5abb3755c413e7d41500f8e2a5c3f0dd01299cd8ef8"),
		activation: [buriedCount]int32{
			HeightInCoinbase: 21111,
			CLTV:             581885, // 00000000007f6655f22f98e72ed80d8b06dc761d5da09df0fa1dc4be4f861eb6
			DERSig:           330776, // 000000002104c8c45e99a8853285a3b592602a3ccde2b832481da85e9e4ba182
			CSV:              770112, // 00000000025e930139bac5c6c31a403776da130831ab85be56578f3fa75369bb
			Segwit:           834624, // 00000000002b980fcd729daaa248fd9316a5200e9b367f4ff2c42453e84201ca
		},
		MinBIP9WarningHeight:    836640,
		RuleChangeThreshold:     1512, // 75 %
		MinerConfirmationWindow: 2016,
		Deployments:             deployments(1619222400, 1628640000, 0),
	}
	p.testPrefixes("tb")
	p.scriptFlagExceptions = testnet3ScriptExceptions()
	return p
}

// testnet4Params is the public test network of BIP94.
func testnet4Params() *Params {
	p := &Params{
		Name:      "testnet4",
		DataDir:   "testnet4",
		Magic:     [4]byte{0x1c, 0x16, 0x3f, 0x28},
		P2PPort:   48333,
		RPCPort:   48332,
		OnionPort: 48334,
		DNSSeeds: []string{
			"seed.testnet4.bitcoin.sprovoost.nl.", // Sjors Provoost
			"seed.testnet4.wiz.biz.",              // Jason Maurice
		},
		Genesis: genesisBlock("03/May/2024 000000000000000000001ebd58c244970b3aa9d783bb001011fbe8ea8e98e00e",
			"000000000000000000000000000000000000000000000000000000000000000000",
			1714777860, 0x1d00ffff, 393743547),

		PowLimit:             mustUint256("00000000ffffffffffffffffffffffffffffffffffffffffffffffffffffffff"),
		TargetTimespan:       twoWeeks,
		TargetSpacing:        tenMinutes,
		AllowMinDifficulty:   true,
		EnforceBIP94:         true,
		SubsidyHalvingPeriod: 210_000,
		MinimumChainWork:     mustUint256("00000000000000000000000000000000000000000000005faa15d02e6202f3ba"),
		AssumeValid:          tx.MustHash("000000005be348057db991fa5d89fe7c4695b667cfb311391a8db374b6f681fd"), // 39550
		TxStats:              TxStats{Time: 1723651702, Count: 757229, PerSecs: 0.01570402633472492},

		activation:              alwaysActive,
		RuleChangeThreshold:     1512, // 75 %
		MinerConfirmationWindow: 2016,
		Deployments:             deployments(AlwaysActive, NoTimeout, 0),
	}
	p.testPrefixes("tb")
	return p
}

// signetParams is the default signet; [WithSignetChallenge] makes another.
func signetParams() *Params {
	challenge, err := hex.DecodeString("512103ad5e0edad18cb1f0fc0d28a3d4f1f3e445640337489abb10404f2d1e086be430" +
		"210359ef5021964fe22d6f8e05b2463c9540ce96883fe3b278760f048f5189f2e6c452ae")
	if err != nil {
		panic(err) // a constant of this file
	}
	p := &Params{
		Name:      "signet",
		DataDir:   "signet",
		P2PPort:   38333,
		RPCPort:   38332,
		OnionPort: 38334,
		DNSSeeds: []string{
			"seed.signet.bitcoin.sprovoost.nl.",
			"seed.signet.achownodes.xyz.", // Ava Chow
		},
		Genesis: genesisBlock(genesisText, genesisKey, 1598918400, 0x1e0377ae, 52613770),

		PowLimit:             mustUint256("00000377ae000000000000000000000000000000000000000000000000000000"),
		TargetTimespan:       twoWeeks,
		TargetSpacing:        tenMinutes,
		SubsidyHalvingPeriod: 210_000,
		MinimumChainWork:     mustUint256("0000000000000000000000000000000000000000000000000000025dbd66e58f"),
		AssumeValid:          tx.MustHash("0000014aad1d58dddcb964dd749b073374c6306e716b22f573a2efe68d414539"), // 208800
		TxStats:              TxStats{Time: 1723655233, Count: 5507045, PerSecs: 0.06271073277261494},

		activation:              alwaysActive,
		RuleChangeThreshold:     1815, // 90 %
		MinerConfirmationWindow: 2016,
		Deployments:             deployments(AlwaysActive, NoTimeout, 0),
	}
	p.testPrefixes("tb")
	p.setSignetChallenge(challenge)
	return p
}

// setSignetChallenge also derives the magic: the first bytes of the hash of
// the challenge as a serialised script (BIP325).
func (p *Params) setSignetChallenge(challenge []byte) {
	p.Signet = true
	p.SignetChallenge = challenge
	h := tx.DoubleSHA256(append(tx.AppendCompactSize(nil, uint64(len(challenge))), challenge...))
	copy(p.Magic[:], h[:])
}

// regtestParams is the private chain for tests: blocks are found at once.
func regtestParams() *Params {
	p := &Params{
		Name:      "regtest",
		DataDir:   "regtest",
		Magic:     [4]byte{0xfa, 0xbf, 0xb5, 0xda},
		P2PPort:   18444,
		RPCPort:   18443,
		OnionPort: 18445,

		Genesis: genesisBlock(genesisText, genesisKey, 1296688602, 0x207fffff, 2),

		PowLimit:             mustUint256("7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"),
		TargetTimespan:       24 * 60 * 60, // a period of 144 blocks; its only effect is BIP94's
		TargetSpacing:        tenMinutes,
		AllowMinDifficulty:   true,
		NoRetargeting:        true,
		EnforceBIP94:         true, // as Core 28 does; WithBIP94 changes it
		SubsidyHalvingPeriod: 150,
		Mockable:             true,

		activation:              alwaysActive,
		RuleChangeThreshold:     108, // 75 %
		MinerConfirmationWindow: 144,
		Deployments:             deployments(AlwaysActive, NoTimeout, 0),
	}
	p.activation[Segwit] = 0
	p.Deployments[TestDummy].StartTime = 0
	p.testPrefixes("bcrt")
	return p
}
