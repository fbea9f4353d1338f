package conn

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"

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

// reader is the goroutine that reads frames. It holds no more memory than it
// has credit for.
type reader struct {
	node  *Node
	peer  *msg.Peer
	sock  net.Conn
	owner *kit.Owner
	self  kit.Ref
	env   kit.Env
}

func (r *reader) run(ctx context.Context) {
	stop := context.AfterFunc(ctx, func() { r.sock.Close() })
	defer stop()
	frames := wire.NewFrameReader(bufio.NewReaderSize(r.sock, readBuffer), r.node.Magic)
	for {
		f, err := r.next(ctx, frames)
		if err != nil {
			r.self.Post(&closed{reason: reasonOf(err)})
			return
		}
		if f != nil && r.self.Post(f) != kit.Ok {
			f.Release()
			return // the conn has ended
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
		return r.skip(frames, err)
	}
	if !h.Known() {
		return r.skip(frames, nil)
	}
	token, err := r.owner.Acquire(ctx, h.Length, poolOf(h.Command))
	if err != nil {
		return nil, err
	}
	f := &frame{size: h.Length, credit: token}
	payload := make([]byte, h.Length)
	if err := frames.Payload(payload); err != nil {
		if !errors.As(err, &bad) {
			token.Release()
			return nil, err
		}
		f.broken = err
		return f, nil
	}
	f.message, f.broken = wire.Decode(h.Command, payload)
	if b, ok := f.message.(*wire.Block); ok && f.broken == nil {
		f.checked = checkBlock(b.Block, r.node.Board)
	}
	return f, nil
}

// skip reads a payload away. What was wrong with the frame becomes a note.
func (r *reader) skip(frames *wire.FrameReader, broken error) (*frame, error) {
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
	return &frame{broken: broken}, nil
}

func (r *reader) count(h wire.FrameHeader) {
	n := wire.HeaderSize + h.Length
	r.peer.Stats.BytesRecv.Add(int64(n))
	r.peer.Stats.LastRecv.Store(r.env.Now().Unix())
	r.peer.Stats.Recv.Add(h.Command, n)
}

// poolOf gives blocks and headers, which we ask for, a reserve of their own.
func poolOf(command string) kit.Pool {
	switch command {
	case wire.CmdBlock, wire.CmdHeaders:
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
	case errors.Is(err, net.ErrClosed), errors.Is(err, context.Canceled), errors.Is(err, kit.ErrOwnerClosed):
		return "connection ended"
	}
	return err.Error()
}
