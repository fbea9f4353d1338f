package conn

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/wire"
)

// readBuffer is what a reader keeps: headers and small messages come many to a
// read.
const readBuffer = 16 << 10

// frame is one message of the peer, with the credit it was read against.
type frame struct {
	message wire.Message
	command string
	size    int
	credit  *kit.Token
	// checked is what checkBlock says of a block: the reader has the
	// time, and is not alone.
	checked error
	// broken says why there is no message: the payload does not decode, or the
	// frame was damaged. The stream is in step.
	broken error
}

// Size counts the payload twice, for what decoding adds.
func (f *frame) Size() int { return 2*f.size + 256 }

// Release gives the credit back.
func (f *frame) Release() { f.credit.Release() }

// beforeHandshake is the largest payload that is read before the peer has said
// verack: what belongs to the handshake is far smaller, and a stranger gets no
// memory for more.
const beforeHandshake = 4 << 10

// reader is the goroutine that reads frames. It holds no more memory than it
// has credit for. It ends when its conn closes the socket.
type reader struct {
	node  *Node
	peer  *msg.Peer
	sock  net.Conn
	in    *intake
	owner *kit.Owner
	heavy *kit.Owner // of what decoding takes
	self  kit.Ref
	env   kit.Env

	shaken bool // it has said verack
}

// intake is what reader and actor know of each other.
type intake struct {
	// blocks and headers count what we asked for and did not get yet: these come
	// out of the reserve.
	blocks, headers atomic.Int64
	// blocked says that the reader waits for credit: for us, not for the peer.
	blocked atomic.Bool
	// Of the payload being read: since when (Env.Mono; 0 if none is), how much
	// has come, and how much is to come.
	since     atomic.Int64
	got, want atomic.Int64
}

// maxAsked bounds what is counted as asked for, for peers that never deliver.
const maxAsked = 256

// ask counts what a message of ours asks for.
func (i *intake) ask(m wire.Message) {
	switch m := m.(type) {
	case *wire.GetHeaders:
		i.headers.Store(1)
	case *wire.GetData:
		for _, v := range m.List {
			if v.Type.IsBlock() && i.blocks.Load() < maxAsked {
				i.blocks.Add(1)
			}
		}
	}
}

// took takes n of what was asked for; false if it was not.
func took(asked *atomic.Int64, n int64) bool {
	for {
		was := asked.Load()
		if was <= 0 {
			return false
		}
		if asked.CompareAndSwap(was, max(0, was-n)) {
			return true
		}
	}
}

// A payload that takes long while others wait for credit must come at a certain
// rate at least: memory that is promised and never filled keeps them waiting.
const (
	slowAfter = 10 * time.Second
	slowRate  = 16 << 10 // bytes per second
)

// slow says how slow a payload comes, or nothing if it may.
func (i *intake) slow(now time.Duration) (got, want int64, took time.Duration, slow bool) {
	since := i.since.Load()
	if since == 0 {
		return 0, 0, 0, false
	}
	took = now - time.Duration(since)
	got, want = i.got.Load(), i.want.Load()
	return got, want, took, took >= slowAfter && got < int64(took.Seconds()*slowRate)
}

// Read counts what comes.
func (r *reader) Read(b []byte) (int, error) {
	n, err := r.sock.Read(b)
	if n > 0 {
		r.peer.Stats.LastRecv.Store(r.env.Now().Unix())
		r.peer.Stats.BytesRecv.Add(int64(n)) // also of what never becomes a message
		r.in.got.Add(int64(n))
	}
	return n, err
}

func (r *reader) run(ctx context.Context) {
	frames := wire.NewFrameReader(bufio.NewReaderSize(r, readBuffer), r.node.Magic)
	for {
		f, err := r.next(ctx, frames)
		if err != nil {
			r.self.Post(&closed{reason: reasonOf(err)})
			return
		}
		if f != nil && r.self.Post(f) != kit.Ok {
			f.Release()
			return // the conn has ended: its lane holds more than its credit allows
		}
	}
}

// next reads one frame. A nil frame is one to be ignored.
func (r *reader) next(ctx context.Context, frames *wire.FrameReader) (*frame, error) {
	h, err := frames.Next()
	var bad *wire.Error
	if err != nil && (!errors.As(err, &bad) || !bad.Kind.InStep()) {
		return nil, err
	}
	r.count(h)
	if err != nil {
		return r.skip(ctx, frames, err)
	}
	if !h.Known() {
		r.node.Log.PeerNote(r.peer, "Unknown command \""+h.Command+"\" from peer="+peerNumber(r.peer))
		return r.skip(ctx, frames, nil)
	}
	if !r.shaken && h.Length > beforeHandshake {
		return r.tooEarly(ctx, frames, h)
	}
	r.shaken = r.shaken || h.Command == wire.CmdVerack
	token, err := r.acquire(ctx, h.Length, r.poolOf(h.Command))
	if err != nil {
		return nil, err
	}
	f := &frame{command: h.Command, size: h.Length, credit: token}
	payload := make([]byte, h.Length)
	if err := r.payload(frames, payload); err != nil {
		if !errors.As(err, &bad) {
			token.Release()
			return nil, err
		}
		f.broken = err
		return f, nil
	}
	if err := r.decode(ctx, f, payload); err != nil {
		f.Release()
		return nil, err
	}
	if b, ok := f.message.(*wire.Block); ok && f.broken == nil {
		f.checked = checkBlock(b.Block, r.node.Board)
	}
	return f, nil
}

// usual is how many times its bytes a message takes when it is decoded, at the most,
// for the credit of its bytes to do.
const usual = 4

// decode reads the message in a payload. One that takes far more memory than bytes
// waits for credit of its own: a block of four megabytes can take a hundred, and every
// peer can send one. Whoever holds such credit waits for no other, so that it comes back.
func (r *reader) decode(ctx context.Context, f *frame, payload []byte) (err error) {
	f.message, f.broken = wire.DecodeIf(f.command, payload, func(bytes int) error {
		if bytes <= usual*len(payload) {
			return nil
		}
		r.in.blocked.Store(true)
		var decoded *kit.Token
		decoded, err = r.heavy.Acquire(ctx, bytes, kit.General)
		r.in.blocked.Store(false)
		f.credit.Join(decoded)
		return err
	})
	return err
}

// acquire waits for credit.
func (r *reader) acquire(ctx context.Context, bytes int, pool kit.Pool) (*kit.Token, error) {
	if token := r.owner.TryAcquire(bytes, pool); token != nil {
		return token, nil
	}
	r.in.blocked.Store(true)
	token, err := r.owner.Acquire(ctx, bytes, pool)
	r.in.blocked.Store(false)
	return token, err
}

// payload reads a payload under the eyes of the actor.
func (r *reader) payload(frames *wire.FrameReader, dst []byte) error {
	r.in.got.Store(0)
	r.in.want.Store(int64(len(dst)))
	r.in.since.Store(max(1, int64(r.env.Mono())))
	defer r.in.since.Store(0)
	return frames.Payload(dst)
}

// tooEarly is a message that no peer sends before the handshake: it is read away
// and only its name is kept, for the note.
func (r *reader) tooEarly(ctx context.Context, frames *wire.FrameReader, h wire.FrameHeader) (*frame, error) {
	f, err := r.skip(ctx, frames, nil)
	if f != nil || err != nil {
		return f, err
	}
	token, err := r.acquire(ctx, 0, kit.General)
	if err != nil {
		return nil, err
	}
	return &frame{message: &wire.Unknown{Name: h.Command, Size: h.Length}, command: h.Command, size: h.Length, credit: token}, nil
}

// skip reads a payload away. What was wrong with the frame becomes a note, which
// costs credit like any message: notes must not pile up either.
func (r *reader) skip(ctx context.Context, frames *wire.FrameReader, broken error) (*frame, error) {
	var bad *wire.Error
	if err := frames.Skip(); err != nil {
		if !errors.As(err, &bad) {
			return nil, err
		}
		broken = err
	}
	if broken == nil {
		return nil, nil
	}
	token, err := r.acquire(ctx, 0, kit.General)
	if err != nil {
		return nil, err
	}
	return &frame{broken: broken, credit: token}, nil
}

func (r *reader) count(h wire.FrameHeader) {
	r.peer.Stats.Recv.Add(h.Command, wire.HeaderSize+h.Length)
	r.node.Log.Message(r.peer, true, h.Command, h.Length)
}

// poolOf gives blocks and headers that we asked for a reserve of their own.
func (r *reader) poolOf(command string) kit.Pool {
	if command == wire.CmdBlock && took(&r.in.blocks, 1) || command == wire.CmdHeaders && took(&r.in.headers, 1) {
		return kit.Solicited
	}
	return kit.General
}

// reasonOf says in plain words why reading ended.
func reasonOf(err error) string {
	switch {
	case errors.Is(err, io.EOF):
		return "socket closed by the peer"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "socket closed by the peer in the middle of a message"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "socket reset by the peer"
	case errors.Is(err, net.ErrClosed), errors.Is(err, context.Canceled), errors.Is(err, kit.ErrOwnerClosed):
		return "connection ended"
	}
	return err.Error()
}
