package mempool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/mempool"
	"github.com/troupe-node/troupe/mempool/estimate"
)

// Fees is how the pool learns what transactions should pay.
type Fees struct {
	// File is where it keeps that over a restart (fee_estimates.dat); empty keeps
	// nothing.
	File string
	// Stale takes a file however old (-acceptstalefeeestimates).
	Stale bool
	// Off learns nothing: with -blocksonly the pool sees too little.
	Off bool
}

func (f *Fees) kept() bool { return f.File != "" && !f.Off }

// estimatesRead brings what the last run had learned, or why there is nothing.
type estimatesRead struct {
	estimates *estimate.Estimator
	notes     []string
}

var _ = kit.Register[*estimatesRead](kit.Message{Lane: kit.Control, Full: kit.Hold, Role: kit.Return, From: []string{msg.KindMempool}, To: []string{msg.KindMempool},
	Doc: "from its own goroutine: what a fee_estimates.dat holds"})

// openEstimates reads the file beside the actor. Until it is there questions wait,
// and so do the transactions of the last run: they are to be learned from.
func (p *pool) openEstimates(k *kit.Context) {
	if !p.Fees.kept() {
		p.estimatesReady = true
		return
	}
	self, path, stale := k.Self(), p.Fees.File, p.Fees.Stale
	k.Go("estimates", func(context.Context) { self.Post(readEstimates(path, stale)) })
}

// readEstimates says what it did in Core's words. A file that cannot be read is put
// aside, so that the next flush does not destroy it.
func readEstimates(path string, stale bool) *estimatesRead {
	m := &estimatesRead{estimates: estimate.New()}
	note := func(format string, args ...any) { m.notes = append(m.notes, fmt.Sprintf(format, args...)) }
	raw, age, err := readFresh(path, stale)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		note("%s is not found. Continue anyway.", path)
		return m
	case err == nil && raw == nil:
		note("Fee estimation file %s too old (age=%d > %d hours) and will not be used to avoid serving stale estimates.",
			path, int(age.Hours()), int(estimate.MaxFileAge.Hours()))
		return m
	}
	var e *estimate.Estimator
	if err == nil {
		e, err = estimate.Decode(raw)
	}
	if err == nil {
		m.estimates = e
		return m
	}
	note("Failed to read fee estimates from %s. Continue anyway. (%v)", path, err)
	if errors.Is(err, estimate.ErrFile) {
		if aside := path + ".unreadable"; os.Rename(path, aside) == nil {
			note("%s was renamed to %s", filepath.Base(path), filepath.Base(aside))
		}
	}
	return m
}

// readFresh reads a file unless it is too old. Its age is by the system's clock, as
// its date is, whatever a mock clock says.
func readFresh(path string, stale bool) (raw []byte, age time.Duration, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, 0, err
	}
	if age = time.Since(info.ModTime()); estimate.TooOld(age) && !stale {
		return nil, age, nil
	}
	if raw, err = io.ReadAll(io.LimitReader(f, estimate.MaxFileSize+1)); len(raw) > estimate.MaxFileSize {
		err = fmt.Errorf("%w: it has more than %d bytes", estimate.ErrFile, estimate.MaxFileSize)
	}
	return raw, age, err
}

func (p *pool) estimatesRead(k *kit.Context, m *estimatesRead) {
	for _, note := range m.notes {
		p.Log.FeesNote(note)
	}
	p.estimates, p.estimatesReady = m.estimates, true
	p.openFile(k)
}

// flushEstimates writes the file beside the actor every hour.
func (p *pool) flushEstimates(k *kit.Context) {
	now := k.Now()
	if next := now.Add(estimate.FlushInterval); p.flushAt.After(next) {
		p.flushAt = next // a mock clock was set back
	}
	if now.Before(p.flushAt) {
		return
	}
	p.flushAt = now.Add(estimate.FlushInterval)
	if !p.Fees.kept() || !p.estimatesReady {
		return
	}
	raw, version := p.estimates.Encode(), p.feesFile.version()
	k.Go("flush", func(context.Context) { p.putEstimates(version, raw) })
}

func (p *pool) putEstimates(version uint64, raw []byte) {
	if err := p.feesFile.put(version, raw); err != nil {
		p.Log.FeesNote(fmt.Sprintf("Failed to write fee estimates to %s. Continue anyway. (%v)", p.Fees.File, err))
		return
	}
	p.Log.FeesNote(fmt.Sprintf("Flushed fee estimates to %s.", filepath.Base(p.Fees.File)))
}

// closeEstimates writes the file a last time: what still waits has waited in vain.
func (p *pool) closeEstimates() {
	if !p.Fees.kept() || !p.estimatesReady {
		return
	}
	p.estimates.FlushUnconfirmed()
	p.putEstimates(p.feesFile.version(), p.estimates.Encode())
}

// maxFeeTipAge is how old the tip may be for fees to be learned from what comes
// (Core's MAX_FEE_ESTIMATION_TIP_AGE): a node that is behind cannot tell how long
// a transaction waits.
const maxFeeTipAge = 3 * time.Hour

// teaches tells whether how long a transaction waits says something of the market
// (Core's validForFeeEstimation).
func (p *pool) teaches(k *kit.Context, s *submission, e *mempool.Entry) bool {
	if p.Fees.Off || s.bypass || s.pack != nil || e.AncestorCount() > 1 {
		return false
	}
	snapshot := p.Board.Tip()
	tip := snapshot.Tip()
	return !snapshot.InitialDownload() && int64(tip.Time()) >= k.Now().Add(-maxFeeTipAge).Unix() &&
		tip.Height() >= snapshot.BestHeader().Height()-1
}

// maxQuestions is how many may wait: when there are more, the oldest are answered with
// what is known.
const maxQuestions = 1000

// question waits for the pool to have seen the blocks before it.
type question struct {
	height int32
	reply  kit.ReplyTo
	m      any
}

func (p *pool) askFee(k *kit.Context, m any) {
	p.questions = append(p.questions, question{p.Board.Tip().Tip().Height(), k.ReplyTo(), m})
}

// answerFees answers those whose blocks the estimates know.
func (p *pool) answerFees() {
	if len(p.questions) == 0 || !p.estimatesReady {
		return
	}
	tip := p.pool.Tip()
	var left []question
	for i, q := range p.questions {
		if tip.Node.Height() < q.height && !p.caughtUp() && len(p.questions)-i <= maxQuestions {
			left = append(left, q)
			continue
		}
		switch m := q.m.(type) {
		case *msg.EstimateFee:
			q.reply.Reply(&msg.FeeEstimated{Answer: p.estimates.Estimate(m.Blocks, m.Conservative)})
		case *msg.EstimateRawFee:
			q.reply.Reply(&msg.RawFeeEstimated{Horizons: p.estimates.Raw(m.Blocks, m.Share)})
		}
	}
	p.questions = left
}
