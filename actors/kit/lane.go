package kit

// Limits bounds one lane. A zero field means the default of the lane.
type Limits struct {
	Messages int
	Bytes    int
}

// Lanes bounds a mailbox.
type Lanes [NumLanes]Limits

// defaults are sized for an actor that is not the destination of a flood:
// together at most about 110 MiB, and in practice what the credit ledger lets in.
var defaults = Lanes{
	Control: {1024, 1 << 20},
	Reply:   {4096, 64 << 20}, // Messages is the number of open calls
	Block:   {64, 64 << 20},
	Headers: {128, 16 << 20},
	Local:   {1024, 16 << 20},
	Tx:      {4096, 8 << 20},
	Gossip:  {1024, 4 << 20},
}

// weights of the lanes that share: block 8, headers 4, local 4, tx 2, gossip 1.
var weights = [NumLanes]int{Block: 8, Headers: 4, Local: 4, Tx: 2, Gossip: 1}

func (l Lanes) withDefaults() Lanes {
	for i := range l {
		if l[i].Messages == 0 {
			l[i].Messages = defaults[i].Messages
		}
		if l[i].Bytes == 0 {
			l[i].Bytes = defaults[i].Bytes
		}
	}
	return l
}

// item is a queued message. Lanes hold items by value: queueing allocates nothing.
type item struct {
	msg   any
	class *class
	reply ReplyTo // for a call: who waits; in the reply lane: id of the call answered
	at    int64   // Env.Mono at the send, in nanoseconds
	size  int
}

type conflateKey struct {
	class *class
	key   uint64
}

// lane is a ring that grows on demand to its limit and shrinks when it has been
// mostly empty, so that one burst is not paid for all life.
type lane struct {
	buf       []item
	head, n   int
	bytes     int
	seq       uint64 // sequence number of the item at head
	peak      int    // most items since it was last empty
	high      int    // most items ever
	highBytes int
	first     int                    // least depth that is reported, a power of two
	mark      int                    // next depth to report
	latest    map[conflateKey]uint64 // where the queued message of a conflated key is
	waiting   []Ref                  // senders that hold a message until there is room
}

// firstMark is the depth from which a lane reports, unless a quarter of its limit
// is more: a lane that is meant to be deep says nothing while it is ordinary.
const firstMark = 64

func (l *lane) begin(limit int) {
	for l.first = firstMark; l.first < limit/4; l.first *= 2 {
	}
	l.mark = l.first
}

func (l *lane) full(lim Limits, size int) bool {
	return l.n >= lim.Messages || (l.n > 0 && l.bytes+size > lim.Bytes)
}

// push appends and reports a high-water mark if one was passed, else 0.
func (l *lane) push(it item) (mark int) {
	if l.n == len(l.buf) {
		l.resize(max(8, 2*l.n))
	}
	l.buf[(l.head+l.n)&(len(l.buf)-1)] = it
	l.n++
	l.bytes += it.size
	l.peak = max(l.peak, l.n)
	l.high = max(l.high, l.n)
	l.highBytes = max(l.highBytes, l.bytes)
	if l.n >= l.mark {
		mark = l.mark
		l.mark *= 2
	}
	return mark
}

// conflate replaces the queued message of the same key in its place.
func (l *lane) conflate(it item, key uint64) (old any, replaced bool) {
	at, ok := l.latest[conflateKey{it.class, key}]
	if !ok {
		return nil, false
	}
	slot := &l.buf[(l.head+int(at-l.seq))&(len(l.buf)-1)]
	old = slot.msg
	l.bytes += it.size - slot.size
	slot.msg, slot.size, slot.reply = it.msg, it.size, it.reply
	return old, true
}

// remember notes where the message just pushed can be replaced.
func (l *lane) remember(it item, key uint64) {
	if l.latest == nil {
		l.latest = map[conflateKey]uint64{}
	}
	l.latest[conflateKey{it.class, key}] = l.seq + uint64(l.n) - 1
}

func (l *lane) pop(it *item) bool {
	if l.n == 0 {
		return false
	}
	slot := &l.buf[l.head]
	*it = *slot
	*slot = item{}
	l.head = (l.head + 1) & (len(l.buf) - 1)
	l.n--
	l.seq++
	l.bytes -= it.size
	if it.class.Full == Conflate && l.latest != nil {
		delete(l.latest, conflateKey{it.class, keyOf(it.class, it.msg)})
	}
	if l.n <= l.mark/8 && l.mark > l.first {
		l.mark /= 2 // re-armed only well below, so that a depth that wavers reports once
	}
	if l.n == 0 {
		if len(l.buf) > 64 && l.peak < len(l.buf)/4 {
			l.resize(len(l.buf) / 2)
		}
		l.peak = 0
	}
	return true
}

func (l *lane) resize(size int) {
	buf := make([]item, size)
	for i := 0; i < l.n; i++ {
		buf[i] = l.buf[(l.head+i)&(len(l.buf)-1)]
	}
	l.buf, l.head = buf, 0
}

func keyOf(c *class, msg any) uint64 {
	if c.keyed {
		return msg.(Conflater).ConflateKey()
	}
	return 0
}
