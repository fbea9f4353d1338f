package observer

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/chainstate"
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/logs"
	"github.com/troupe-node/troupe/mempool"
	"github.com/troupe-node/troupe/tx"
	"github.com/troupe-node/troupe/wire"
)

// Log writes what the actors tell. It fulfils the Log interfaces of their
// packages.
type Log struct {
	L   *logs.Logger
	Now func() time.Time

	tipAt time.Time // of the last line about a tip during the initial download; chain's
}

// PeerConnected is conn's: both sides have shaken hands.
func (l *Log) PeerConnected(p *msg.Peer) {
	h := p.Hello()
	logs.PeerReady.Log(l.L, logs.Peer.Is(p.Number()), logs.Addr.Is(p.Addr.String()), logs.Inbound.Is(p.Inbound()),
		logs.Agent.Is(h.UserAgent), logs.Protocol.Is(int64(h.Version)), logs.Height.Is(int64(h.StartHeight)), logs.Actor.Is(p.Ref().Name()))
}

// PeerDisconnected is conn's.
func (l *Log) PeerDisconnected(p *msg.Peer, reason string) {
	logs.PeerDisconnected.Log(l.L, logs.Peer.Is(p.Number()), logs.Addr.Is(p.Addr.String()), logs.Inbound.Is(p.Inbound()),
		logs.Reason.Is(reason), logs.TookMS.Is(l.Now().Sub(p.Since)), logs.Actor.Is(p.Ref().Name()))
}

// Message is conn's: a frame was read or written. Its contents are never printed.
func (l *Log) Message(p *msg.Peer, received bool, command string, size int) {
	e, words := logs.MessageSent, "sending "
	if received {
		e, words = logs.MessageReceived, "received: "
		if _, known := wire.Limit(command); !known {
			e = logs.MessageUnknown
		}
	}
	if e.On(l.L) {
		words += fmt.Sprintf("%s (%d bytes) peer=%d", command, size, p.Number()) // Core's, which people look for
		e.Log(l.L, logs.Peer.Is(p.Number()), logs.Command.Is(command), logs.Bytes.Is(int64(size)), logs.Detail.Is(words))
	}
}

// PeerNote is conn's: a line in Core's words.
func (l *Log) PeerNote(p *msg.Peer, text string) {
	if logs.PeerNote.On(l.L) {
		logs.PeerNote.Log(l.L, logs.Peer.Is(p.Number()), logs.Detail.Is(text))
	}
}

// DownloadNote is blocks': a line in Core's words.
func (l *Log) DownloadNote(text string) { logs.DownloadNote.Log(l.L, logs.Detail.Is(text)) }

// PeerRefused is registry's: a socket got no slot.
func (l *Log) PeerRefused(addr, why string) {
	logs.PeerRefused.Log(l.L, logs.Addr.Is(addr), logs.Inbound.Is(true), logs.Reason.Is(why), logs.Detail.Is("connection from "+addr+" "+why))
}

// PeerBanned is registry's.
func (l *Log) PeerBanned(addr, why string) {
	logs.PeerBanned.Log(l.L, logs.Addr.Is(addr), logs.Reason.Is(why))
}

// DialFailed is registry's.
func (l *Log) DialFailed(addr string, err error, again time.Duration) {
	logs.DialFailed.Log(l.L, logs.Addr.Is(addr), logs.Err.Is(err), logs.DelayMS.Is(again))
}

// RegistryNote is registry's.
func (l *Log) RegistryNote(text string) { logs.NetNote.Log(l.L, logs.Detail.Is(text)) }

// Listening is listener's.
func (l *Log) Listening(addr string) { logs.ListenOpened.Log(l.L, logs.Listen.Is(addr)) }

// ListenNote is listener's.
func (l *Log) ListenNote(text string) { logs.NetNote.Log(l.L, logs.Detail.Is(text)) }

// maxLines is how many blocks of one move of the tip get a line of their own:
// the last ones.
const maxLines = 64

// TipMoved is chain's.
func (l *Log) TipMoved(from, to *chainstate.Node, disconnected, connected int, s *chainstate.Snapshot) {
	if disconnected > 0 {
		fork := chainstate.Fork(from, to)
		logs.Reorg.Log(l.L, logs.ForkHeight.Is(int64(fork.Height())), logs.Back.Is(int64(disconnected)), logs.Forward.Is(int64(connected)),
			logs.Height.Is(int64(to.Height())), logs.Hash.Is(to.Hash()))
		for n, i := from, 0; n != fork && i < maxLines; n, i = n.Prev(), i+1 {
			logs.TipDisconnected.Log(l.L, logs.Height.Is(int64(n.Height())), logs.Hash.Is(n.Hash()), logs.PrevHash.Is(n.Prev().Hash()))
		}
	}
	if s.InitialDownload() && disconnected == 0 {
		if now := time.Now(); now.Sub(l.tipAt) < time.Second {
			return // the next line, and the progress line, say the rest
		} else {
			l.tipAt = now
		}
		connected = 1
	}
	for h := to.Height() - int32(min(connected, maxLines)) + 1; h <= to.Height(); h++ {
		n := to.At(h)
		logs.TipConnected.Log(l.L, logs.Height.Is(int64(h)), logs.Hash.Is(n.Hash()), logs.PrevHash.Is(prevHash(n)), logs.Txs.Is(int64(n.Txs())),
			logs.Detail.Is(fmt.Sprintf("UpdateTip: new best=%s height=%d version=0x%08x", n.Hash(), h, uint32(n.Header().Version))))
	}
}

func prevHash(n *chainstate.Node) [32]byte {
	if p := n.Prev(); p != nil {
		return p.Hash()
	}
	return [32]byte{}
}

// BlockRefused is chain's.
func (l *Log) BlockRefused(v *chainstate.Verdict) {
	height := int64(-1)
	if v.Node != nil {
		height = int64(v.Node.Height())
	}
	logs.BlockRefused.Log(l.L, logs.Height.Is(height), logs.Hash.Is(v.Hash), logs.Reason.Is(v.Err.Error()), logs.Detail.Is(refusalSentence(v)))
}

// refusalSentence is what Core logs of a refused block: for a script, which
// transaction has it, and otherwise the block's hash with the reason.
func refusalSentence(v *chainstate.Verdict) string {
	var broken *consensus.RuleError
	if errors.As(v.Err, &broken) && errors.Is(v.Err, consensus.ErrScript) {
		if _, rest, ok := strings.Cut(broken.Debug, " of "); ok {
			id, _, _ := strings.Cut(rest, " ")
			return "CheckInputScripts on " + id + " failed with " + broken.Reason()
		}
	}
	if broken != nil && broken.Result == consensus.MissingParent {
		return "ProcessNewBlock: AcceptBlock FAILED (" + broken.Reason() + ")"
	}
	return "AcceptBlock: " + tx.Hash(v.Hash).String() + ", " + v.Err.Error()
}

// TxAccepted is mempool's.
func (l *Log) TxAccepted(e *mempool.Entry, peer msg.PeerID, poolSize int) {
	if logs.TxAccepted.On(l.L) {
		logs.TxAccepted.Log(l.L, logs.TxID.Is(e.Tx.ID()), logs.WTxID.Is(e.Tx.WitnessID()), logs.Fee.Is(e.Fee), logs.VSize.Is(e.VSize), logs.Peer.Is(msg.ShownID(peer)),
			logs.Detail.Is(fmt.Sprintf("AcceptToMemoryPool: peer=%d: accepted %s (wtxid=%s) (poolsz %d txn)", msg.ShownID(peer), e.Tx.ID(), e.Tx.WitnessID(), poolSize)))
	}
}

// TxRefused is mempool's.
func (l *Log) TxRefused(r mempool.Refused) {
	if logs.TxRefused.On(l.L) {
		logs.TxRefused.Log(l.L, logs.TxID.Is(r.Tx.ID()), logs.WTxID.Is(r.Tx.WitnessID()), logs.Reason.Is(r.Reject.Error()), logs.Peer.Is(msg.ShownID(msg.PeerID(r.Peer))),
			logs.Detail.Is(fmt.Sprintf("%s (wtxid=%s) from peer=%d was not accepted: %s", r.Tx.ID(), r.Tx.WitnessID(), msg.ShownID(msg.PeerID(r.Peer)), r.Reject)))
	}
}

// OrphanNote is mempool's: a line in Core's words.
func (l *Log) OrphanNote(format string, args ...any) {
	if logs.OrphanNote.On(l.L) {
		logs.OrphanNote.Log(l.L, logs.Detail.Is(fmt.Sprintf(format, args...)))
	}
}

// PoolNote is mempool's.
func (l *Log) PoolNote(text string) { logs.MempoolNote.Log(l.L, logs.Detail.Is(text)) }

// FeesNote is mempool's.
func (l *Log) FeesNote(text string) { logs.FeesNote.Log(l.L, logs.Detail.Is(text)) }

// FeesLearned is mempool's.
func (l *Log) FeesLearned(height int32, learned, confirmed, longest int) {
	logs.FeesLearned.Log(l.L, logs.Height.Is(int64(height)), logs.Txs.Is(int64(learned)), logs.Of.Is(int64(confirmed)), logs.Blocks.Is(int64(longest)))
}

// Minted is minter's.
func (l *Log) Minted(b *tx.Block, height int32, fees int64, why string) {
	logs.MinterBlock.Log(l.L, logs.Height.Is(int64(height)), logs.Hash.Is(b.Hash()), logs.Txs.Is(int64(len(b.Txs))), logs.Fees.Is(fees),
		logs.Weight.Is(int64(b.Weight())), logs.Reason.Is(why))
}

// MintFailed is minter's.
func (l *Log) MintFailed(why string, err error) {
	logs.MinterFailed.Log(l.L, logs.Reason.Is(why), logs.Err.Is(err))
}

// StoreSynced is store's.
func (l *Log) StoreSynced(seq uint64, took time.Duration) {
	logs.StoreSync.Log(l.L, logs.Seq.Is(int64(seq)), logs.TookMS.Is(took))
}

// StoreCollected is store's: the room of deleted bodies was given back.
func (l *Log) StoreCollected(freed int64, took time.Duration) {
	logs.StoreCompacted.Log(l.L, logs.Bytes.Is(freed), logs.TookMS.Is(took))
}

// StoreNote is store's.
func (l *Log) StoreNote(text string) { logs.StoreWarn.Log(l.L, logs.Detail.Is(text)) }

// IndexProgress is that of an index.
func (l *Log) IndexProgress(name string, height, of int32) {
	logs.IndexProgress.Log(l.L, logs.Name.Is(name), logs.Done.Is(int64(height)), logs.Of.Is(int64(of)), logs.Unit.Is("blocks"))
}

// IndexSynced is that of an index.
func (l *Log) IndexSynced(name string, height int32, took time.Duration) {
	logs.IndexSynced.Log(l.L, logs.Name.Is(name), logs.Height.Is(int64(height)), logs.TookMS.Is(took))
}

// WorkerPanicked is verify's: a bug that became a job's error.
func (l *Log) WorkerPanicked(what string, stack []byte) {
	logs.ActorPanicked.Log(l.L, logs.Actor.Is(msg.KindVerify), logs.Kind.Is(msg.KindVerify), logs.Reason.Is(what), logs.Stack.Is(string(stack)))
}

// peerNumber reads the id of a peer out of an actor's info; zero for actors that
// serve none.
func peerNumber(s string) int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
	if err != nil {
		return 0
	}
	return n
}
