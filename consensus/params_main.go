package consensus

import (
	"github.com/troupe-node/troupe/tx"
)

// mainParams is the network on which people trade goods and services. The
// constants of this and the neighbouring files are those of Bitcoin Core 28
// (src/kernel/chainparams.cpp).
func mainParams() *Params {
	p := &Params{
		Name:      "main",
		Magic:     [4]byte{0xf9, 0xbe, 0xb4, 0xd9},
		P2PPort:   8333,
		RPCPort:   8332,
		OnionPort: 8334,
		DNSSeeds: []string{
			"seed.bitcoin.sipa.be.",          // Pieter Wuille
			"dnsseed.bluematt.me.",           // Matt Corallo
			"seed.bitcoin.jonasschnelli.ch.", // Jonas Schnelli
			"seed.btc.petertodd.net.",        // Peter Todd
			"seed.bitcoin.sprovoost.nl.",     // Sjors Provoost
			"dnsseed.emzy.de.",               // Stephan Oeste
			"seed.bitcoin.wiz.biz.",          // Jason Maurice
			"seed.mainnet.achownodes.xyz.",   // Ava Chow
		},
		PubKeyHashPrefix: 0,
		ScriptHashPrefix: 5,
		SecretKeyPrefix:  128,
		ExtPublicKey:     [4]byte{0x04, 0x88, 0xb2, 0x1e},
		ExtSecretKey:     [4]byte{0x04, 0x88, 0xad, 0xe4},
		Bech32HRP:        "bc",

		Genesis: genesisBlock(genesisText, genesisKey, 1231006505, 0x1d00ffff, 2083236893),

		PowLimit:             mustUint256("00000000ffffffffffffffffffffffffffffffffffffffffffffffffffffffff"),
		TargetTimespan:       twoWeeks,
		TargetSpacing:        tenMinutes,
		SubsidyHalvingPeriod: 210_000,
		MinimumChainWork:     mustUint256("000000000000000000000000000000000000000088e186b70e0862c193ec44d6"),
		AssumeValid:          tx.MustHash("000000000000000000011c5890365bdbe5d25b97ce0057589acaef4f1a57263f"), // 856760
		TxStats:              TxStats{Time: 1723649144, Count: 1059312821, PerSecs: 6.721086701157182},
		PruneAfterHeight:     100_000,

		bip34Hash: tx.MustHash("000000000000024b89b42a942fe0d9fea3bb44ab7bd1b19115dd6a759c0808b8"),
		activation: [buriedCount]int32{
			HeightInCoinbase: 227931,
			CLTV:             388381, // 000000000000000004c2b624ed5d7756c508d90fd0da2c7c679febfa6c4735f0
			DERSig:           363725, // 00000000000000000379eaa19dce8c9b722d46ae6a57c2f1a988119488b50931
			CSV:              419328, // 000000000000000004a1b34462cb8aeebd5799177f7a29cf28f2d1961716b5b5
			Segwit:           481824, // 0000000000000000001c8018d9cb3b742ef25114f27563e3fc4a1902167f9893
		},
		MinBIP9WarningHeight:    483840, // segwit plus one window
		RuleChangeThreshold:     1815,   // 90 %
		MinerConfirmationWindow: 2016,
		Deployments:             deployments(1619222400, 1628640000, 709632), // April 24th to August 11th, 2021; about November 12th
	}
	p.scriptFlagExceptions = mainScriptExceptions()
	p.bip30Repeats, p.bip30Unspendable = mainBIP30Blocks()
	return p
}

const (
	twoWeeks   = 14 * 24 * 60 * 60
	tenMinutes = 10 * 60
)

// deployments has testdummy switched off, as everywhere but on regtest.
func deployments(taprootStart, taprootTimeout int64, taprootHeight int32) [DeploymentCount]Deployment {
	return [DeploymentCount]Deployment{
		TestDummy: {Name: "testdummy", Bit: 28, StartTime: NeverActive, Timeout: NoTimeout},
		Taproot: {Name: "taproot", Bit: 2, StartTime: taprootStart, Timeout: taprootTimeout,
			MinActivationHeight: taprootHeight},
	}
}
