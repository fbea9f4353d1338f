package consensus

import (
	"fmt"
	"iter"

	"github.com/troupe-node/troupe/script"
	"github.com/troupe-node/troupe/tx"
)

// Connected is what a block does to the coins, found out by [ConnectBlock].
// Its coins alias those of the source and the block's bytes: copy the scripts
// of what stays.
type Connected struct {
	Block     *tx.Block
	Height    int32
	Flags     script.Flags // what its scripts must be verified under
	Txs       []ConnectedTx
	Fees      int64 // satoshis
	SigOpCost int
	Inputs    int // scripts to verify: all inputs but the coinbase's

	genesis     bool
	firstOutput []int32 // of each transaction, counted through the block
	spentInside bitmap  // by that count
	fromInside  bitmap  // inputs whose coin the block itself made, counted without the coinbase
}

// ConnectedTx is one transaction of a connected block.
type ConnectedTx struct {
	Coins     []Coin      // what each input spends: the undo data. None in a coinbase.
	Spent     []tx.Output // their outputs once more, as script.NewTxContext takes them
	Fee       int64       // satoshis
	SigOpCost int
}

// Spends yields the coins from before the block that it takes away.
func (c *Connected) Spends() iter.Seq2[tx.OutPoint, *Coin] {
	return func(yield func(tx.OutPoint, *Coin) bool) {
		input := 0
		for i := range c.Txs {
			coins := c.Txs[i].Coins
			for j := range coins {
				inside := c.fromInside.get(input)
				input++
				if !inside && !yield(c.Block.Txs[i].Inputs[j].PrevOut, &coins[j]) {
					return
				}
			}
		}
	}
}

// Creates yields the coins that the block leaves behind: not what it spends
// itself, and not what nobody can ever spend. The coin is valid during the
// call only.
func (c *Connected) Creates() iter.Seq2[tx.OutPoint, *Coin] {
	return func(yield func(tx.OutPoint, *Coin) bool) {
		if c.genesis {
			return
		}
		for i, t := range c.Block.Txs {
			coin := Coin{Height: c.Height, Coinbase: i == 0}
			for j := range t.Outputs {
				if c.spentInside.get(int(c.firstOutput[i])+j) || script.IsUnspendable(t.Outputs[j].PkScript) {
					continue
				}
				coin.Output = t.Outputs[j]
				if !yield(tx.OutPoint{Hash: t.ID(), Index: uint32(j)}, &coin) {
					return
				}
			}
		}
	}
}

// ConnectBlock applies a block on top of prev to the coins before it, without
// changing them, in the order of Core's ConnectBlock: BIP30, then for each
// transaction its inputs, BIP68 and the signature operations, last the
// coinbase's amount. Scripts are not run: what to verify is in the result.
// CheckBlock and CheckBlockContext come first.
//
// An error of the source comes back as it is, wrapped, and means nothing for
// the block: see [ResultOf].
func ConnectBlock(b *tx.Block, prev Ancestry, source CoinSource, p *Params) (*Connected, error) {
	return connectBlock(b, prev, source, p, true)
}

// ConnectUnrepeated is ConnectBlock without the look for coins that the block would
// overwrite (BIP30): for blocks that can only do so by breaking another rule as well.
func ConnectUnrepeated(b *tx.Block, prev Ancestry, source CoinSource, p *Params) (*Connected, error) {
	return connectBlock(b, prev, source, p, false)
}

func connectBlock(b *tx.Block, prev Ancestry, source CoinSource, p *Params, mayRepeat bool) (*Connected, error) {
	if b.Hash() == p.GenesisHash {
		// Its coinbase never became a coin.
		return &Connected{Block: b, Txs: make([]ConnectedTx, len(b.Txs)), genesis: true}, nil
	}
	if prev == nil {
		return nil, Reject(ErrPrevNotFound, MissingParent, "")
	}
	c := newConnector(b, prev, source, p)
	if mayRepeat && BIP30Needed(b.Hash(), prev, p) {
		if err := c.checkOverwrites(); err != nil {
			return nil, err
		}
	}
	for i := range b.Txs {
		if err := c.connect(i); err != nil {
			return nil, err
		}
	}
	if err := c.checkReward(p); err != nil {
		return nil, err
	}
	return c.Connected, nil
}

// connector is a block halfway.
type connector struct {
	*Connected
	source CoinSource
	prev   Ancestry
	csv    bool
	mtp    int64 // of prev

	made         map[tx.Hash]int32        // transactions of this block so far
	spentOutside map[tx.OutPoint]struct{} // coins of the source that are gone
	coins        []Coin                   // the rest of one array for all inputs
	spent        []tx.Output
	input        int
}

func newConnector(b *tx.Block, prev Ancestry, source CoinSource, p *Params) *connector {
	inputs, outputs := 0, int32(0)
	first := make([]int32, len(b.Txs))
	for i, t := range b.Txs {
		first[i] = outputs
		outputs += int32(len(t.Outputs))
		if i > 0 {
			inputs += len(t.Inputs)
		}
	}
	height := nextHeight(prev)
	c := &connector{
		Connected: &Connected{
			Block:       b,
			Height:      height,
			Flags:       ScriptFlags(b.Hash(), height, p),
			Txs:         make([]ConnectedTx, len(b.Txs)),
			Inputs:      inputs,
			firstOutput: first,
			spentInside: newBitmap(int(outputs)),
			fromInside:  newBitmap(inputs),
		},
		source:       source,
		prev:         prev,
		csv:          p.ActiveAt(CSV, height),
		made:         make(map[tx.Hash]int32, len(b.Txs)),
		spentOutside: make(map[tx.OutPoint]struct{}, inputs),
		coins:        make([]Coin, inputs),
		spent:        make([]tx.Output, inputs),
	}
	if c.csv {
		c.mtp = MedianTimePast(prev)
	}
	return c
}

// checkOverwrites refuses a block that would make a coin which exists (BIP30).
func (c *connector) checkOverwrites() error {
	for _, t := range c.Block.Txs {
		for i := range t.Outputs {
			op := tx.OutPoint{Hash: t.ID(), Index: uint32(i)}
			coin, err := c.source.Coin(op)
			if err != nil {
				return fmt.Errorf("look for coin %s: %w", op, err)
			}
			if coin != nil {
				return invalid(ErrOverwrite, "tried to overwrite transaction output %s", op)
			}
		}
	}
	return nil
}

func (c *connector) connect(i int) error {
	t, done := c.Block.Txs[i], &c.Txs[i]
	if !t.IsCoinbase() {
		if err := c.takeCoins(t, done); err != nil {
			return err
		}
		if err := c.checkInputs(t, done); err != nil {
			return err
		}
	}
	done.SigOpCost = SigOpCost(t, done.Coins, c.Flags)
	if c.SigOpCost += done.SigOpCost; c.SigOpCost > MaxBlockSigOpsCost {
		return Reject(ErrSigOps, Invalid, "too many sigops")
	}
	c.made[t.ID()] = int32(i)
	return nil
}

func (c *connector) checkInputs(t *tx.Tx, done *ConnectedTx) error {
	fee, err := CheckTxInputs(t, done.Coins, c.Height)
	if err != nil {
		return err
	}
	done.Fee = fee
	if c.Fees += fee; !moneyRange(c.Fees) {
		return Reject(ErrFeesOutOfRange, Invalid, "accumulated fee in the block out of range")
	}
	if c.csv && !SequenceLocks(t, done.Coins, c.prev).Satisfied(c.Height, c.mtp) {
		return Reject(ErrNonFinal, Invalid, "contains a non-BIP68-final transaction")
	}
	return nil
}

// takeCoins finds and spends the coins of one transaction.
func (c *connector) takeCoins(t *tx.Tx, done *ConnectedTx) error {
	n := len(t.Inputs)
	done.Coins, c.coins = c.coins[:n:n], c.coins[n:]
	done.Spent, c.spent = c.spent[:n:n], c.spent[n:]
	for i := range t.Inputs {
		op := t.Inputs[i].PrevOut
		if err := c.takeCoin(op, &done.Coins[i]); err != nil {
			return err
		}
		done.Spent[i] = done.Coins[i].Output
		c.input++
	}
	return nil
}

func (c *connector) takeCoin(op tx.OutPoint, coin *Coin) error {
	if maker, ok := c.made[op.Hash]; ok {
		return c.takeInside(op, maker, coin)
	}
	if _, gone := c.spentOutside[op]; gone {
		return MissingInputs(op)
	}
	found, err := c.source.Coin(op)
	if err != nil {
		return fmt.Errorf("look for coin %s: %w", op, err)
	}
	if found == nil {
		return MissingInputs(op)
	}
	c.spentOutside[op] = struct{}{}
	*coin = *found
	return nil
}

// takeInside spends an output of an earlier transaction of the same block.
func (c *connector) takeInside(op tx.OutPoint, maker int32, coin *Coin) error {
	outs := c.Block.Txs[maker].Outputs
	if int64(op.Index) >= int64(len(outs)) {
		return MissingInputs(op)
	}
	out, number := outs[op.Index], int(c.firstOutput[maker])+int(op.Index)
	if c.spentInside.get(number) || script.IsUnspendable(out.PkScript) {
		return MissingInputs(op)
	}
	c.spentInside.set(number)
	c.fromInside.set(c.input)
	*coin = Coin{Output: out, Height: c.Height, Coinbase: maker == 0}
	return nil
}

func (c *connector) checkReward(p *Params) error {
	limit := c.Fees + Subsidy(c.Height, p)
	out := int64(0)
	for i := range c.Block.Txs[0].Outputs {
		out += c.Block.Txs[0].Outputs[i].Value
	}
	if out > limit {
		return invalid(ErrCoinbaseAmount, "coinbase pays too much (actual=%d vs limit=%d)", out, limit)
	}
	return nil
}

// bitmap is a set of small numbers.
type bitmap []uint64

func newBitmap(n int) bitmap    { return make(bitmap, (n+63)/64) }
func (b bitmap) get(i int) bool { return b[i/64]>>(i%64)&1 != 0 }
func (b bitmap) set(i int)      { b[i/64] |= 1 << (i % 64) }
