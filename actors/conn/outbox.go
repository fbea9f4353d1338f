package conn

import (
	"context"
	"sync"

	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/wire"
)

// sendBuffer is how many bytes may wait for the socket before the peer's
// requests have to (Core's -maxsendbuffer, 1 MB).
const sendBuffer = 1 << 20

// maxServing is how many getdata may wait to be served before more of the peer's
// requests have to wait.
const maxServing = 16

// source makes frames one at a time, in the writer's goroutine: what a getdata
// asked for costs one block of memory, however many it asked for. It returns nil
// when there are no more.
type source interface {
	next() *outgoing
	done() // called once, when it is not asked any more
}

// outgoing is a frame ready to be written.
type outgoing struct {
	command string
	head    []byte // frame header, and payload unless body is set
	body    []byte // payload that is written as it is
	after   []byte // a small frame that follows
}

func (o *outgoing) size() int { return len(o.head) + len(o.body) }

// entry is a frame, or a source of frames, in its place in the queue.
type entry struct {
	frame *outgoing
	from  source
}

// outbox queues what goes to the peer, in order. The actor fills it, the writer
// empties it; the writer lives only while there is something in it.
type outbox struct {
	conn *conn
	self kit.Ref
	env  kit.Env

	mu      sync.Mutex
	queue   []entry
	bytes   int
	serving int // sources in the queue
	writing bool
	waiting bool // the actor wants to hear when there is room
	dead    bool
}

func (o *outbox) init(c *conn, k *kit.Context) { o.conn, o.self, o.env = c, k.Self(), k.Env() }

// add queues an entry and starts a writer if there is none.
func (o *outbox) add(k *kit.Context, e entry) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.dead {
		if e.from != nil {
			e.from.done()
		}
		return
	}
	o.queue = append(o.queue, e)
	if e.frame != nil {
		o.bytes += e.frame.size()
	} else {
		o.serving++
	}
	if !o.writing {
		o.writing = true
		k.Go("write", o.run)
	}
}

// crowded tells whether so much waits that requests must, and sees to it that
// the actor hears when they need not any more.
func (o *outbox) crowded() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	crowded := o.bytes > sendBuffer || o.serving > maxServing
	o.waiting = o.waiting || crowded
	return crowded
}

func (o *outbox) drop() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, e := range o.queue {
		if e.from != nil {
			e.from.done()
		}
	}
	o.queue, o.bytes, o.dead = nil, 0, true
}

// run writes until the queue is empty.
func (o *outbox) run(context.Context) {
	for {
		e, ok := o.take()
		if !ok {
			return
		}
		if e.frame != nil {
			if !o.write(e.frame) {
				return
			}
			continue
		}
		if !o.serve(e.from) {
			return
		}
	}
}

func (o *outbox) serve(from source) bool {
	defer from.done()
	for f := from.next(); f != nil; f = from.next() {
		if !o.write(f) {
			return false
		}
	}
	return true
}

// take is the head of the queue. It is where a writer ends, and where an actor
// that waits for room hears of it.
func (o *outbox) take() (entry, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.waiting && o.bytes <= sendBuffer/2 && o.serving <= maxServing/2 {
		o.waiting = false
		o.self.Post(&room{})
	}
	if len(o.queue) == 0 || o.dead {
		o.queue = nil
		o.writing = false
		return entry{}, false
	}
	e := o.queue[0]
	o.queue[0] = entry{}
	o.queue = o.queue[1:]
	if e.frame != nil {
		o.bytes -= e.frame.size()
	} else {
		o.serving--
	}
	return e, true
}

func (o *outbox) write(f *outgoing) bool {
	_, err := o.conn.sock.Write(f.head)
	for _, part := range [][]byte{f.body, f.after} {
		if err == nil && len(part) > 0 {
			_, err = o.conn.sock.Write(part)
		}
	}
	if err != nil {
		o.self.Post(&closed{reason: "sending: " + reasonOf(err)})
		o.drop()
		return false
	}
	stats := &o.conn.peer.Stats
	now := o.env.Now()
	stats.BytesSent.Add(int64(f.size() + len(f.after)))
	o.conn.node.Board.Upload.Sent(f.size()+len(f.after), now)
	stats.LastSend.Store(now.Unix())
	stats.Sent.Add(f.command, f.size())
	log := o.conn.node.Log
	log.Message(o.conn.peer, false, f.command, f.size()-wire.HeaderSize)
	if len(f.after) > 0 {
		stats.Sent.Add(wire.CmdInv, len(f.after))
		log.Message(o.conn.peer, false, wire.CmdInv, len(f.after)-wire.HeaderSize)
	}
	return true
}

// send queues one message.
func (c *conn) send(k *kit.Context, m wire.Message) {
	if c.ended {
		return
	}
	c.out.add(k, entry{frame: &outgoing{command: m.Command(), head: wire.Append(nil, c.node.Magic, m)}})
}
