package registry

import (
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/troupe-node/troupe/addrbook"
	"github.com/troupe-node/troupe/wire"
)

// Files are where the registry keeps what it knows. An empty Dir keeps nothing.
type Files struct{ Dir string }

const (
	bookFile    = "addresses.dat"
	banFile     = "banlist.json"
	anchorsFile = "anchors.dat"
)

// load reads book and bans. What is missing or damaged is begun anew, with a note:
// neither is worth refusing to start.
func (f Files) load(magic wire.Magic, key addrbook.Key, source *rand.Rand, log Log) (*addrbook.Book, *addrbook.Bans) {
	book, bans := addrbook.New(key, source), addrbook.NewBans()
	if raw, err := f.read(bookFile); err != nil {
		log.RegistryNote("address book cannot be read, beginning a new one: " + err.Error())
	} else if raw != nil {
		if old, err := addrbook.Decode(raw, magic, source); err != nil {
			log.RegistryNote("address book is damaged, beginning a new one: " + err.Error())
		} else {
			book = old
		}
	}
	raw, err := f.read(banFile)
	if err == nil && raw == nil && f.Dir != "" { // people and scripts expect it to be there
		var list []byte
		if list, err = bans.EncodeJSON(); err == nil {
			err = f.write(banFile, list)
		}
		log.RegistryNote("Recreating the banlist database")
	}
	if err == nil && raw != nil {
		var skipped []string
		var old *addrbook.Bans
		if old, skipped, err = addrbook.DecodeJSON(raw); err == nil {
			bans = old
		}
		for _, s := range skipped {
			log.RegistryNote("ban list: " + s)
		}
	}
	if err != nil {
		log.RegistryNote("Missing or invalid file " + banFile + ": " + err.Error())
	}
	return book, bans
}

// takeAnchors reads the anchors of the life before and takes the file away, so that
// anchors that were of no use are not tried for ever (as in Core).
func (f Files) takeAnchors(magic wire.Magic, log Log) []addrbook.Seen {
	raw, err := f.read(anchorsFile)
	if err != nil || raw == nil {
		return nil
	}
	list, err := addrbook.DecodeAnchors(raw, magic)
	if err != nil {
		log.RegistryNote("anchors cannot be read: " + err.Error())
	}
	if err := os.Remove(filepath.Join(f.Dir, anchorsFile)); err != nil {
		log.RegistryNote("anchors cannot be taken away: " + err.Error())
	}
	return list
}

// saveAnchors keeps them for the next life.
func (f Files) saveAnchors(list []addrbook.Seen, magic wire.Magic) error {
	if f.Dir == "" || len(list) == 0 {
		return nil
	}
	return f.write(anchorsFile, addrbook.EncodeAnchors(list, magic))
}

// read is nil without error when there is no such file.
func (f Files) read(name string) ([]byte, error) {
	if f.Dir == "" {
		return nil, nil
	}
	raw, err := os.ReadFile(filepath.Join(f.Dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return raw, err
}

// save writes both as they are now. Encoding happens here, writing where run says:
// in a goroutine, or at once at the end.
func (f Files) save(book *addrbook.Book, bans *addrbook.Bans, magic wire.Magic, run func(func(context.Context)), failed func(error)) {
	if f.Dir == "" {
		return
	}
	list, err := bans.EncodeJSON()
	raw := book.Encode(magic)
	run(func(context.Context) {
		if err := errors.Join(err, f.write(bookFile, raw), f.write(banFile, list)); err != nil {
			failed(err)
		}
	})
}

// write puts a file in place as a whole.
func (f Files) write(name string, data []byte) error {
	path := filepath.Join(f.Dir, name)
	if err := os.WriteFile(path+".new", data, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
