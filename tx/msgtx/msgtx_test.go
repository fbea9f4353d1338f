package msgtx

import (
	"bytes"
	"testing"

	"github.com/btcsuite/btcd/chaincfg/v2"
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
