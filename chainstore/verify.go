package chainstore

import (
	"errors"
	"fmt"

	"github.com/troupe-node/troupe/tx"
)

// VerifyOptions says how deep Verify looks.
type VerifyOptions struct {
	// Level 0 checks the tables' checksums, 1 also that the headers are linked and the tip is one of them, 2 also the bodies,
	// 3 also the undo data. (Level 4, the coins recomputed from the blocks, needs the rules and lives above this package; it
	// compares SetInfo of the two sets.)
	Level int
	// Blocks, unless zero, looks only at the bodies and undo data of so many of the highest headers.
	Blocks int
	// Progress, unless nil, is told of each block looked at; its error ends the walk.
	Progress func(done, total int) error
}

// Verify checks a store and returns what is damaged. The error is of the walk itself.
func Verify(s Store, o VerifyOptions) (damage []*Damage, err error) {
	if b, ok := s.(*Badger); ok {
		if damage, err = found(damage, b.CheckFiles()); err != nil {
			return damage, err
		}
	}
	if o.Level < 1 {
		return damage, nil
	}
	headers, linked, err := verifyHeaders(s)
	if damage = append(damage, linked...); err != nil {
		return found(damage, err)
	}
	if o.Level < 2 {
		return damage, nil
	}
	snap, err := s.Snapshot()
	if err != nil {
		return damage, err
	}
	defer func() { snap.Release() }()
	if o.Blocks > 0 && len(headers) > o.Blocks {
		headers = headers[len(headers)-o.Blocks:]
	}
	for i := range headers {
		err := verifyBlock(snap, &headers[i], o.Level)
		if errors.Is(err, ErrSnapshotExpired) {
			snap.Release()
			if snap, err = s.Snapshot(); err != nil {
				return damage, err
			}
			err = verifyBlock(snap, &headers[i], o.Level)
		}
		if damage, err = found(damage, err); err != nil {
			return damage, err
		}
		if o.Progress != nil {
			if err := o.Progress(i+1, len(headers)); err != nil {
				return damage, err
			}
		}
	}
	return damage, nil
}

// found puts a damage on the list and lets any other error through.
func found(list []*Damage, err error) ([]*Damage, error) {
	var d *Damage
	if errors.As(err, &d) {
		return append(list, d), nil
	}
	return list, err
}

func verifyHeaders(s Store) (headers []HeaderRecord, damage []*Damage, err error) {
	heights := make(map[tx.Hash]int32)
	tip := s.State().Tip
	err = s.Headers(func(r HeaderRecord) error {
		why := ""
		switch parent, known := heights[r.Header.Prev]; {
		case r.Header.Hash() != r.Hash:
			why = "it does not hash to its key"
		case r.Height > 0 && !known:
			why = "its parent " + r.Header.Prev.String() + " is missing"
		case r.Height > 0 && parent != r.Height-1:
			why = fmt.Sprintf("it is at height %d and its parent at %d", r.Height, parent)
		}
		if why != "" {
			damage = append(damage, &Damage{What: "the header of block " + r.Hash.String(), Why: why, Mend: mendReindex})
		}
		heights[r.Hash] = r.Height
		headers = append(headers, r)
		return nil
	})
	if err != nil {
		return headers, damage, err
	}
	if _, known := heights[tip]; !known && tip != (tx.Hash{}) {
		damage = append(damage, &Damage{What: "the tip " + tip.String(), Why: "there is no header of it", Mend: mendReindex})
	}
	return headers, damage, nil
}

func verifyBlock(snap *Snapshot, r *HeaderRecord, level int) error {
	var spends []int
	if r.Status&StatusHaveBody != 0 {
		b, err := verifyBody(snap, r)
		if err != nil {
			return err
		}
		for _, t := range b.Txs[1:] {
			spends = append(spends, len(t.Inputs))
		}
	}
	if level < 3 || r.Status&StatusHaveUndo == 0 {
		return nil
	}
	bad := func(why string, err error) error {
		return &Damage{What: "the undo data of block " + r.Hash.String(), Why: why, Mend: mendReindex, Err: err}
	}
	u, err := snap.Undo(r.Hash)
	if errors.Is(err, ErrNotFound) {
		return bad("it is missing", nil)
	}
	if err != nil || r.Status&StatusHaveBody == 0 {
		return err
	}
	if len(u.Txs) != len(spends) {
		return bad(fmt.Sprintf("it is of %d transactions, the block has %d", len(u.Txs), len(spends)), nil)
	}
	for i, n := range spends {
		if len(u.Txs[i]) != n {
			return bad(fmt.Sprintf("it has %d coins of transaction %d, which spends %d", len(u.Txs[i]), i+1, n), nil)
		}
	}
	return nil
}

func verifyBody(snap *Snapshot, r *HeaderRecord) (*tx.Block, error) {
	bad := func(why string, err error) error {
		return &Damage{What: "the body of block " + r.Hash.String(), Why: why, Mend: mendReindex, Err: err}
	}
	raw, err := snap.Block(r.Hash)
	if errors.Is(err, ErrNotFound) {
		return nil, bad("it is missing", nil)
	}
	if err != nil {
		return nil, err
	}
	b, err := tx.ParseBlock(raw)
	if err != nil {
		return nil, bad("it does not parse", err)
	}
	ids := make([]tx.Hash, len(b.Txs))
	for i, t := range b.Txs {
		ids[i] = t.ID()
	}
	root, _ := tx.MerkleRoot(ids)
	switch {
	case b.Hash() != r.Hash:
		return nil, bad("it is of block "+b.Hash().String(), nil)
	case len(b.Txs) == 0 || root != b.Header.MerkleRoot:
		return nil, bad("its transactions are not those its header commits to", nil)
	}
	return b, nil
}
