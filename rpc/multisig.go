package rpc

import (
	"encoding/hex"
	"slices"

	"github.com/troupe-node/troupe/address"
	"github.com/troupe-node/troupe/address/descriptor"
	"github.com/troupe-node/troupe/script"
	"github.com/troupe-node/troupe/script/secp"
)

var multiSigMethods = []Method{{
	Name: "createmultisig", Category: "util",
	Params: []Param{
		{Name: "nrequired", Kind: Number, Doc: "The number of required signatures out of the n keys."},
		{Name: "keys", Kind: Array, Shape: `["key",...]`, Doc: "The hex-encoded public keys."},
		{Name: "address_type", Kind: String, Optional: true, Default: `"legacy"`, Doc: "The address type to use. Options are \"legacy\", \"p2sh-segwit\", and \"bech32\"."},
	},
	Summary: "Creates a multi-signature address with n signature of m keys required.\nIt returns a json object with the address and redeemScript.",
	Result:  "{ \"address\", \"redeemScript\", \"descriptor\", \"warnings\" }    (json object)",
	Handler: createMultiSig,
}}

type multiSigResult struct {
	Address      string   `json:"address"`
	RedeemScript hexBytes `json:"redeemScript"`
	Descriptor   string   `json:"descriptor"`
	Warnings     []string `json:"warnings,omitempty"`
}

// Limits of a script of many keys, and of a script behind P2SH.
const (
	maxMultiSigKeys  = 20
	maxRedeemScript  = 520
	legacyType       = "legacy"
	nestedSegwitType = "p2sh-segwit"
)

func createMultiSig(c *Call) (any, error) {
	required, err := c.Int32(0, 0)
	if err != nil {
		return nil, err
	}
	keys, err := c.publicKeys(1)
	if err != nil {
		return nil, err
	}
	kind := c.String(2, legacyType)
	switch kind {
	case legacyType, nestedSegwitType, "bech32":
	case "bech32m":
		return nil, Errorf(CodeInvalidAddress, "createmultisig cannot create bech32m multisig addresses")
	default:
		return nil, Errorf(CodeInvalidAddress, "Unknown address type '%s'", kind)
	}
	switch {
	case required < 1:
		return nil, Errorf(CodeInvalidParam, "a multisignature address must require at least one key to redeem")
	case len(keys) < int(required):
		return nil, Errorf(CodeInvalidParam, "not enough keys supplied (got %d keys, but need at least %d to redeem)", len(keys), required)
	case len(keys) > maxMultiSigKeys:
		return nil, Errorf(CodeInvalidParam, "Number of keys involved in the multisignature address creation > %d\nReduce the number", maxMultiSigKeys)
	}
	redeem := script.PayToMultiSig(int(required), keys...)
	r := multiSigResult{RedeemScript: redeem}
	// Segwit does not know uncompressed keys.
	if kind != legacyType && slices.ContainsFunc(keys, func(k []byte) bool { return len(k) != 33 }) {
		kind = legacyType
		r.Warnings = []string{"Unable to make chosen address type, please ensure no uncompressed public keys are present."}
	}
	if kind == legacyType && len(redeem) > maxRedeemScript {
		return nil, Errorf(CodeInvalidParam, "redeemScript exceeds size limit: %d > %d", len(redeem), maxRedeemScript)
	}
	r.Address, r.Descriptor = c.Node.multiSigOutput(kind, redeem)
	return r, nil
}

// publicKeys reads an array of public keys in hex.
func (c *Call) publicKeys(i int) ([][]byte, error) {
	var keys [][]byte
	for _, raw := range c.Elements(i) {
		s, err := text(raw)
		if err != nil {
			return nil, err
		}
		key, err := hex.DecodeString(s)
		switch {
		case err != nil:
			return nil, Errorf(CodeInvalidAddress, "Pubkey \"%s\" must be a hex string", s)
		case len(key) != 33 && len(key) != 65:
			return nil, Errorf(CodeInvalidAddress, "Pubkey \"%s\" must have a length of either 33 or 65 bytes", s)
		case !secp.CheckPubKey(key):
			return nil, Errorf(CodeInvalidAddress, "Pubkey \"%s\" must be cryptographically valid.", s)
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// multiSigOutput wraps a script as a kind of address wants it.
func (n *Node) multiSigOutput(kind string, redeem []byte) (addr, desc string) {
	chain := n.Board.Params.Name
	desc = descriptor.Infer(redeem, chain)
	desc = desc[:max(0, len(desc)-9)] // without its checksum
	pkScript := redeem
	if kind != legacyType {
		pkScript, desc = payToWitnessScript(redeem), "wsh("+desc+")"
	}
	if kind == legacyType || kind == nestedSegwitType {
		pkScript, desc = payToScriptHash(pkScript), "sh("+desc+")"
	}
	addr, _ = address.Encode(pkScript, chain)
	if sum, ok := descriptor.Checksum(desc); ok {
		desc += "#" + sum
	}
	return addr, desc
}
