package rpc

import (
	"bytes"
	"encoding/base64"

	"github.com/troupe-node/troupe/address"
	"github.com/troupe-node/troupe/script"
	"github.com/troupe-node/troupe/script/secp"
	"github.com/troupe-node/troupe/tx"
)

var messageMethods = []Method{
	{
		Name: "signmessagewithprivkey", Category: "util",
		Params: []Param{
			{Name: "privkey", Kind: String, Doc: "The private key to sign the message with."},
			{Name: "message", Kind: String, Doc: "The message to create a signature of."},
		},
		Summary: "Sign a message with the private key of an address\n",
		Result:  "\"str\"    (string) The signature of the message encoded in base 64",
		Handler: signMessage,
	},
	{
		Name: "verifymessage", Category: "util",
		Params: []Param{
			{Name: "address", Kind: String, Doc: "The bitcoin address to use for the signature."},
			{Name: "signature", Kind: String, Doc: "The signature provided by the signer in base 64 encoding (see signmessage)."},
			{Name: "message", Kind: String, Doc: "The message that was signed."},
		},
		Summary: "Verify a signed message.",
		Result:  "true|false    (boolean) If the signature is verified or not.",
		Handler: verifyMessage,
	},
}

// messageMagic makes sure that no signed message is a signed transaction.
const messageMagic = "Bitcoin Signed Message:\n"

func messageHash(text string) [32]byte {
	var b []byte
	for _, s := range []string{messageMagic, text} {
		b = append(tx.AppendCompactSize(b, uint64(len(s))), s...)
	}
	return tx.DoubleSHA256(b)
}

func signMessage(c *Call) (any, error) {
	key, compressed, err := address.DecodeWIF(c.String(0, ""), c.Node.Board.Params.Name)
	if err != nil {
		return nil, Errorf(CodeInvalidAddress, "Invalid private key")
	}
	hash := messageHash(c.String(1, ""))
	return base64.StdEncoding.EncodeToString(secp.SignCompact(key, &hash, compressed)), nil
}

func verifyMessage(c *Call) (any, error) {
	pkScript, err := address.Decode(c.String(0, ""), c.Node.Board.Params.Name)
	if err != nil {
		return nil, Errorf(CodeInvalidAddress, "Invalid address")
	}
	class, parts := script.Classify(pkScript)
	if class != script.PubKeyHash {
		return nil, Errorf(CodeType, "Address does not refer to key")
	}
	sig, err := base64.StdEncoding.DecodeString(c.String(1, ""))
	if err != nil {
		return nil, Errorf(CodeType, "Malformed base64 encoding")
	}
	hash := messageHash(c.String(2, ""))
	public, ok := secp.RecoverCompact(sig, &hash)
	if !ok {
		return false, nil
	}
	keyHash := script.Hash160(public)
	return bytes.Equal(keyHash[:], parts[0]), nil
}
