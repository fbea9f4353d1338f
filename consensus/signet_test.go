package consensus_test

import (
	"testing"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

func TestASolutionMustDecodeAndSpendTheChallenge(t *testing.T) {
	header := []byte{0xec, 0xc7, 0xda, 0xa2}
	solution := func(b ...byte) []byte {
		data := append(append([]byte(nil), header...), b...)
		return append([]byte{byte(len(data))}, data...)
	}
	long := append(append([]byte{0x4d, 0x08, 0x01}, header...), make([]byte, 260)...) // OP_PUSHDATA2
	anyone, nobody := []byte{0x51}, []byte{0x6a}
	rows := []struct {
		what      string
		challenge []byte
		behind    []byte // the commitment
		ok        bool
	}{
		{"no solution, and none is needed", anyone, nil, true},
		{"no solution, but one is needed", nobody, nil, false},
		{"an empty script and witness", anyone, solution(0, 0), true},
		{"a header alone is no solution", anyone, solution(), true},
		{"a script", anyone, solution(1, 0x51, 0), true},
		{"a witness that nothing asks for", anyone, solution(0, 1, 0), false},
		{"a byte behind the witness", anyone, solution(0, 0, 0), false},
		{"a script that ends early", anyone, solution(2, 0x51), false},
		{"no witness count", anyone, solution(0), false},
		{"a witness that ends early", anyone, solution(0, 1), false},
		{"more witness items than bytes", anyone, solution(0, 0xfd, 0xff, 0xff), false},
		{"a script that fails", []byte{}, solution(0, 0), false},
		{"a script that satisfies", []byte{}, solution(1, 0x51, 0), true},
		{"only the first solution counts", []byte{}, append(solution(1, 0x51, 0), solution(0, 0)...), true},
		{"a long push", anyone, long, false},
		{"a push that ends early falls away", anyone, []byte{0x4c}, true},
		{"a long push that ends early falls away", anyone, []byte{0x4e, 1, 0, 0, 0}, true},
	}
	for _, row := range rows {
		t.Run(row.what, func(t *testing.T) {
			p := params(t, "signet", consensus.WithSignetChallenge(row.challenge))
			p.PowLimit = params(t, "regtest").PowLimit
			commitment := append(consensus.WitnessCommitmentScript([]*tx.Tx{nil}, [32]byte{}), row.behind...)
			cb := coinbaseWith([]byte{0x51, 0x51}, [][]byte{make([]byte, 32)}, []tx.Output{{PkScript: commitment}})
			b := seal(t, p, tx.Header{Version: 4, Time: 1_700_000_000, Bits: 0x207fffff}, cb)
			kind := consensus.ErrSignetSolution
			if row.ok {
				kind = ""
			}
			wantRule(t, consensus.CheckBlock(b, p), kind, consensus.Invalid)
		})
	}
	p := params(t, "signet", consensus.WithSignetChallenge(anyone))
	p.PowLimit = params(t, "regtest").PowLimit
	plain := seal(t, p, tx.Header{Version: 4, Bits: 0x207fffff}, coinbase(1, 1))
	wantRule(t, consensus.CheckBlock(plain, p), consensus.ErrSignetSolution, consensus.Invalid)
}

// The signature must not commit to itself: whatever the solution, the
// challenge is the same.
func TestASolutionDoesNotChangeWhatItSigns(t *testing.T) {
	make := func(solution []byte) *tx.Tx {
		commitment := append(consensus.WitnessCommitmentScript([]*tx.Tx{nil}, [32]byte{}), solution...)
		cb := coinbaseWith([]byte{0x51, 0x51}, nil, []tx.Output{{PkScript: commitment}})
		toSpend, _, ok := consensus.SignetTxs(tx.NewBlock(tx.Header{Time: 5}, []*tx.Tx{cb}), []byte{0x51})
		if !ok {
			t.Fatal("no challenge")
		}
		return toSpend
	}
	header := []byte{4, 0xec, 0xc7, 0xda, 0xa2}
	short := make([]byte{6, 0xec, 0xc7, 0xda, 0xa2, 0, 0})
	if other := make([]byte{0x4c, 7, 0xec, 0xc7, 0xda, 0xa2, 1, 0x51, 0}); other.ID() != short.ID() {
		t.Error("another solution, another challenge")
	}
	if unsolved := make(header); unsolved.ID() != short.ID() {
		t.Error("the challenge differs from the one a miner signs")
	}
}

// A decoder of hostile bytes: it may refuse, never fail.
func FuzzSignetSolution(f *testing.F) {
	f.Add([]byte{6, 0xec, 0xc7, 0xda, 0xa2, 0, 0})
	f.Add([]byte{0x4e, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, behind []byte) {
		commitment := append(consensus.WitnessCommitmentScript([]*tx.Tx{nil}, [32]byte{}), behind...)
		cb := coinbaseWith([]byte{0x51, 0x51}, nil, []tx.Output{{PkScript: commitment}})
		toSpend, spending, ok := consensus.SignetTxs(tx.NewBlock(tx.Header{}, []*tx.Tx{cb}), []byte{0x51})
		if ok && spending.Inputs[0].PrevOut.Hash != toSpend.ID() {
			t.Error("the second transaction does not spend the first")
		}
	})
}
