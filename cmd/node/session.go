package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/troupe-node/troupe/config"
	"github.com/troupe-node/troupe/logs"
)

// session is what a command that works on a data directory holds: the configuration, the
// lock, the log and the pid file.
type session struct {
	*config.Loaded
	Log  *logs.Logger
	lock *lockFile
}

// openSession prepares the data directory. By Core's rules it must exist; the
// commands make it.
func (a *app) openSession(loaded *config.Loaded, command string, mustExist bool) (*session, error) {
	c := &loaded.Config
	if mustExist && loaded.Given("datadir") {
		if info, err := os.Stat(c.DataDir); err != nil || !info.IsDir() {
			what := fmt.Sprintf("Specified data directory %q does not exist.", c.DataDir)
			if loaded.Origin("datadir").Source <= config.FromSection {
				what = fmt.Sprintf("Error reading configuration file: specified data directory %q does not exist.", c.DataDir)
			}
			return nil, fail(exitConfig, what, "", "create it: mkdir -p "+c.DataDir)
		}
	}
	if err := os.MkdirAll(c.ChainDir, 0o700); err != nil {
		return nil, fail(exitUnexpected, "Cannot create the data directory "+c.ChainDir, "", "check the path and its permissions").because(err)
	}
	lock, err := takeLock(c, command)
	if err != nil {
		return nil, err
	}
	s := &session{Loaded: loaded, lock: lock}
	console, _ := a.stdout.(*os.File)
	if s.Log, err = logs.Open(&c.Logs, console); err != nil {
		return nil, errors.Join(fail(exitUnexpected, "Could not open debug log file "+c.Logs.File, "", "check the path and its permissions").because(err), lock.release())
	}
	if c.Process.PIDFile != "" {
		if err := os.WriteFile(c.Process.PIDFile, []byte(strconv.Itoa(os.Getpid())+"\n"), 0o644); err != nil {
			return nil, errors.Join(fail(exitUnexpected, "Unable to create the PID file '"+c.Process.PIDFile+"'", "", "check the path and its permissions").because(err), s.close())
		}
	}
	b := build()
	logs.NodeStarting.Log(s.Log, logs.Version.Is(b.Version), logs.Chain.Is(string(c.Chain)), logs.DataDir.Is(c.ChainDir), logs.PID.Is(int64(os.Getpid())))
	for _, note := range loaded.Notes {
		event := logs.ConfigNote
		if note.Severity == config.Warning {
			event = logs.ConfigWarn
		}
		event.Log(s.Log, logs.Detail.Is(note.Error()))
	}
	return s, nil
}

// close undoes openSession, the lock last.
func (s *session) close() error {
	var pid error
	if path := s.Config.Process.PIDFile; path != "" {
		if pid = os.Remove(path); errors.Is(pid, fs.ErrNotExist) {
			pid = nil
		}
	}
	return errors.Join(pid, s.Log.Close(), s.lock.release())
}

// command is how this process is named to whoever finds the lock taken.
func (a *app) command(name string) string {
	if name == "" {
		return a.name
	}
	return filepath.Base(a.name) + " " + name
}
