package chainstore

import (
	"time"

	badger "github.com/dgraph-io/badger/v3"
	badgeropts "github.com/dgraph-io/badger/v3/options"
)

// Options of a store on disk. Network and Magic must be given; the rest has good defaults.
type Options struct {
	Network   string // Core's chain name: main, test, testnet4, signet, regtest
	Magic     [4]byte
	CreatedBy string // program and version, for the FORMAT file

	// Memory is what the database may use, in bytes, beside the pages that the kernel caches for it. Small chains want
	// SmallMemory: it also keeps files small and opening quick.
	Memory int

	SnapshotLimit time.Duration    // a snapshot held longer than this expires; zero means DefaultSnapshotLimit, negative never
	Now           func() time.Time // the clock for SnapshotLimit; nil means time.Now

	// Log receives the database's own remarks; nil drops them.
	Log func(level LogLevel, text string)

	// Failpoint, in tests, is called before each distinct write with the name of the place. It may end the process.
	Failpoint func(point string)

	tiny bool // in tests: small files, merged at once, so that many come and go
}

// LogLevel of a remark.
type LogLevel int

// Levels, least important first.
const (
	LogDebug LogLevel = iota
	LogInfo
	LogWarning
	LogError
)

const (
	// DefaultMemory is used when Options.Memory is zero.
	DefaultMemory = 256 << 20
	// SmallMemory suits regtest and tests.
	SmallMemory = 16 << 20
	// DefaultSnapshotLimit is used when Options.SnapshotLimit is zero.
	DefaultSnapshotLimit = 10 * time.Minute
)

func (o Options) withDefaults() Options {
	if o.Memory == 0 {
		o.Memory = DefaultMemory
	}
	if o.SnapshotLimit == 0 {
		o.SnapshotLimit = DefaultSnapshotLimit
	}
	o.SnapshotLimit = max(o.SnapshotLimit, 0)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Failpoint == nil {
		o.Failpoint = func(string) {}
	}
	return o
}

// Sizes that follow from the budget. docs/storage.md has the table.
const (
	// memtableShare: one memtable being written, one queued and one being turned into a table, each a third larger than its
	// nominal size (skip list nodes, room for one batch), and the table under construction.
	memtableShare = 5
	minMemtable   = 1 << 20
	maxMemtable   = 128 << 20

	// valueThreshold: larger values go to the value log, smaller ones lie in the tree beside their key. No coin may be larger (a script
	// of 10,000 bytes is the longest that can be spent): collection of the value log can bring a value back whose deletion was merged away
	// before. A body that comes back is a matter of room, a coin would be a matter of consensus.
	valueThreshold = 10 << 10

	bigValueLog   = 512 << 20 // the newest file is read through at every start: about 0.3 s
	smallValueLog = 64 << 20
)

func (o *Options) badger(dir string) badger.Options {
	memtable := int64(min(max(o.Memory/memtableShare, minMemtable), maxMemtable))
	valueLog := int64(bigValueLog)
	if o.Memory <= 4*SmallMemory {
		valueLog = smallValueLog
	}
	b := badger.DefaultOptions(dir)
	b.Logger = badgerLog{o.Log}
	b.DetectConflicts = false // one writer
	b.MetricsEnabled = false  // global expvars
	b.SyncWrites = false      // sync.go does better
	b.NumVersionsToKeep = 1   // below the discard timestamp, that is
	b.MemTableSize = memtable
	b.NumMemtables = 1
	b.NumCompactors = 2 // the least that works
	b.NumGoroutines = 1 // streams, which are not used
	b.BaseTableSize = max(memtable/8, 1<<20)
	b.BaseLevelSize = max(memtable, 8<<20)
	b.ValueThreshold = valueThreshold
	b.ValueLogFileSize = valueLog
	b.VerifyValueChecksum = true // a torn body is found where it is read
	b.ChecksumVerificationMode = badgeropts.OnBlockRead
	// Hashes do not compress. Without compression tables are read where the kernel maps them, so that neither a block cache nor an
	// index cache is needed and the page cache, which gives way to other programs, is the cache.
	b.Compression = badgeropts.None
	b.BlockCacheSize = 0
	b.IndexCacheSize = 0
	b.BlockSize = 4 << 10
	if o.tiny {
		b.MemTableSize, b.ValueLogFileSize, b.NumLevelZeroTables = 256<<10, 1<<20, 1
	}
	return b
}

type badgerLog struct {
	to func(LogLevel, string)
}

func (l badgerLog) Errorf(f string, a ...any)   { l.log(LogError, f, a) }
func (l badgerLog) Warningf(f string, a ...any) { l.log(LogWarning, f, a) }
func (l badgerLog) Infof(f string, a ...any)    { l.log(LogInfo, f, a) }
func (l badgerLog) Debugf(f string, a ...any)   { l.log(LogDebug, f, a) }
