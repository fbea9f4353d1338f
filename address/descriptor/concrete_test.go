package descriptor

import (
	"encoding/hex"
	"slices"
	"testing"
)

// TestEachScriptIsDescribedByItsKeyAndWhereThatComesFrom: the combo() rows are from
// Core's rpc_scantxoutset.py.
func TestEachScriptIsDescribedByItsKeyAndWhereThatComesFrom(t *testing.T) {
	const (
		private = "tprv8ZgxMBicQKsPd7Uf69XL1XwhmjHopUGep8GuEiJDZmbQz6o58LninorQAfcKZWARbtRtfnLcJ5MQ2AtHcQJCCRUcMRvmDUjyEmNUWwx8UbK"
		public  = "tpubD6NzVbkrYhZ4WaWSyoBvQwbpLkojyoTZPRsgXELWz3Popb3qkjcJyJUGLnL4qHHoQvao8ESaAstxYSnhyswJ76uZPStJRJCTKvosUCJZL5B"
		pub0    = "03e1c5b6e650966971d7e71ef2674f80222752740fc1dfd63bbbd220d2da9bd0fb" // 1/1/0
		pub1    = "030d820fc9e8211c4169be8530efbc632775d8286167afd178caaf1089b77daba7" // 1/1/1
		g       = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
	)
	for _, row := range []struct {
		desc  string
		index uint32
		form  int
		want  string
	}{
		{"combo(" + private + "/0h/0'/*)", 1, 1, "pkh([0c5f9a1e/0h/0h/1]033e6f25d76c00bedb3a8993c7d5739ee806397f0529b1b31dda31ef890f19a60c)#mcjajulr"},
		{"combo(" + private + "/1/1/0)", 0, 1, "pkh([0c5f9a1e/1/1/0]" + pub0 + ")#cxmct4w8"},
		{"combo(" + public + "/1/1/*)", 1500, 1, "pkh([0c5f9a1e/1/1/1500]03832901c250025da2aebae2bfb38d5c703a57ab66ad477f9c578bfbcd78abca6f)#vchwd07g"},
		{"combo(" + public + "/1/1/*)", 0, 3, addChecksum("sh(wpkh([0c5f9a1e/1/1/0]" + pub0 + "))")},
		{"wpkh([abcdef88/1/2'/3/4h]" + public + "/1/1/1)", 0, 0, addChecksum("wpkh([abcdef88/1/2h/3/4h/1/1/1]" + pub1 + ")")},
		{"wsh(sortedmulti(1," + public + "/1/1/0," + public + "/1/1/1))", 0, 0,
			addChecksum("wsh(multi(1,[0c5f9a1e/1/1/1]" + pub1 + ",[0c5f9a1e/1/1/0]" + pub0 + "))")},
		{"pkh(" + g + ")", 0, 0, addChecksum("pkh([751e76e8]" + g + ")")},
		{"tr(" + g + ")", 0, 0, addChecksum("tr([751e76e8]" + g[2:] + ")")},
		{"raw(51)", 0, 0, addChecksum("raw(51)")},
	} {
		d, err := Parse(row.desc, "regtest", false)
		if err != nil {
			t.Fatalf("%s: %v", row.desc, err)
		}
		outputs, err := d.Outputs(row.index, "regtest")
		if err != nil {
			t.Fatalf("%s: %v", row.desc, err)
		}
		got := outputs[row.form]
		if got.Desc != row.want {
			t.Errorf("%s: %s, want %s", row.desc, got.Desc, row.want)
		}
		again, err := Parse(got.Desc, "regtest", true)
		if err != nil {
			t.Errorf("%s: %v", got.Desc, err)
			continue
		}
		if scripts, err := again.Expand(0); err != nil || !slices.Equal(scripts[0], got.PkScript) {
			t.Errorf("%s stands for %s, not for %s", got.Desc, hex.EncodeToString(scripts[0]), hex.EncodeToString(got.PkScript))
		}
	}
}
