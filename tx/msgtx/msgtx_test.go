package msgtx

import (
	"bytes"
	"testing"

	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/troupe-node/troupe/tx"
)

func TestGenesisBlockSurvivesTheRoundTrip(t *testing.T) {
	block, err := ToBlock(chaincfg.MainNetParams.GenesisBlock)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := block.Hash().String(), chaincfg.MainNetParams.GenesisHash.String(); got != want {
		t.Fatalf("hash %s, want %s", got, want)
	}
	back, err := FromBlock(block)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := back.Serialize(&b); err != nil || !bytes.Equal(b.Bytes(), block.Bytes()) {
		t.Fatalf("bytes differ after the round trip (%v)", err)
	}
}

// FuzzTransactionsAreReadAsBtcsuiteReadsThem holds tx.ParsePrefix against
// wire.MsgTx. btcsuite has limits of its own on counts, which Core has not, so
// only what btcsuite reads must be read alike; and what we read and btcsuite
// refuses must at least survive our own round trip.
func FuzzTransactionsAreReadAsBtcsuiteReadsThem(f *testing.F) {
	for _, block := range []*wire.MsgBlock{chaincfg.MainNetParams.GenesisBlock, chaincfg.SigNetParams.GenesisBlock} {
		var b bytes.Buffer
		if err := block.Transactions[0].Serialize(&b); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	witness := tx.New(2, []tx.Input{{Sequence: 1, Witness: [][]byte{{1, 2}, nil}}}, []tx.Output{{Value: 5, PkScript: []byte{0x51}}}, 9)
	f.Add(witness.Bytes())
	f.Fuzz(func(t *testing.T, raw []byte) {
		ours, n, err := tx.ParsePrefix(raw)
		r := bytes.NewReader(raw)
		theirs := new(wire.MsgTx)
		theirErr := theirs.Deserialize(r)
		if err != nil {
			if theirErr == nil && len(theirs.TxIn) > 0 {
				t.Fatalf("btcsuite reads what we refuse: %v", err)
			}
			return
		}
		if !bytes.Equal(ours.Bytes(), raw[:n]) {
			t.Fatal("bytes differ from what was read")
		}
		again := tx.New(ours.Version, ours.Inputs, ours.Outputs, ours.LockTime)
		if len(ours.Inputs) > 0 && (!bytes.Equal(again.Bytes(), ours.Bytes()) || again.ID() != ours.ID()) {
			t.Fatal("made again from its parts it differs")
		}
		if theirErr != nil || len(theirs.TxIn) == 0 {
			return
		}
		if got, want := ours.ID(), tx.Hash(theirs.TxHash()); got != want {
			t.Fatalf("id %s, want %s", got, want)
		}
		if got, want := ours.WitnessID(), tx.Hash(theirs.WitnessHash()); got != want {
			t.Fatalf("witness id %s, want %s", got, want)
		}
		if ours.StrippedSize() != theirs.SerializeSizeStripped() || ours.Size() != theirs.SerializeSize() {
			t.Fatal("sizes differ")
		}
	})
}
