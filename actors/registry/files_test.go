package registry

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/troupe-node/troupe/addrbook"
	"github.com/troupe-node/troupe/wire"
)

// noteBook keeps the notes and nothing else.
type noteBook struct {
	Log
	notes []string
}

func (n *noteBook) RegistryNote(text string) { n.notes = append(n.notes, text) }

func TestABanListThatIsMissingIsBegunAndThenLeftAlone(t *testing.T) {
	f, log := Files{Dir: t.TempDir()}, &noteBook{}
	load := func() *addrbook.Bans {
		_, bans := f.load(wire.Magic{1}, addrbook.Key{}, rand.New(rand.NewPCG(1, 2)), log)
		return bans
	}
	load()
	path := filepath.Join(f.Dir, banFile)
	first, err := os.ReadFile(path)
	if err != nil || len(log.notes) != 1 || log.notes[0] != "Recreating the banlist database" {
		t.Fatal(err, log.notes)
	}
	if _, _, err := addrbook.DecodeJSON(first); err != nil {
		t.Fatal(err)
	}
	load()
	if len(log.notes) != 1 {
		t.Error("begun again: ", log.notes)
	}
	f.Dir = "" // a node that keeps nothing
	load()
	if len(log.notes) != 1 {
		t.Error(log.notes)
	}
}
