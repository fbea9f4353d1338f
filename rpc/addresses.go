package rpc

import (
	"errors"

	"github.com/troupe-node/troupe/address"
	"github.com/troupe-node/troupe/address/descriptor"
	"github.com/troupe-node/troupe/script"
)

var descriptorParam = Param{Name: "descriptor", Kind: String, Doc: "The descriptor."}

var addressMethods = []Method{
	{
		Name: "validateaddress", Category: "util",
		Params:  []Param{{Name: "address", Kind: String, Doc: "The bitcoin address to validate"}},
		Summary: "Return information about the given bitcoin address.",
		Result: `{ "isvalid", "address", "scriptPubKey", "isscript", "iswitness", "witness_version", "witness_program", "error_locations": [ ... ],
  "error" }    (json object)`,
		Handler: validateAddress,
	},
	{
		Name: "getdescriptorinfo", Category: "util", Params: []Param{descriptorParam},
		Summary: "Analyses a descriptor.",
		Result:  `{ "descriptor", "checksum", "isrange", "issolvable", "hasprivatekeys" }    (json object)`,
		Handler: getDescriptorInfo,
	},
	{
		Name: "deriveaddresses", Category: "util",
		Params: []Param{descriptorParam,
			{Name: "range", Kind: Range, Optional: true, Doc: "If a ranged descriptor is used, this specifies the end or the range (in [begin,end] notation) to derive."}},
		Summary: "Derives one or more addresses corresponding to an output descriptor.",
		Result:  "[ \"str\", ... ]    (json array) the derived addresses",
		Handler: deriveAddresses,
	},
}

type addressFields struct {
	IsValid        bool      `json:"isvalid"`
	Address        string    `json:"address"`
	ScriptPubKey   hexBytes  `json:"scriptPubKey"`
	IsScript       *bool     `json:"isscript,omitempty"`
	IsWitness      bool      `json:"iswitness"`
	WitnessVersion *int      `json:"witness_version,omitempty"`
	WitnessProgram *hexBytes `json:"witness_program,omitempty"`
}

type invalidAddress struct {
	IsValid   bool   `json:"isvalid"`
	Locations []int  `json:"error_locations"`
	Error     string `json:"error"`
}

func validateAddress(c *Call) (any, error) {
	chain := c.Node.Board.Params.Name
	pkScript, err := address.Decode(c.String(0, ""), chain)
	if err != nil {
		f := invalidAddress{Locations: []int{}, Error: err.Error()}
		var e *address.Error
		if errors.As(err, &e) {
			f.Locations = append(f.Locations, e.Locations...)
		}
		return f, nil
	}
	f := addressFields{IsValid: true, ScriptPubKey: pkScript}
	f.Address, _ = address.Encode(pkScript, chain)
	class, _ := script.Classify(pkScript)
	isScript := class != script.PubKeyHash && class != script.WitnessV0KeyHash
	if class != script.WitnessUnknown {
		f.IsScript = &isScript
	}
	version, program, ok := script.IsWitnessProgram(pkScript)
	if f.IsWitness = ok; ok && class != script.Anchor {
		f.WitnessVersion, f.WitnessProgram = &version, (*hexBytes)(&program)
	}
	return f, nil
}

type descriptorInfo struct {
	Descriptor     string `json:"descriptor"`
	Checksum       string `json:"checksum"`
	IsRange        bool   `json:"isrange"`
	IsSolvable     bool   `json:"issolvable"`
	HasPrivateKeys bool   `json:"hasprivatekeys"`
}

func getDescriptorInfo(c *Call) (any, error) {
	text := c.String(0, "")
	d, err := c.Node.parseDescriptor(text, false)
	if err != nil {
		return nil, err
	}
	body := text
	for i := range body {
		if body[i] == '#' {
			body = body[:i]
			break
		}
	}
	sum, _ := descriptor.Checksum(body)
	return descriptorInfo{d.String(), sum, d.IsRange(), d.IsSolvable(), d.HasPrivateKeys()}, nil
}

func deriveAddresses(c *Call) (any, error) {
	first, last := int64(0), int64(0)
	if c.Has(1) {
		var err error
		if first, last, err = parseRange(c.args[1]); err != nil {
			return nil, err
		}
	}
	d, err := c.Node.parseDescriptor(c.String(0, ""), true)
	switch {
	case err != nil:
		return nil, err
	case !d.IsRange() && c.Has(1):
		return nil, Errorf(CodeInvalidParam, "Range should not be specified for an un-ranged descriptor")
	case d.IsRange() && !c.Has(1):
		return nil, Errorf(CodeInvalidParam, "Range must be specified for a ranged descriptor")
	}
	list := []string{}
	for i := first; i <= last; i++ {
		scripts, err := d.Expand(uint32(i))
		if err != nil {
			return nil, Errorf(CodeInvalidAddress, "Cannot derive script without private keys")
		}
		for _, s := range scripts {
			a, ok := address.Encode(s, c.Node.Board.Params.Name)
			if class, _ := script.Classify(s); class == script.PubKey && len(scripts) > 1 {
				continue // combo() also stands for the bare key, which has no address
			}
			if !ok {
				return nil, Errorf(CodeInvalidAddress, "Descriptor does not have a corresponding address")
			}
			list = append(list, a)
		}
	}
	if len(list) == 0 {
		return nil, Errorf(CodeMisc, "Unexpected empty result")
	}
	return list, nil
}
