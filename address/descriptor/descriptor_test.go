package descriptor

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Keys of Core's descriptor_tests.cpp, from which most of this file is.
const (
	wif   = "L4rK1yDtCWekvXuE6oXD9jCYfFNV2cWRpVuPLBcCU2z8TrisoyY1"
	hex33 = "03a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd"
	hex65 = "04a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd5b8dec5235a0fa8722476c7709c02559e3aa73aa03918ba2d492eea75abea235"
	wif65 = "5KYZdUEo39z3FPrtuX2QbbwGnNP5zTd7yyr2SC1j299sBCnWjss"
	hexX  = "a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd"
	prvA  = "xprvA1RpRA33e1JQ7ifknakTFpgNXPmW2YvmhqLQYMmrj4xJXXWYpDPS3xz7iAxn8L39njGVyuoseXzU6rcxFLJ8HFsTjSyQbLYnMpCqE2VbFWc"
	pubA  = "xpub6ERApfZwUNrhLCkDtcHTcxd75RbzS1ed54G1LkBUHQVHQKqhMkhgbmJbZRkrgZw4koxb5JaHWkY4ALHY2grBGRjaDMzQLcgJvLJuZZvRcEL"
	prv9u = "xprv9uPDJpEQgRQfDcW7BkF7eTya6RPxXeJCqCJGHuCJ4GiRVLzkTXBAJMu2qaMWPrS7AANYqdq6vcBcBUdJCVVFceUvJFjaPdGZ2y9WACViL4L"
	pub68 = "xpub68NZiKmJWnxxS6aaHmn81bvJeTESw724CRDs6HbuccFQN9Ku14VQrADWgqbhhTHBaohPX4CjNLf9fq9MYo6oDaPPLPxSb7gwQN3ih19Zm4Y"
	prv31 = "xprv9s21ZrQH143K31xYSDQpPDxsXRTUcvj2iNHm5NUtrGiGG5e2DtALGdso3pGz6ssrdK4PFmM8NSpSBHNqPqm55Qn3LqFtT2emdEXVYsCzC2U"
	pub31 = "xpub661MyMwAqRbcFW31YEwpkMuc5THy2PSt5bDMsktWQcFF8syAmRUapSCGu8ED9W6oDMSgv6Zz8idoc4a6mr8BDzTJY47LJhkJ8UB7WEGuduB"
	prvQT = "xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi"
	pubQT = "xpub661MyMwAqRbcFtXgS5sYJABqqG9YLmC4Q1Rdap9gSE8NqtwybGhePY2gZ29ESFjqJoCu1Rupje8YtGqsefD265TMg7usUDFdp6W1EGMcet8"
	prvVH = "xprv9vHkqa6EV4sPZHYqZznhT2NPtPCjKuDKGY38FBWLvgaDx45zo9WQRUT3dKYnjwih2yJD9mkrocEZXo1ex8G81dwSM1fwqWpWkeS3v86pgKt"
	pub69 = "xpub69H7F5d8KSRgmmdJg2KhpAK8SR3DjMwAdkxj3ZuxV27CprR9LgpeyGmXUbC6wb7ERfvrnKZjXoUmmDznezpbZb7ap6r1D3tgFxHmwMkQTPH"
	prvJD = "xprvA2JDeKCSNNZky6uBCviVfJSKyQ1mDYahRjijr5idH2WwLsEd4Hsb2Tyh8RfQMuPh7f7RtyzTtdrbdqqsunu5Mm3wDvUAKRHSC34sJ7in334"
	pubFH = "xpub6FHa3pjLCk84BayeJxFW2SP4XRrFd1JYnxeLeU8EqN3vDfZmbqBqaGJAyiLjTAwm6ZLRQUMv1ZACTj37sR62cfN7fe5JnJ7dh8zL4fiyLHV"
)

func TestDescriptorsExpandToTheScriptsOfCore(t *testing.T) {
	rows := []struct {
		prv, pub string
		hardened bool       // the public form cannot be expanded
		scripts  [][]string // by index for ranges
	}{
		{prv: "combo(" + wif + ")", pub: "combo(" + hex33 + ")", scripts: [][]string{{
			"2103a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bdac", "76a9149a1c78a507689f6f54b847ad1cef1e614ee23f1e88ac",
			"00149a1c78a507689f6f54b847ad1cef1e614ee23f1e", "a91484ab21b1b2fd065d4504ff693d832434b6108d7b87"}}},
		{prv: "pk(" + wif + ")", pub: "pk(" + hex33 + ")", scripts: [][]string{{"21" + hex33 + "ac"}}},
		{prv: "pkh([deadbeef/1/2'/3/4']" + wif + ")", pub: "pkh([deadbeef/1/2'/3/4']" + hex33 + ")", scripts: [][]string{{"76a9149a1c78a507689f6f54b847ad1cef1e614ee23f1e88ac"}}},
		{prv: "pkh([deadbeef/1/2h/3/4h]" + wif + ")", pub: "pkh([deadbeef/1/2h/3/4h]" + hex33 + ")", scripts: [][]string{{"76a9149a1c78a507689f6f54b847ad1cef1e614ee23f1e88ac"}}},
		{prv: "wpkh(" + wif + ")", pub: "wpkh(" + hex33 + ")", scripts: [][]string{{"00149a1c78a507689f6f54b847ad1cef1e614ee23f1e"}}},
		{prv: "sh(wpkh(" + wif + "))", pub: "sh(wpkh(" + hex33 + "))", scripts: [][]string{{"a91484ab21b1b2fd065d4504ff693d832434b6108d7b87"}}},
		{prv: "combo(" + wif65 + ")", pub: "combo(" + hex65 + ")", scripts: [][]string{{"41" + hex65 + "ac", "76a914b5bd079c4d57cc7fc28ecf8213a6b791625b818388ac"}}},
		{prv: "pkh(" + wif65 + ")", pub: "pkh(" + hex65 + ")", scripts: [][]string{{"76a914b5bd079c4d57cc7fc28ecf8213a6b791625b818388ac"}}},
		{prv: "sh(pk(" + wif + "))", pub: "sh(pk(" + hex33 + "))", scripts: [][]string{{"a9141857af51a5e516552b3086430fd8ce55f7c1a52487"}}},
		{prv: "sh(pkh(" + wif + "))", pub: "sh(pkh(" + hex33 + "))", scripts: [][]string{{"a9141a31ad23bf49c247dd531a623c2ef57da3c400c587"}}},
		{prv: "wsh(pk(" + wif + "))", pub: "wsh(pk(" + hex33 + "))", scripts: [][]string{{"00202e271faa2325c199d25d22e1ead982e45b64eeb4f31e73dbdf41bd4b5fec23fa"}}},
		{prv: "wsh(pkh(" + wif + "))", pub: "wsh(pkh(" + hex33 + "))", scripts: [][]string{{"0020338e023079b91c58571b20e602d7805fb808c22473cbc391a41b1bd3a192e75b"}}},
		{prv: "sh(wsh(pk(" + wif + ")))", pub: "sh(wsh(pk(" + hex33 + ")))", scripts: [][]string{{"a91472d0c5a3bfad8c3e7bd5303a72b94240e80b6f1787"}}},
		{prv: "sh(wsh(pkh(" + wif + ")))", pub: "sh(wsh(pkh(" + hex33 + ")))", scripts: [][]string{{"a914b61b92e2ca21bac1e72a3ab859a742982bea960a87"}}},
		{prv: "combo([01234567]" + prvA + ")", pub: "combo([01234567]" + pubA + ")", scripts: [][]string{{
			"2102d2b36900396c9282fa14628566582f206a5dd0bcc8d5e892611806cafb0301f0ac", "76a91431a507b815593dfc51ffc7245ae7e5aee304246e88ac",
			"001431a507b815593dfc51ffc7245ae7e5aee304246e", "a9142aafb926eb247cb18240a7f4c07983ad1f37922687"}}},
		{prv: "pk(" + prv9u + "/0)", pub: "pk(" + pub68 + "/0)", scripts: [][]string{{"210379e45b3cf75f9c5f9befd8e9506fb962f6a9d185ac87001ec44a8d3df8d4a9e3ac"}}},
		{prv: "pkh(" + prv31 + "/2147483647'/0)", pub: "pkh(" + pub31 + "/2147483647'/0)", hardened: true,
			scripts: [][]string{{"76a914ebdc90806a9c4356c1c88e42216611e1cb4c1c1788ac"}}},
		{prv: "wpkh([ffffffff/13']" + prvVH + "/1/2/*)", pub: "wpkh([ffffffff/13']" + pub69 + "/1/2/*)", scripts: [][]string{
			{"0014326b2249e3a25d5dc60935f044ee835d090ba859"}, {"0014af0bd98abc2f2cae66e36896a39ffe2d32984fb7"}, {"00141fa798efd1cbf95cebf912c031b8a4a6e9fb9f27"}}},
		{prv: "sh(wpkh(" + prvQT + "/10/20/30/40/*'))", pub: "sh(wpkh(" + pubQT + "/10/20/30/40/*'))", hardened: true, scripts: [][]string{
			{"a9149a4d9901d6af519b2a23d4a2f51650fcba87ce7b87"}, {"a914bed59fc0024fae941d6e20a3b44a109ae740129287"}, {"a9148483aa1116eb9c05c482a72bada4b1db24af654387"}}},
		{prv: "combo(" + prvJD + "/*)", pub: "combo(" + pubFH + "/*)", scripts: [][]string{
			{"2102df12b7035bdac8e3bab862a3a83d06ea6b17b6753d52edecba9be46f5d09e076ac", "76a914f90e3178ca25f2c808dc76624032d352fdbdfaf288ac", "0014f90e3178ca25f2c808dc76624032d352fdbdfaf2", "a91408f3ea8c68d4a7585bf9e8bda226723f70e445f087"},
			{"21032869a233c9adff9a994e4966e5b821fd5bac066da6c3112488dc52383b4a98ecac", "76a914a8409d1b6dfb1ed2a3e8aa5e0ef2ff26b15b75b788ac", "0014a8409d1b6dfb1ed2a3e8aa5e0ef2ff26b15b75b7", "a91473e39884cb71ae4e5ac9739e9225026c99763e6687"}}},
		{prv: "multi(1," + wif + "," + wif65 + ")", pub: "multi(1," + hex33 + "," + hex65 + ")", scripts: [][]string{{"5121" + hex33 + "41" + hex65 + "52ae"}}},
		{prv: "sortedmulti(1," + wif65 + "," + wif + ")", pub: "sortedmulti(1," + hex65 + "," + hex33 + ")", scripts: [][]string{{"5121" + hex33 + "41" + hex65 + "52ae"}}},
		{prv: "sh(multi(2,[00000000/111'/222]" + prvA + "," + prv9u + "/0))", pub: "sh(multi(2,[00000000/111'/222]" + pubA + "," + pub68 + "/0))",
			scripts: [][]string{{"a91445a9a622a8b0a1269944be477640eedc447bbd8487"}}},
		{prv: "sortedmulti(2," + prvA + "/*," + prv9u + "/0/0/*)", pub: "sortedmulti(2," + pubA + "/*," + pub68 + "/0/0/*)", scripts: [][]string{
			{"5221025d5fc65ebb8d44a5274b53bac21ff8307fec2334a32df05553459f8b1f7fe1b62102fbd47cc8034098f0e6a94c6aeee8528abf0a2153a5d8e46d325b7284c046784652ae"},
			{"52210264fd4d1f5dea8ded94c61e9641309349b62f27fbffe807291f664e286bfbe6472103f4ece6dfccfa37b211eb3d0af4d0c61dba9ef698622dc17eecdf764beeb005a652ae"},
			{"5221022ccabda84c30bad578b13c89eb3b9544ce149787e5b538175b1d1ba259cbb83321024d902e1a2fc7a8755ab5b694c575fce742c48d9ff192e63df5193e4c7afe1f9c52ae"}}},
		{prv: "wsh(multi(2," + prv31 + "/2147483647'/0," + prvVH + "/1/2/*," + prvQT + "/10/20/30/40/*'))",
			pub: "wsh(multi(2," + pub31 + "/2147483647'/0," + pub69 + "/1/2/*," + pubQT + "/10/20/30/40/*'))", hardened: true, scripts: [][]string{
				{"0020b92623201f3bb7c3771d45b2ad1d0351ea8fbf8cfe0a0e570264e1075fa1948f"}, {"002036a08bbe4923af41cf4316817c93b8d37e2f635dd25cfff06bd50df6ae7ea203"}, {"0020a96e7ab4607ca6b261bfe3245ffda9c746b28d3f59e83d34820ec0e2b36c139c"}}},
		{prv: "tr(" + wif + ")", pub: "tr(" + hexX + ")", scripts: [][]string{{"512077aab6e066f8a7419c5ab714c12c67d25007ed55a43cadcacb4d7a970a093f11"}}},
		{prv: "rawtr(" + wif + ")", pub: "rawtr(" + hexX + ")", scripts: [][]string{{"5120" + hexX}}},
	}
	for _, row := range rows {
		prv, err := Parse(row.prv, "main", false)
		if err != nil {
			t.Errorf("%s: %v", row.prv, err)
			continue
		}
		pub, err := Parse(row.pub, "main", false)
		if err != nil {
			t.Errorf("%s: %v", row.pub, err)
			continue
		}
		if s := addChecksum(row.pub); prv.String() != s || pub.String() != s {
			t.Errorf("%s: written as %s and %s", s, prv, pub)
		}
		if !prv.HasPrivateKeys() || pub.HasPrivateKeys() || !pub.IsSolvable() || pub.IsRange() != strings.Contains(row.pub, "*") {
			t.Errorf("%s: described wrongly", row.pub)
		}
		for i, want := range row.scripts {
			if got := expandHex(t, prv, uint32(i)); !slices.Equal(got, want) {
				t.Errorf("%s at %d: %s", row.prv, i, got)
			}
			if row.hardened {
				if _, err := pub.Expand(uint32(i)); !errors.Is(err, ErrNeedsPrivateKeys) {
					t.Errorf("%s at %d: %v", row.pub, i, err)
				}
			} else if got := expandHex(t, pub, uint32(i)); !slices.Equal(got, want) {
				t.Errorf("%s at %d: %s", row.pub, i, got)
			}
		}
	}
}

func expandHex(t *testing.T, d *Descriptor, i uint32) (out []string) {
	t.Helper()
	scripts, err := d.Expand(i)
	if err != nil {
		t.Errorf("%s at %d: %v", d, i, err)
	}
	for _, s := range scripts {
		out = append(out, hex.EncodeToString(s))
	}
	return out
}

func TestRefusalsReadAsCores(t *testing.T) {
	many := strings.Repeat(","+hex33, 16)
	withSum := func(sum string) string {
		return "sh(multi(2,[00000000/111'/222]" + pubA + "," + pub68 + "/0))" + sum
	}
	rows := []struct{ text, want string }{
		{"sh(wpkh(" + hex33[:64] + "))", "wpkh(): Pubkey '" + hex33[:64] + "' is invalid"},
		{"wpkh(06" + hex65[2:] + ")", "wpkh(): Hybrid public keys are not allowed"},
		{"pkh(deadbeef/1/2'/3/4']" + hex33 + ")", "pkh(): Key origin start '[ character expected but not found, got 'd' instead"},
		{"pkh(]" + hex33 + ")", "pkh(): Key origin start '[ character expected but not found, got ']' instead"},
		{"pkh([deadbeef]/1/2'/3/4']" + hex33 + ")", "pkh(): Multiple ']' characters found for a single pubkey"},
		{"wpkh(" + hex65 + ")", "wpkh(): Uncompressed keys are not allowed"},
		{"wsh(pk(" + wif65 + "))", "pk(): Uncompressed keys are not allowed"},
		{"sh(wpkh(" + hex65 + "))", "wpkh(): Uncompressed keys are not allowed"},
		{"tr(" + hex65 + ")", "tr(): Uncompressed keys are not allowed"},
		{"pk(" + hexX + ")", "pk(): Pubkey '" + hexX + "' is invalid"},
		{"pk( " + hex33 + ")", "pk(): Key ' " + hex33 + "' is invalid due to whitespace"},
		{"combo([012345678]" + pubA + ")", "combo(): Fingerprint is not 4 bytes (9 characters instead of 8 characters)"},
		{"pkh(" + pub31 + "/2147483648)", "pkh(): Key path value 2147483648 is out of range"},
		{"pkh(" + pub31 + "/1aa)", "pkh(): Key path value '1aa' is not a valid uint32"},
		{"pkh(" + pub31 + "/)", "pkh(): Key path value '' is not a valid uint32"},
		{"pkh(" + pub31 + "/++1)", "pkh(): Key path value '++1' is not a valid uint32"},
		{"pkh(" + pub31 + "/*/1)", "pkh(): Key path value '*' is not a valid uint32"},
		{"pkh(" + pub31[:110] + "z)", "pkh(): key '" + pub31[:110] + "z' is not valid"},
		{"sh(multi(16" + many + "))", "P2SH script is too large, 547 bytes is larger than 520 bytes"},
		{"wsh(multi(2,[aaaaaaaa][aaaaaaaa]" + pub31 + "))", "Multi: Multiple ']' characters found for a single pubkey"},
		{"wsh(multi(2,[aaagaaaa]" + pub31 + "))", "Multi: Fingerprint 'aaagaaaa' is not hex"},
		{"wsh(multi(2,[aaaaaaaa]," + pub31 + "))", "Multi: No key provided"},
		{"wsh(multi(2,[aaaaaaa]" + pub31 + "))", "Multi: Fingerprint is not 4 bytes (7 characters instead of 8 characters)"},
		{"multi(a," + hex33 + "," + hex65 + ")", "Multi threshold 'a' is not valid"},
		{"multi(0," + hex33 + "," + hex65 + ")", "Multisig threshold cannot be 0, must be at least 1"},
		{"multi(3," + hex33 + "," + hex65 + ")", "Multisig threshold cannot be larger than the number of keys; threshold is 3 but only 2 keys specified"},
		{"multi(3" + many[:67*4] + ")", "Cannot have 4 pubkeys in bare multisig; only at most 3 pubkeys"},
		{"wsh(multi(1" + many + many[:67*5] + "))", "Cannot have 21 keys in multisig; must have between 1 and 20 keys, inclusive"},
		{"multi(1)", "Cannot have 0 keys in multisig; must have between 1 and 20 keys, inclusive"},
		{"sh(" + hex33 + ")", "A function is needed within P2SH"},
		{"sh(combo(" + hex33 + "))", "Can only have combo() at top level"},
		{"wsh(" + hex33 + ")", "A function is needed within P2WSH"},
		{"wsh(wpkh(" + hex33 + "))", "Can only have wpkh() at top level or inside sh()"},
		{"wsh(sh(pk(" + hex33 + ")))", "Can only have sh() at top level"},
		{"sh(sh(pk(" + hex33 + ")))", "Can only have sh() at top level"},
		{"wsh(wsh(pk(" + hex33 + ")))", "Can only have wsh() at top level or inside sh()"},
		{"wsh(and_v(v:pk(" + hex33 + "),older(9)))", "Miniscript expressions are not supported: 'and_v(v:pk(" + hex33 + "),older(9))'"},
		{"sh(addr(1BoatSLRHtKNngkdXEeobR76b53LETtpyT))", "Can only have addr() at top level"},
		{"sh(tr(" + hexX + "))", "Can only have tr at top level"},
		{"sh(rawtr(" + hexX + "))", "Can only have rawtr at top level"},
		{"sh(raw(51))", "Can only have raw() at top level"},
		{"multi_a(1," + hexX + ")", "Can only have multi_a/sortedmulti_a inside tr()"},
		{"tr(" + hexX + ",pk(" + hexX + "))", "tr(): script trees are not supported, only a key"},
		{"rawtr(" + hexX + "," + hexX + ")", "rawtr(): only one key expected."},
		{"foo(51)", "'foo(51)' is not a valid descriptor function"},
		{"", "'' is not a valid descriptor function"},
		{"pk(" + hex33 + "),x", "',x' after the end of the descriptor"},
		{"sh(pk(" + hex33 + "),x)", "sh(): ',x' after the script"},
		{withSum("#"), "Expected 8 character checksum, not 0 characters"},
		{withSum("#tjg09x5tq"), "Expected 8 character checksum, not 9 characters"},
		{withSum("#tjg09x5"), "Expected 8 character checksum, not 7 characters"},
		{strings.Replace(withSum("#tjg09x5t"), "multi(2", "multi(3", 1), "Provided checksum 'tjg09x5t' does not match computed checksum 'd4x0uxyv'"},
		{withSum("#tjq09x4t"), "Provided checksum 'tjq09x4t' does not match computed checksum 'tjg09x5t'"},
		{withSum("##tjq09x4t"), "Multiple '#' symbols"},
		{"addr(asdf)", "Address is not valid"},
		{"raw(asdf)", "Raw script is not hex"},
		{"raw(Ü)#00000000", "Invalid characters in payload"},
	}
	for _, row := range rows {
		d, err := Parse(row.text, "main", false)
		if err == nil {
			t.Errorf("%s: accepted as %s", row.text, d)
		} else if err.Error() != row.want || !errors.Is(err, ErrInvalid) {
			t.Errorf("%s:\n got %s\nwant %s", row.text, err, row.want)
		}
	}
	if _, err := Parse(withSum(""), "main", true); err == nil || err.Error() != "Missing checksum" {
		t.Error(err)
	}
	if _, err := Parse(withSum("#tjg09x5t"), "main", true); err != nil {
		t.Error(err)
	}
	if _, err := Parse(withSum(""), "mainnet", false); err == nil || errors.Is(err, ErrInvalid) {
		t.Errorf("unknown chain: %v", err)
	}
}

// The last rows of BIP32 test vector 5, and keys of another chain.
func TestExtendedKeysMustBelongToTheChainAndHaveAPossibleDepth(t *testing.T) {
	for _, k := range []string{
		"xprv9s2SPatNQ9Vc6GTbVMFPFo7jsaZySyzk7L8n2uqKXJen3KUmvQNTuLh3fhZMBoG3G4ZW1N2kZuHEPY53qmbZzCHshoQnNf4GvELZfqTUrcv",
		"xpub661no6RGEX3uJkY4bNnPcw4URcQTrSibUZ4NqJEw5eBkv7ovTwgiT91XX27VbEXGENhYRCf7hyEbWrR3FewATdCEebj6znwMfQkhRYHRLpJ",
		"xprv9s21ZrQH4r4TsiLvyLXqM9P7k1K3EYhA1kkD6xuquB5i39AU8KF42acDyL3qsDbU9NmZn6MsGSUYZEsuoePmjzsB3eFKSUEh3Gu1N3cqVUN",
		"xpub661MyMwAuDcm6CRQ5N4qiHKrJ39Xe1R1NyfouMKTTWcguwVcfrZJaNvhpebzGerh7gucBvzEQWRugZDuDXjNDRmXzSZe4c7mnTK97pTvGS8",
	} {
		if _, err := Parse("pk("+k+")", "main", false); err == nil {
			t.Errorf("%s: depth 0 with a parent or a child number accepted", k)
		}
	}
	for _, chain := range []string{"test", "testnet4", "signet", "regtest"} {
		if _, err := Parse("pk("+pubA+")", chain, false); err == nil {
			t.Errorf("a key of main was accepted on %s", chain)
		}
	}
}

func TestOutputsAreDescribedAsCoreDescribesThem(t *testing.T) {
	dir := os.Getenv("TROUPE_VECTORS")
	if dir == "" {
		t.Skip("TROUPE_VECTORS is not set: point it at a folder with rpc_decodescript.json")
	}
	raw, err := os.ReadFile(filepath.Join(dir, "rpc_decodescript.json"))
	if err != nil {
		t.Skip(err)
	}
	var rows [][2]json.RawMessage
	if err := json.Unmarshal(raw, &rows); err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		var text string
		var want struct{ Desc string }
		if json.Unmarshal(row[0], &text) != nil || json.Unmarshal(row[1], &want) != nil {
			t.Fatal("row of an unknown form")
		}
		pkScript, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := Infer(pkScript, "regtest"); got != want.Desc {
			t.Errorf("%s: %s, want %s", text, got, want.Desc)
		}
	}
	if len(rows) == 0 {
		t.Error("no rows")
	}
}

func TestInferredDescriptorsExpandToTheirScript(t *testing.T) {
	for _, s := range []string{
		"21" + hex33 + "ac", "41" + hex65 + "ac", "4106" + hex65[2:] + "ac", "5121" + hex33 + "41" + hex65 + "52ae", "51024e73", "6a0401020304", "51",
		"76a9149a1c78a507689f6f54b847ad1cef1e614ee23f1e88ac", "5120" + hexX, "5120" + strings.Repeat("ff", 32), "5121" + hex33 + "4106" + hex65[2:] + "52ae",
	} {
		pkScript, err := hex.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		text := Infer(pkScript, "regtest")
		d, err := Parse(text, "regtest", true)
		if err != nil {
			t.Errorf("%s: %s: %v", s, text, err)
			continue
		}
		if got := expandHex(t, d, 0); len(got) != 1 || got[0] != s {
			t.Errorf("%s: %s expands to %s", s, text, got)
		}
	}
	if got, want := Infer(nil, "main"), "raw()#58lrscpx"; got != want {
		t.Errorf("empty script: %s", got)
	}
}

func TestAnIndexHas31Bits(t *testing.T) {
	d, err := Parse("pk("+pubA+"/*)", "main", false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Expand(hardened - 1); err != nil {
		t.Error(err)
	}
	if _, err := d.Expand(hardened); !errors.Is(err, ErrInvalid) {
		t.Error(err)
	}
}

func TestChecksumSeesEverySingleChange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := []byte(rapid.StringMatching(`[0-9a-z(),/*'\[\]]{1,80}`).Draw(t, "text"))
		before, ok := Checksum(string(text))
		if !ok {
			t.Fatal("no checksum")
		}
		i := rapid.IntRange(0, len(text)-1).Draw(t, "at")
		c := inputCharset[rapid.IntRange(0, len(inputCharset)-1).Draw(t, "char")]
		if c == text[i] {
			return
		}
		text[i] = c
		if after, _ := Checksum(string(text)); after == before {
			t.Fatalf("%s: change at %d not seen", text, i)
		}
	})
}

// Whatever parses is written in a form that parses to the same.
func FuzzParse(f *testing.F) {
	f.Add("combo(" + hex33 + ")")
	f.Add("wsh(multi(2," + pub31 + "/2147483647'/0," + pub69 + "/1/2/*," + prvQT + "/10/20/30/40/*'))")
	f.Add("sh(wsh(sortedmulti(1,[deadbeef/1h]" + wif + "," + hex33 + ")))")
	f.Add("tr([aaaaaaaa]" + hexX + ")")
	f.Add("addr(1BoatSLRHtKNngkdXEeobR76b53LETtpyT)")
	f.Add("raw(6a)#00000000")
	f.Fuzz(func(t *testing.T, text string) {
		d, err := Parse(text, "main", false)
		if err != nil {
			if !errors.Is(err, ErrInvalid) || err.Error() == "" {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		written := d.String()
		again, err := Parse(written, "main", true)
		if err != nil || again.String() != written || again.HasPrivateKeys() {
			t.Fatalf("%q: written %q: %v", text, written, err)
		}
		scripts, err := d.Expand(5)
		if err != nil {
			return
		}
		if public, err := again.Expand(5); err == nil && !slices.EqualFunc(scripts, public, func(a, b []byte) bool { return string(a) == string(b) }) {
			t.Fatalf("%q: public and private forms expand differently", text)
		}
	})
}
