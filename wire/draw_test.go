package wire

import (
	"pgregory.net/rapid"

	"github.com/troupe-node/troupe/tx"
	"github.com/troupe-node/troupe/wire/netaddr"
)

// Generators of every message, shared by the property tests, the differential
// tests and the seeds of the fuzz targets.

func drawHash(t *rapid.T) tx.Hash {
	return tx.Hash(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "hash"))
}

func drawHashes(t *rapid.T, most int) []tx.Hash {
	return rapid.SliceOfN(rapid.Custom(drawHash), 0, most).Draw(t, "hashes")
}

func drawHeader(t *rapid.T) tx.Header {
	h, err := tx.ParseHeader(rapid.SliceOfN(rapid.Byte(), 80, 80).Draw(t, "header"))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func drawTx(t *rapid.T) *tx.Tx {
	witness := rapid.Bool().Draw(t, "witness")
	in := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) tx.Input {
		i := tx.Input{PrevOut: tx.OutPoint{Hash: drawHash(t), Index: rapid.Uint32().Draw(t, "index")}, ScriptSig: drawBytes(t, 80), Sequence: rapid.Uint32().Draw(t, "sequence")}
		if witness {
			i.Witness = [][]byte{drawBytes(t, 80), {}}
		}
		return i
	}), 1, 3).Draw(t, "inputs")
	out := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) tx.Output {
		return tx.Output{Value: rapid.Int64().Draw(t, "value"), PkScript: drawBytes(t, 40)}
	}), 1, 3).Draw(t, "outputs")
	return tx.New(rapid.Uint32().Draw(t, "version"), in, out, rapid.Uint32().Draw(t, "locktime"))
}

func drawTxs(t *rapid.T) []*tx.Tx {
	return rapid.SliceOfN(rapid.Custom(drawTx), 1, 3).Draw(t, "txs")
}

func drawBytes(t *rapid.T, most int) []byte {
	return rapid.SliceOfN(rapid.Byte(), 0, most).Draw(t, "bytes")
}

func drawInventory(t *rapid.T) []InvVect {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) InvVect {
		kind := rapid.SampledFrom([]InvType{InvTx, InvBlock, InvFilteredBlock, InvCmpctBlock, InvWTx, InvWitnessTx, InvWitnessBlock, 99}).Draw(t, "type")
		return InvVect{kind, drawHash(t)}
	}), 0, 20).Draw(t, "inventory")
}

func drawAddrPort(t *rapid.T, v1 bool) netaddr.AddrPort {
	nets := netaddr.Networks
	if v1 {
		nets = []netaddr.Network{netaddr.IPv4, netaddr.IPv6}
	}
	n := rapid.SampledFrom(nets).Draw(t, "network")
	host := rapid.SliceOfN(rapid.Byte(), n.Size(), n.Size()).Draw(t, "host")
	switch n {
	case netaddr.CJDNS:
		host[0] = 0xfc
	case netaddr.IPv6:
		host[0] = 0x20 // neither mapped nor Tor v2
	}
	a, err := netaddr.FromBytes(n, host)
	if err != nil {
		t.Fatal(err)
	}
	return netaddr.AddrPort{Addr: a, Port: rapid.Uint16().Draw(t, "port")}
}

func drawAddrs(t *rapid.T, v1 bool) []PeerAddr {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) PeerAddr {
		services := rapid.Uint64Range(0, 1<<25)
		if !v1 {
			services = rapid.Uint64()
		}
		return PeerAddr{rapid.Uint32().Draw(t, "time"), Services(services.Draw(t, "services")), drawAddrPort(t, v1)}
	}), 0, 20).Draw(t, "addrs")
}

func drawEndpoint(t *rapid.T) Endpoint {
	return Endpoint{Services(rapid.Uint64().Draw(t, "services")), drawAddrPort(t, true)}
}

func drawIndexes(t *rapid.T) []uint16 {
	set := rapid.SliceOfNDistinct(rapid.Uint16(), 0, 20, rapid.ID).Draw(t, "indexes")
	for i := range set { // few: insertion sort
		for j := i; j > 0 && set[j] < set[j-1]; j-- {
			set[j], set[j-1] = set[j-1], set[j]
		}
	}
	return set
}

func drawVersion(t *rapid.T) Message {
	return &Version{
		Protocol: rapid.Int32().Draw(t, "protocol"), Services: Services(rapid.Uint64().Draw(t, "services")), Time: rapid.Int64Min(0).Draw(t, "time"),
		To: drawEndpoint(t), From: drawEndpoint(t), Nonce: rapid.Uint64().Draw(t, "nonce"), UserAgent: rapid.StringN(0, -1, MaxUserAgent).Draw(t, "agent"),
		StartHeight: rapid.Int32().Draw(t, "height"), Relay: rapid.Bool().Draw(t, "relay"),
	}
}

func drawCmpctBlock(t *rapid.T) Message {
	m := &CmpctBlock{Header: drawHeader(t), Nonce: rapid.Uint64().Draw(t, "nonce"), ShortIDs: rapid.SliceOfN(rapid.Uint64Range(0, 1<<48-1), 0, 20).Draw(t, "ids"), Prefilled: []PrefilledTx{}}
	for _, i := range drawIndexes(t) {
		m.Prefilled = append(m.Prefilled, PrefilledTx{i, drawTx(t)})
	}
	return m
}

// draws has a generator per command that Decode reads.
var draws = map[string]func(*rapid.T) Message{
	CmdAddr:     func(t *rapid.T) Message { return &Addr{drawAddrs(t, true)} },
	CmdAddrV2:   func(t *rapid.T) Message { return &AddrV2{drawAddrs(t, false)} },
	CmdBlock:    func(t *rapid.T) Message { return &Block{tx.NewBlock(drawHeader(t), drawTxs(t))} },
	CmdBlockTxn: func(t *rapid.T) Message { return &BlockTxn{drawHash(t), drawTxs(t)} },
	CmdCFCheckpt: func(t *rapid.T) Message {
		return &CFCheckpt{FilterType(rapid.Byte().Draw(t, "type")), drawHash(t), drawHashes(t, 20)}
	},
	CmdCFHeaders: func(t *rapid.T) Message {
		return &CFHeaders{FilterType(rapid.Byte().Draw(t, "type")), drawHash(t), drawHash(t), drawHashes(t, 20)}
	},
	CmdCFilter: func(t *rapid.T) Message {
		return &CFilter{FilterType(rapid.Byte().Draw(t, "type")), drawHash(t), drawBytes(t, 300)}
	},
	CmdCmpctBlock:  drawCmpctBlock,
	CmdFeeFilter:   func(t *rapid.T) Message { return &FeeFilter{rapid.Int64().Draw(t, "fee")} },
	CmdFilterAdd:   func(t *rapid.T) Message { return &FilterAdd{drawBytes(t, MaxFilterAdd)} },
	CmdFilterClear: func(*rapid.T) Message { return &FilterClear{} },
	CmdFilterLoad: func(t *rapid.T) Message {
		return &FilterLoad{drawBytes(t, 300), rapid.Uint32Range(0, 50).Draw(t, "funcs"), rapid.Uint32().Draw(t, "tweak"), rapid.Byte().Draw(t, "flags")}
	},
	CmdGetAddr: func(*rapid.T) Message { return &GetAddr{} },
	CmdGetBlocks: func(t *rapid.T) Message {
		return &GetBlocks{rapid.Uint32().Draw(t, "protocol"), drawHashes(t, MaxLocator), drawHash(t)}
	},
	CmdGetBlockTxn:  func(t *rapid.T) Message { return &GetBlockTxn{drawHash(t), drawIndexes(t)} },
	CmdGetCFCheckpt: func(t *rapid.T) Message { return &GetCFCheckpt{FilterType(rapid.Byte().Draw(t, "type")), drawHash(t)} },
	CmdGetCFHeaders: func(t *rapid.T) Message {
		return &GetCFHeaders{FilterType(rapid.Byte().Draw(t, "type")), rapid.Uint32().Draw(t, "start"), drawHash(t)}
	},
	CmdGetCFilters: func(t *rapid.T) Message {
		return &GetCFilters{FilterType(rapid.Byte().Draw(t, "type")), rapid.Uint32().Draw(t, "start"), drawHash(t)}
	},
	CmdGetData: func(t *rapid.T) Message { return &GetData{drawInventory(t)} },
	CmdGetHeaders: func(t *rapid.T) Message {
		return &GetHeaders{rapid.Uint32().Draw(t, "protocol"), drawHashes(t, MaxLocator), drawHash(t)}
	},
	CmdHeaders: func(t *rapid.T) Message {
		return &Headers{rapid.SliceOfN(rapid.Custom(drawHeader), 0, 20).Draw(t, "headers")}
	},
	CmdInv:     func(t *rapid.T) Message { return &Inv{drawInventory(t)} },
	CmdMempool: func(*rapid.T) Message { return &Mempool{} },
	CmdMerkleBlock: func(t *rapid.T) Message {
		return &MerkleBlock{drawHeader(t), rapid.Uint32().Draw(t, "txs"), drawHashes(t, 20), drawBytes(t, 10)}
	},
	CmdNotFound:   func(t *rapid.T) Message { return &NotFound{drawInventory(t)} },
	CmdPing:       func(t *rapid.T) Message { return &Ping{rapid.Uint64().Draw(t, "nonce")} },
	CmdPong:       func(t *rapid.T) Message { return &Pong{rapid.Uint64().Draw(t, "nonce")} },
	CmdSendAddrV2: func(*rapid.T) Message { return &SendAddrV2{} },
	CmdSendCmpct: func(t *rapid.T) Message {
		return &SendCmpct{rapid.Bool().Draw(t, "high"), rapid.Uint64().Draw(t, "version")}
	},
	CmdSendHeaders: func(*rapid.T) Message { return &SendHeaders{} },
	CmdTx:          func(t *rapid.T) Message { return &Tx{drawTx(t)} },
	CmdVerack:      func(*rapid.T) Message { return &Verack{} },
	CmdVersion:     drawVersion,
	CmdWTxIDRelay:  func(*rapid.T) Message { return &WTxIDRelay{} },
}
