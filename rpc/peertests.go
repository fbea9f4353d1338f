package rpc

import (
	"encoding/hex"
	"errors"
	"math"
	"strings"

	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/config"
	"github.com/troupe-node/troupe/wire"
)

// peerTestMethods are hidden: rigs make connections and messages with them that a
// node makes by itself otherwise.
var peerTestMethods = []Method{
	{
		Name: "addconnection", Category: "hidden", Hidden: true,
		Params: []Param{
			{Name: "address", Kind: String, Doc: "The IP address and port to attempt connecting to."},
			{Name: "connection_type", Kind: String, Doc: "Type of connection to open (\"outbound-full-relay\", \"block-relay-only\", \"addr-fetch\" or \"feeler\")."},
			{Name: "v2transport", Kind: Bool, Doc: "Attempt to connect using BIP324 v2 transport protocol"},
		},
		Summary: "Open an outbound connection to a specified node. This RPC is for testing only.",
		Result:  "{ \"address\", \"connection_type\" }    (json object)",
		Handler: addConnection,
	},
	{
		Name: "sendmsgtopeer", Category: "hidden", Hidden: true,
		Params: []Param{
			{Name: "peer_id", Kind: Number, Doc: "The peer to send the message to."},
			{Name: "msg_type", Kind: String, Doc: "The message type (maximum length 12)"},
			{Name: "msg", Kind: String, Doc: "The serialized message body to send, in hex, without a message header"},
		},
		Summary: "Send a p2p message to a peer specified by id.\nThe message type and body must be provided, the message header will be generated.\nThis RPC is for testing only.",
		Result:  "{}    (empty JSON object)",
		Handler: sendMsgToPeer,
	},
}

func addConnection(c *Call) (any, error) {
	if c.Node.Config.Chain != config.Regtest {
		return nil, Errorf(CodeMisc, "addconnection is for regression testing (-regtest mode) only.")
	}
	node, typ := strings.TrimSpace(c.String(0, "")), msg.ConnType(strings.TrimSpace(c.String(1, "")))
	switch typ {
	case msg.OutboundRelay, msg.BlockRelay, msg.AddrFetch, msg.Feeler:
	default:
		m, _ := c.Server.registry.Lookup("addconnection")
		return nil, Errorf(CodeInvalidParam, "%s", m.Help())
	}
	if c.Bool(2, false) {
		return nil, Errorf(CodeInvalidParam, "Error: Adding v2transport connections requires -v2transport init flag to be set.")
	}
	if err := c.peerCommand(&msg.PeerCommand{What: msg.Connect, Node: node, Type: typ}); err != nil {
		return nil, err
	}
	return Object{{"address", node}, {"connection_type", typ}}, nil
}

// maxCommand is how long the name of a message may be.
const maxCommand = 12

func sendMsgToPeer(c *Call) (any, error) {
	id, err := c.Int(0, 0)
	if err != nil {
		return nil, err
	}
	name := c.String(1, "")
	if len(name) > maxCommand {
		return nil, Errorf(CodeInvalidParam, "Error: msg_type too long, max length is %d", maxCommand)
	}
	payload, err := hex.DecodeString(c.String(2, ""))
	if err != nil {
		return nil, Errorf(CodeInvalidParam, "Error parsing input for msg")
	}
	err = c.peerCommand(&msg.PeerCommand{What: msg.SendMessage, ID: msg.FromShownID(id), Message: &wire.Raw{Name: name, Payload: payload}})
	var e *Error
	if errors.As(err, &e) && e.Code == CodeNodeNotOnline {
		return nil, Errorf(CodeMisc, "Error: Could not send message to peer")
	}
	return Object{}, err
}

// port reads a number that Core keeps in 16 bits.
func (c *Call) port(i int) (uint16, error) {
	v, err := c.Int(i, 0)
	if err == nil && (v < 0 || v > math.MaxUint16) {
		err = Errorf(CodeMisc, "JSON integer out of range")
	}
	return uint16(v), err
}
