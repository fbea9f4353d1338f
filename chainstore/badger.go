package chainstore

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"

	badger "github.com/dgraph-io/badger/v3"
)

// Badger is the store on disk: one Badger database in managed mode. The version of every entry is the sequence of the commit that
// wrote it.
type Badger struct {
	core
	dir  string
	opts Options
	db   *badger.DB
	lock *DirLock

	use    sync.RWMutex // held for reading by whoever uses db; Close takes it whole
	commit sync.Mutex   // one commit at a time
	broken atomic.Pointer[error]

	putMu        sync.Mutex
	putRoom      sync.Cond
	putting      map[string][]byte // bodies and undo data handed over and not yet readable from the database
	puttingBytes int
	gen          *generation

	syncMu    sync.Mutex
	synced    atomic.Uint64
	slots     *syncSlots
	lastFid   uint32            // value log files below were complete at the last sync
	born      map[uint32]uint64 // memtable logs on disk: a sequence below all they hold
	oldestLog atomic.Uint64     // the lowest of born
	// syncPath is syncFile; the power-cut test looks over its shoulder to know what the disk has.
	syncPath func(path string) error

	recovered Recovery
}

// Open opens the store in dir, making it when it is not there, and brings it back to a committed state if the last process did not
// close it. A directory in use answers ErrLocked, another format ErrFormat, another network ErrNetwork, damage ErrCorrupt.
func Open(dir string, opts Options) (*Badger, error) {
	opts = opts.withDefaults()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("chain store: %w", err)
	}
	lock, err := Lock(dir)
	if err != nil {
		return nil, err
	}
	b := &Badger{dir: dir, opts: opts, lock: lock, putting: make(map[string][]byte), syncPath: syncFile}
	b.backend = b
	b.putRoom.L = &b.putMu
	if err := b.open(); err != nil {
		if b.slots != nil {
			b.slots.close()
		}
		if b.db != nil {
			err = errors.Join(err, b.db.Close())
		}
		return nil, errors.Join(err, bringBack(dir), lock.Release())
	}
	return b, nil
}

func (b *Badger) open() (err error) {
	if err := b.checkFormat(); err != nil {
		return err
	}
	if b.slots, err = openSyncSlots(b.dir); err != nil {
		return err
	}
	if err := mendTails(b.dir); err != nil {
		return err
	}
	if err := checkTables(b.dir); err != nil {
		return err
	}
	aside, err := setAside(b.dir)
	if err != nil {
		return err
	}
	b.opts.Failpoint("open-database")
	if b.db, err = openDatabase(b.opts.badger(b.dir)); err != nil {
		return err
	}
	b.opts.Failpoint("open-tables")
	if err := b.dropAside(aside); err != nil {
		return err
	}
	if err := b.firstLogs(); err != nil {
		return err
	}
	state, err := b.recover(b.slots.seq)
	if err != nil {
		return err
	}
	b.state.Store(&state)
	b.pins = pins{state: &b.state, limit: b.opts.SnapshotLimit, now: b.opts.Now}
	b.gen = newGeneration(state.Seq + 1)
	if b.recovered.RolledBack > 0 {
		// What was torn must not be looked at again: make the mended state the synced one.
		if err := b.Sync(); err != nil {
			return err
		}
	}
	b.trim()
	return nil
}

// firstLogs notes the memtable logs after opening: those replayed may hold anything, the newest is new and holds only what comes.
func (b *Badger) firstLogs() error {
	entries, err := os.ReadDir(b.dir)
	if err != nil {
		return fmt.Errorf("chain store: %w", err)
	}
	b.born = make(map[uint32]uint64)
	newest := uint32(0)
	for _, e := range entries {
		if fid, kind := logFile(e.Name()); kind == ".mem" {
			b.born[fid] = 0
			newest = max(newest, fid)
		}
	}
	b.born[newest] = b.slots.seq
	if len(b.born) == 1 {
		b.oldestLog.Store(b.slots.seq)
	}
	return nil
}

func openDatabase(o badger.Options) (*badger.DB, error) {
	db, err := badger.OpenManaged(o)
	if err == nil {
		return db, nil
	}
	// What Badger returns beside an error is half open: there is nothing to close.
	if strings.Contains(err.Error(), "Another process is using") {
		return nil, fmt.Errorf("%w: %w", ErrLocked, err)
	}
	return nil, &Damage{What: "the database in " + o.Dir, Why: "it does not open", Mend: mendReindex, Err: err}
}

// Close syncs and closes the store. It waits for readers in the middle of a read.
func (b *Badger) Close() error {
	b.commit.Lock()
	defer b.commit.Unlock()
	if b.closed.Load() {
		return nil
	}
	b.putMu.Lock()
	b.closed.Store(true)
	gen := b.gen
	b.putRoom.Broadcast()
	b.putMu.Unlock()
	gen.wait.Wait()
	err := b.sync()
	b.use.Lock()
	defer b.use.Unlock()
	b.opts.Failpoint("close")
	return errors.Join(err, b.db.Close(), b.slots.close(), b.lock.Release())
}

// Synced is the last sequence that survives a power cut.
func (b *Badger) Synced() uint64 { return b.synced.Load() }

// Recovered says what opening the store had to mend.
func (b *Badger) Recovered() Recovery { return b.recovered }

// fail remembers the first failed write. Nothing is written after it: the process is expected to end.
func (b *Badger) fail(err error) error {
	if errors.Is(err, badger.ErrBlockedWrites) || errors.Is(err, badger.ErrDBClosed) {
		err = ErrClosed
	}
	err = fmt.Errorf("%w: %w", ErrBroken, err)
	b.broken.CompareAndSwap(nil, &err)
	return err
}

func (b *Badger) usable() error {
	if b.closed.Load() {
		return ErrClosed
	}
	if err := b.broken.Load(); err != nil {
		return *err
	}
	return nil
}

// trim tells the database which old versions nobody can want any more: those that neither an open snapshot nor a fall back to the
// last sync would read. noteLogs gives the third reason to keep one.
func (b *Badger) trim() {
	b.db.SetDiscardTs(min(b.pins.oldest(), b.synced.Load(), b.oldestLog.Load()))
}

type badgerReader struct {
	b   *Badger
	txn *badger.Txn
}

func (b *Badger) read(seq uint64) (reader, error) {
	b.use.RLock()
	if b.closed.Load() {
		b.use.RUnlock()
		return nil, ErrClosed
	}
	return badgerReader{b, b.db.NewTransactionAt(seq, false)}, nil
}

func (r badgerReader) close() {
	r.txn.Discard()
	r.b.use.RUnlock()
}

func (r badgerReader) get(key []byte, use func(val []byte) error) (bool, error) {
	if key[0] == prefixBody || key[0] == prefixUndo {
		r.b.putMu.Lock()
		val, ok := r.b.putting[string(key)]
		r.b.putMu.Unlock()
		if ok {
			return true, use(val)
		}
	}
	for tries := 0; ; tries++ {
		item, err := r.txn.Get(key)
		if errors.Is(err, badger.ErrKeyNotFound) {
			return false, nil
		}
		if err != nil {
			return false, damagedRead(key, err)
		}
		var used error
		err = readValue(item, func(val []byte) error {
			used = use(val)
			return used
		})
		if used != nil {
			return true, used
		}
		if err == nil {
			return true, nil
		}
		// Value log collection may move a value between the two steps; its new place is found the second time.
		if tries > 0 {
			return false, damagedRead(key, err)
		}
	}
}

var errUnreadable = errors.New("the value is not where its entry points, or does not match its checksum")

// readValue is item.Value with errors: Badger logs that it cannot read a value, and then answers an empty one. No value of ours is
// empty.
func readValue(item *badger.Item, use func(val []byte) error) error {
	return item.Value(func(val []byte) error {
		if len(val) == 0 {
			return errUnreadable
		}
		return use(val)
	})
}

func damagedRead(key []byte, err error) error {
	what := fmt.Sprintf("the entry with key %x", key)
	switch {
	case len(key) == 33 && key[0] == prefixBody:
		what = "the body of block " + blockName(key)
	case len(key) == 33 && key[0] == prefixUndo:
		what = "the undo data of block " + blockName(key)
	case key[0] == prefixCoin:
		if op, err := parseCoinKey(key); err == nil {
			what = "coin " + op.String()
		}
	}
	return &Damage{What: what, Why: "it cannot be read", Mend: mendVerify, Err: err}
}

func (r badgerReader) scan(prefix []byte, fn func(key, val []byte) error) error {
	o := badger.DefaultIteratorOptions
	o.Prefix = prefix
	// Prefetching starts a goroutine per value; values here lie beside their keys.
	o.PrefetchValues = false
	it := r.txn.NewIterator(o)
	defer it.Close()
	for it.Seek(prefix); it.ValidForPrefix(prefix); it.Next() {
		if r.b.closed.Load() {
			return ErrClosed
		}
		item := it.Item()
		var used error
		err := readValue(item, func(val []byte) error {
			used = fn(item.Key(), val)
			return used
		})
		if used != nil {
			return used
		}
		if err != nil {
			return damagedRead(item.KeyCopy(nil), err)
		}
	}
	return nil
}

func (r badgerReader) sizes(prefix []byte, fn func(key []byte, bytes int64) error) error {
	o := badger.DefaultIteratorOptions
	o.Prefix = prefix
	o.PrefetchValues = false
	it := r.txn.NewIterator(o)
	defer it.Close()
	for it.Seek(prefix); it.ValidForPrefix(prefix); it.Next() {
		if r.b.closed.Load() {
			return ErrClosed
		}
		if err := fn(it.Item().Key(), it.Item().ValueSize()); err != nil {
			return err
		}
	}
	return nil
}

func (l badgerLog) log(level LogLevel, format string, args []any) {
	if l.to != nil {
		l.to(level, strings.TrimSpace(fmt.Sprintf(format, args...)))
	}
}
