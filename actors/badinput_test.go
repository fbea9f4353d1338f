package actors

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/internal/testpeer"
	"github.com/troupe-node/troupe/tx"
	"github.com/troupe-node/troupe/wire"
)

// misdeed is one way to break the protocol, and what the log says of it.
type misdeed struct {
	name  string
	words string // in the reason, or the note
	stays bool   // the connection goes on, as in Core
	shake bool   // first there is an ordinary handshake
	do    func(p *testpeer.Peer, r *rand.Rand)
}

// header is a frame header that says what the test wants.
func header(magic wire.Magic, command string, length uint32, sum [4]byte) []byte {
	var h [wire.HeaderSize]byte
	copy(h[:], magic[:])
	copy(h[4:], command)
	binary.LittleEndian.PutUint32(h[16:], length)
	copy(h[20:], sum[:])
	return h[:]
}

// hangUp ends our side of the stream: closing would throw away what the node has
// not read yet.
func hangUp(p *testpeer.Peer) { p.Conn.(*net.TCPConn).CloseWrite() }

func randomBytes(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

var misdeeds = []misdeed{
	{"random bytes", "Wrong MessageStart", false, false, func(p *testpeer.Peer, r *rand.Rand) { p.SendRaw(randomBytes(r, 4000)) }},
	{"random bytes after the handshake", "Wrong MessageStart", false, true, func(p *testpeer.Peer, r *rand.Rand) { p.SendRaw(randomBytes(r, 4000)) }},
	{"wrong magic", "Wrong MessageStart", false, true, func(p *testpeer.Peer, _ *rand.Rand) {
		p.SendRaw(wire.Append(nil, wire.Magic{0xf9, 0xbe, 0xb4, 0xd9}, &wire.Ping{}))
	}},
	{"a truncated header", "in the middle of a message", false, true, func(p *testpeer.Peer, _ *rand.Rand) {
		p.SendRaw(p.Frame(wire.CmdPing, make([]byte, 8))[:11])
		hangUp(p)
	}},
	{"a truncated payload", "in the middle of a message", false, true, func(p *testpeer.Peer, _ *rand.Rand) {
		p.SendRaw(p.Frame(wire.CmdBlock, make([]byte, 1000))[:500])
		hangUp(p)
	}},
	{"a length above all", "Size too large", false, true, func(p *testpeer.Peer, _ *rand.Rand) {
		p.SendRaw(header(testpeer.Regtest, wire.CmdBlock, 0xffffffff, [4]byte{}))
	}},
	{"a length above what the message needs", "Size too large", false, true, func(p *testpeer.Peer, _ *rand.Rand) {
		p.SendRaw(header(testpeer.Regtest, wire.CmdPing, 3_000_000, [4]byte{}))
	}},
	{"a length above all of an unknown message", "Size too large", false, true, func(p *testpeer.Peer, _ *rand.Rand) {
		p.SendRaw(header(testpeer.Regtest, "whatever", 4_000_001, [4]byte{}))
	}},
	{"a wrong checksum", "Wrong checksum", true, true, func(p *testpeer.Peer, _ *rand.Rand) {
		p.SendRaw(append(header(testpeer.Regtest, wire.CmdPing, 8, [4]byte{1, 2, 3, 4}), make([]byte, 8)...))
	}},
	{"a command that is none", "Invalid message type", true, true, func(p *testpeer.Peer, _ *rand.Rand) {
		p.SendRaw(header(testpeer.Regtest, "\x00badmsg", 0, wire.Checksum(nil)))
	}},
	{"a version twice", "redundant version message", true, true, func(p *testpeer.Peer, _ *rand.Rand) { p.Send(p.OurVersion(), p.OurVersion()) }},
	{"a message before the handshake", "non-version message before version handshake", true, false, func(p *testpeer.Peer, _ *rand.Rand) {
		p.Send(&wire.Inv{List: make([]wire.InvVect, 10)})
	}},
	{"a message that ends early", "end of data", true, true, func(p *testpeer.Peer, _ *rand.Rand) { p.SendRaw(p.Frame(wire.CmdInv, []byte{5, 1, 2, 3})) }},
	{"a list that is too long", "inv message size = 50001", false, true, func(p *testpeer.Peer, _ *rand.Rand) {
		p.SendRaw(p.Frame(wire.CmdInv, tx.AppendCompactSize(nil, 50_001)))
	}},
	{"a huge count and no elements", "ProcessMessages(getdata", true, true, func(p *testpeer.Peer, _ *rand.Rand) {
		p.SendRaw(p.Frame(wire.CmdGetData, tx.AppendCompactSize(nil, 1<<62)))
	}},
	{"a block of random bytes", "ProcessMessages(block, 5000 bytes): Exception", true, true, func(p *testpeer.Peer, r *rand.Rand) { p.SendRaw(p.Frame(wire.CmdBlock, randomBytes(r, 5000))) }},
	{"a transaction of random bytes", "ProcessMessages(tx, 500 bytes): Exception", true, true, func(p *testpeer.Peer, r *rand.Rand) { p.SendRaw(p.Frame(wire.CmdTx, randomBytes(r, 500))) }},
	{"headers without proof of work", "header with invalid proof of work", false, true, func(p *testpeer.Peer, r *rand.Rand) {
		p.Send(&wire.Headers{Headers: []tx.Header{{Time: r.Uint32()}, {Time: r.Uint32()}}})
	}},
	{"bloom filters", "despite not offering bloom services", false, true, func(p *testpeer.Peer, _ *rand.Rand) { p.Send(&wire.FilterClear{}) }},
	{"mempool without permission", "mempool request with bloom filters disabled", false, true, func(p *testpeer.Peer, _ *rand.Rand) { p.Send(&wire.Mempool{}) }},
}

func TestEveryMisdeedIsNamedInTheLog(t *testing.T) {
	s := play(t)
	s.grow(1)
	for i, m := range misdeeds {
		p := s.peer(testpeer.Options{Silent: !m.shake})
		m.do(p, rand.New(rand.NewPCG(1, 2)))
		id := fmt.Sprintf(`"peer":%d,`, i)
		waitFor(t, m.name+" in the log", func() bool {
			for _, line := range strings.Split(s.log.String(), "\n") {
				if strings.Contains(line, id) && strings.Contains(line, m.words) &&
					(m.stays || strings.Contains(line, "peer.disconnected")) {
					return true
				}
			}
			return false
		})
		if m.stays {
			if !m.shake {
				p.Shake()
			}
			p.Sync()
			p.Conn.Close()
		} else {
			p.WaitClosed()
		}
	}
	waitFor(t, "no connections", func() bool { return len(s.Board.Peers().Peers) == 0 })
}

// TestAHundredBadPeersHurtNobody plays all misdeeds on a hundred connections at
// once, while an honest peer is served and memory stays where it is.
func TestAHundredBadPeersHurtNobody(t *testing.T) {
	s := play(t, "-maxconnections=300")
	s.grow(20)
	honest := s.peer(testpeer.Options{})
	heap := liveHeap()
	var crowd sync.WaitGroup
	stop := make(chan struct{})
	for i := range 100 {
		crowd.Add(1)
		go func() {
			defer crowd.Done()
			r := rand.New(rand.NewPCG(uint64(i), 7))
			for round := 0; ; round++ {
				select {
				case <-stop:
					return
				default:
				}
				misbehave(t, s, misdeeds[(i+round)%len(misdeeds)], r)
			}
		}()
	}
	longest := time.Duration(0)
	// Each block is a minute later than the one before: more than a hundred would be
	// too far in the future.
	for range 80 {
		time.Sleep(15 * time.Millisecond)
		b := s.chain.Mint(nil, nil)
		start := time.Now()
		honest.Send(block(b))
		honest.Sync()
		longest = max(longest, time.Since(start))
		if s.tip() != b.Hash() {
			t.Fatal("an honest block was not connected")
		}
	}
	during := liveHeap()
	close(stop)
	crowd.Wait()
	if during > heap+heapSlack*64<<20 {
		t.Errorf("the heap grew from %d to %d MiB", heap>>20, during>>20)
	}
	if longest > 15*time.Second {
		t.Errorf("an honest peer waited %v for its pong", longest)
	}
	honest.Sync()
	waitFor(t, "only the honest one", func() bool { return len(s.Board.Peers().Peers) == 1 })
	if strings.Contains(s.log.String(), "actor.panicked") {
		t.Error("an actor panicked")
	}
	waitFor(t, "all credit to be back", func() bool {
		g := s.Ledger.Gauges()
		return g.General.Bytes == 0 && g.Reserve.Bytes == 0 && g.Owners == 1
	})
	t.Logf("longest round trip of the honest peer %v; heap %d -> %d MiB", longest, heap>>20, during>>20)
}

func liveHeap() uint64 {
	runtime.GC()
	runtime.GC() // what was made during the first
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// misbehave does its worst without caring for the answer.
func misbehave(t *testing.T, s *stage, m misdeed, r *rand.Rand) {
	conn, err := dialTCP(s.Listeners[0].Addr().String())
	if err != nil {
		return
	}
	defer conn.Close()
	p := testpeer.New(t, conn, testpeer.Options{Silent: true})
	if m.shake {
		p.Send(p.OurVersion(), &wire.Verack{})
	}
	m.do(p, r)
	for range 20 {
		if _, err := p.Next(50 * time.Millisecond); err != nil {
			return
		}
	}
}

func TestMemoryThatIsPromisedAndNeverFilledDoesNotKeepOthersWaiting(t *testing.T) {
	if testing.Short() {
		t.Skip("takes the ten seconds that a slow message has")
	}
	s := play(t, "-maxconnections=300")
	s.grow(1)
	greedy := make([]*testpeer.Peer, 40) // they ask for all of the general credit
	for i := range greedy {
		greedy[i] = s.peer(testpeer.Options{})
	}
	for _, p := range greedy { // at once: a slow message has ten seconds
		p.SendRaw(header(testpeer.Regtest, wire.CmdTx, 3_900_000, [4]byte{}))
	}
	waitFor(t, "the credit to be taken", func() bool { g := s.Ledger.Gauges(); return g.Waiting > 0 })
	p := s.peer(testpeer.Options{Patience: 30 * time.Second})
	p.Sync()
	s.said("and others wait for its memory")
}

func TestFramesWithoutCreditCannotPileUp(t *testing.T) {
	s := play(t)
	s.grow(1)
	p := s.peer(testpeer.Options{Mute: true})
	bad := header(testpeer.Regtest, "unknown", 0, [4]byte{1})
	flood := []byte(strings.Repeat(string(bad), 20_000))
	go p.SendRaw(flood)
	waitFor(t, "the notes", func() bool { return s.only().Stats.BytesRecv.Load() > int64(len(flood)) })
	p.Sync()
	// The ping's own comes back a moment after its pong.
	waitFor(t, "all credit to be back", func() bool { return s.Ledger.Gauges().General.Messages == 0 })
}

// TestAMessageThatIsFarLargerInMemoryWaitsForCredit: one byte of an empty witness item
// becomes 24 in memory, and a message may hold four million of them.
func TestAMessageThatIsFarLargerInMemoryWaitsForCredit(t *testing.T) {
	s := play(t)
	s.grow(1)
	const items = 50_000
	raw := append(make([]byte, 4), 0, 1, 1)
	raw = append(append(append(raw, make([]byte, 41)...), 1), make([]byte, 9)...)
	raw = append(tx.AppendCompactSize(raw, items), make([]byte, items+4)...)
	heavy, err := tx.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	others := s.Heavy.NewOwner("others", kit.Credit{Messages: 1, Bytes: 256 << 20})
	if others.TryAcquire(256<<20, kit.General) == nil {
		t.Fatal("there is less credit than was thought")
	}
	p := s.peer(testpeer.Options{Patience: time.Minute})
	p.Send(&wire.Tx{Tx: heavy})
	waitFor(t, "the message to wait", func() bool { return s.Heavy.Gauges().Waiting == 1 })
	s.peer(testpeer.Options{}).Sync() // nobody else does
	others.Close()
	p.Sync()
	waitFor(t, "the credit to be back", func() bool { return s.Heavy.Gauges().General == kit.Credit{} })
}
