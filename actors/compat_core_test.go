package actors

import (
	"testing"
	"time"

	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/internal/testpeer"
	"github.com/troupe-node/troupe/tx"
	"github.com/troupe-node/troupe/wire"
)

// What Core's own tests expect of a node, where no other test of ours looks.

func TestAMessageThatIsNotOneIsDroppedAndNamed(t *testing.T) {
	s := play(t)
	p := s.peer(testpeer.Options{})
	p.SendRaw(p.Frame(wire.CmdAddrV2, nil))
	long := append([]byte{1, 0x61, 0xbc, 0x66, 0x49, 0, 1, 0xfd, 1, 2}, make([]byte, 515)...)
	p.SendRaw(p.Frame(wire.CmdAddrV2, long))
	p.Sync()
	s.said("received: addrv2 (0 bytes) peer=0")
	s.said("ProcessMessages(addrv2, 0 bytes): Exception")
	s.said("end of data")
	s.said("Address too long: 513 > 512")
}

func TestAListAboveItsLimitIsMisbehaviour(t *testing.T) {
	s := play(t)
	p := s.peer(testpeer.Options{})
	p.SendRaw(p.Frame(wire.CmdAddr, append(tx.AppendCompactSize(nil, 1010), make([]byte, 1010*30)...)))
	p.WaitClosed()
	s.said("Misbehaving: peer=0: addr message size = 1010")
}

func TestAPongWithoutANonceEndsThePing(t *testing.T) {
	s := play(t)
	p := s.peer(testpeer.Options{Mute: true})
	testpeer.Wait[*wire.Ping](p, nil)
	waitFor(t, "the ping", func() bool { return s.only().Stats.PingSince.Load() != 0 })
	p.SendRaw(p.Frame(wire.CmdPong, nil))
	p.Sync()
	s.said("pong peer=0: Short payload")
	if s.only().Stats.PingSince.Load() != 0 {
		t.Error("the ping is still waited for")
	}
}

func TestAnAddressFetchEndsAfterFiveMinutes(t *testing.T) {
	s := play(t)
	p := s.called(msg.AddrFetch, testpeer.Options{})
	p.Sync()
	s.clock(5*time.Minute + time.Second)
	p.WaitClosed()
	s.said("addrfetch connection timeout: disconnecting peer=0")
}

func TestAddressesThatAreNewToUsAreNamed(t *testing.T) {
	s := play(t)
	p := s.peer(testpeer.Options{})
	p.SendRaw(p.Frame(wire.CmdAddrV2, []byte{1, 0x61, 0xbc, 0x66, 0x69, 1, 1, 4, 9, 9, 9, 9, 0x20, 0x8d}))
	p.Sync()
	s.said("Added 9.9.9.9:8333 to new")
	s.said("Added 1 addresses (of 1) from 127.0.0.1: 0 tried, 1 new")
}

func TestMovingTheClockIsNoticedAtOnce(t *testing.T) {
	s := play(t)
	s.clock(0)
	p := s.peer(testpeer.Options{Mute: true})
	p.Sync()
	s.System.MoveClock(s.Env.Now().Add(21 * time.Minute))
	p.WaitClosed()
	s.said("timeout: 1260s") // socket sending, or receive when the pong was noted as sent a moment after we had it
}

func TestNewBlocksAreAskedForInOneMessage(t *testing.T) {
	s := play(t)
	s.grow(2)
	p := s.peer(testpeer.Options{})
	var blocks []*tx.Block
	for b := range s.chain.Empty(10) {
		blocks = append(blocks, b)
	}
	s.Env.SetMock(time.Unix(int64(s.chain.Time()), 0))
	p.Send(headersOf(blocks))
	got := asked(p.Sync())
	if len(got) != len(blocks) {
		t.Errorf("asked for %d of %d", len(got), len(blocks))
	}
}
