package config

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
)

// checkIgnoredConf refuses to start when the data directory has a bitcoin.conf of its
// own that is not the one in force, because -conf names another, or because the file
// read first names another data directory: whoever writes into it would think that it
// counts (Core's InitConfig).
func (l *loader) checkIgnoredConf() {
	read := l.out.Config.ConfFile
	dir := l.finalDataDir()
	ignored := filepath.Join(dir, byName["conf"].Default)
	if read == "" || l.sameFile(read, ignored) {
		return
	}
	if _, err := l.src.ReadFile(ignored); errors.Is(err, fs.ErrNotExist) {
		return
	}
	severity := Fatal
	if l.on("allowignoredconf") {
		severity = Warning
	}
	from := fmt.Sprintf("data directory %q", l.dataDir())
	if conf, ok := l.last("conf"); ok && conf.Text != "" {
		from = fmt.Sprintf("command line argument %q", "-conf="+conf.Text)
	}
	l.note(severity, Origin{},
		fmt.Sprintf("Data directory %q contains a %q file which is ignored, because a different configuration file %q from %s is being used instead.",
			dir, byName["conf"].Default, read, from), "",
		"delete or rename it, or name one file only with datadir= and conf= (includeconf= adds others), or set allowignoredconf=1 to be warned only")
}

func (l *loader) sameFile(a, b string) bool {
	if l.src.SameFile == nil {
		return a == b
	}
	return l.src.SameFile(a, b)
}
