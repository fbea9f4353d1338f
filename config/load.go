package config

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
)

// Sources are everything Load may look at.
type Sources struct {
	Args    Args
	Environ []string // NAME=value
	Home    string   // stands for ~
	WorkDir string   // what relative paths on the command line start from

	// ReadFile returns a file's contents, and an error that is fs.ErrNotExist when
	// there is none.
	ReadFile func(path string) ([]byte, error)
	// SameFile tells whether two paths lead to one file; nil compares the paths.
	SameFile func(a, b string) bool

	// AsCore is for who started a bitcoind: unknown names in files are passed over, even
	// those that look mistyped, and the process id goes where bitcoind puts it.
	AsCore bool
}

// Loaded is a configuration with the story of where it came from.
type Loaded struct {
	Config Config
	// Notes are the notices and warnings; they do not stop the node.
	Notes Problems

	resolved map[string][]Value
}

// Load resolves the sources into a configuration. On failure the error is a Problems
// that holds everything found wrong, and the result is nil.
func Load(src Sources) (*Loaded, error) {
	l := &loader{src: src, out: &Loaded{resolved: map[string][]Value{}}}
	l.problems = append(l.problems, src.Args.notes...)
	env, problems := parseEnv(src.Environ)
	l.env, l.problems = env, append(l.problems, problems...)
	l.readFiles()
	l.chooseChain()
	l.sortFileSettings()
	l.resolve()
	l.checkIgnoredConf()
	l.imply()
	l.apply()
	l.finish()
	l.check()
	if fatal := l.problems.At(Fatal); len(fatal) > 0 {
		return nil, l.problems
	}
	l.out.Notes = l.problems
	return l.out, nil
}

// loader carries the steps of one Load.
type loader struct {
	src      Sources
	out      *Loaded
	problems Problems

	env     []setting
	files   []confText
	section []setting // of the chosen chain
	global  []setting
}

func (l *loader) fatal(origin Origin, what, why, fix string) {
	l.problems = append(l.problems, Problem{Fatal, origin, what, why, fix})
}

func (l *loader) note(s Severity, origin Origin, what, why, fix string) {
	l.problems = append(l.problems, Problem{s, origin, what, why, fix})
}

// last finds the winning value among flags and environment, before any file is known.
func (l *loader) last(name string) (Value, bool) {
	for _, list := range [][]setting{l.src.Args.settings, l.env} {
		for _, s := range slices.Backward(list) {
			if s.option.Name == name {
				return s.value, true
			}
		}
	}
	return Value{}, false
}

func (l *loader) dataDir() string {
	dir := byName["datadir"].Default
	if v, ok := l.last("datadir"); ok && v.Text != "" {
		dir = v.Text
	}
	return l.absolute(dir, l.src.WorkDir)
}

func (l *loader) absolute(path, base string) string {
	if path == "~" || strings.HasPrefix(path, "~/") {
		return filepath.Join(l.src.Home, path[1:])
	}
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(base, path)
}

// readFiles reads the configuration file and what it includes. Only a file that was asked
// for must exist.
func (l *loader) readFiles() {
	conf, given := l.last("conf")
	if conf.Negated {
		return
	}
	name := byName["conf"].Default
	if given && conf.Text != "" {
		name = conf.Text
	}
	dir := l.dataDir()
	path := l.absolute(name, dir)
	if !l.readFile(path, conf.Origin, given, path) {
		return
	}
	l.out.Config.ConfFile = path
	for _, line := range slices.Clone(l.files[0].Lines) {
		if line.Key == "includeconf" {
			origin := Origin{Source: FromFile, File: path, Line: line.Line}
			l.readFile(l.absolute(line.Value, dir), origin, true, line.Value)
		}
	}
	for _, f := range l.files[1:] {
		for _, line := range f.Lines {
			if line.Key == "includeconf" {
				l.note(Warning, Origin{Source: FromFile, File: f.File, Line: line.Line},
					"-includeconf cannot be used from included files; ignoring -includeconf="+line.Value, "", "include it from "+path)
			}
		}
	}
}

// readFile reads a file; written is how it was asked for.
func (l *loader) readFile(path string, origin Origin, must bool, written string) bool {
	raw, err := l.src.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && !must {
		return false
	}
	if err != nil {
		what := fmt.Sprintf("specified config file %q could not be opened.", path)
		if origin.Source == FromFile {
			what = fmt.Sprintf("Failed to include configuration file %s", written)
		}
		l.fatal(origin, what, path+": "+reason(err), "check the path; a relative one starts at the data directory")
		return false
	}
	conf, problems := parseConf(path, raw)
	l.problems = append(l.problems, problems...)
	l.files = append(l.files, conf)
	return true
}

func reason(err error) string {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err.Error()
	}
	return err.Error()
}

// chainSwitches are the options that choose a chain.
var chainSwitches = map[string]Chain{"testnet": Testnet3, "testnet4": Testnet4, "signet": Signet, "regtest": Regtest}

// chooseChain looks at -chain and the switches in the flags, the environment and the
// global part of the files; the strongest source that chooses wins.
func (l *loader) chooseChain() {
	l.out.Config.Chain = Main
	var global []setting
	for _, f := range l.files {
		for _, line := range f.Lines {
			if line.Section != "" {
				continue
			}
			if o, text, negated := interpretKey(line.Key, line.Value, true); o != nil {
				global = append(global, setting{o, Value{text, negated, Origin{Source: FromFile, File: f.File, Line: line.Line}}})
			}
		}
	}
	for _, list := range [][]setting{l.src.Args.settings, l.env, global} {
		chosen := map[Chain]Value{}
		for _, s := range list {
			l.chainChoice(s, chosen)
		}
		for _, chain := range Chains {
			v, ok := chosen[chain]
			if !ok {
				continue
			}
			l.out.Config.Chain = chain
			l.out.resolved["chain"] = []Value{{Text: string(chain), Origin: v.Origin}}
			if len(chosen) > 1 {
				l.fatal(v.Origin, "Invalid combination of -regtest, -signet, -testnet, -testnet4 and -chain. Can use at most one.", "", "keep one of them")
				return
			}
		}
		if len(chosen) > 0 {
			return
		}
	}
}

func (l *loader) chainChoice(s setting, chosen map[Chain]Value) {
	if s.option.Name == "chain" {
		c := Chain(s.value.Text)
		if !c.known() {
			fix := "use one of main, test, testnet4, signet, regtest"
			if near := map[string]Chain{"mainnet": Main, "testnet": Testnet3, "testnet3": Testnet3}[s.value.Text]; near != "" {
				fix = fmt.Sprintf("did you mean -chain=%s?", near)
			}
			l.fatal(s.value.Origin, fmt.Sprintf("Unknown chain %s.", s.value.Text), "", fix)
			return
		}
		chosen[c] = s.value
		return
	}
	c, ok := chainSwitches[s.option.Name]
	if !ok {
		return
	}
	if s.value.Negated {
		delete(chosen, c)
		return
	}
	if on, err := parseBool(s.value.Text); err != nil {
		l.fatal(s.value.Origin, fmt.Sprintf("-%s=%s: %v", s.option.Name, s.value.Text, err), "", "write 1 or 0")
	} else if on {
		chosen[c] = s.value
	} else {
		delete(chosen, c)
	}
}

// sortFileSettings looks the keys of the files up and keeps what is for this chain.
func (l *loader) sortFileSettings() {
	for _, f := range l.files {
		for _, s := range f.Sections {
			l.checkSection(f.File, s)
		}
		for _, line := range f.Lines {
			origin := Origin{Source: FromFile, File: f.File, Line: line.Line}
			if line.Section != "" {
				origin.Source, origin.Section = FromSection, line.Section
			}
			o, text, negated := interpretKey(line.Key, line.Value, true)
			if o == nil {
				l.unknownKey(line, origin)
				continue
			}
			if o.Name == "conf" {
				l.fatal(origin, "conf cannot be set in the configuration file; use includeconf= if you want to include additional config files", "", "")
				continue
			}
			if note, twice := doubleNegative(o, line.Key, line.Value, origin); twice {
				l.problems = append(l.problems, note)
			}
			if p, bad := checkForm(o, line.Key, true, negated, origin); bad {
				l.problems = append(l.problems, p)
				continue
			}
			s := setting{o, Value{text, negated, origin}}
			switch line.Section {
			case "":
				l.global = append(l.global, s)
			case string(l.out.Config.Chain):
				l.section = append(l.section, s)
			}
		}
	}
}

func (l *loader) checkSection(file string, s confSection) {
	if Chain(s.Name).known() {
		return
	}
	fix := "the sections are [main], [test], [testnet4], [signet] and [regtest]"
	if near := map[string]string{"mainnet": "main", "testnet": "test", "testnet3": "test"}[s.Name]; near != "" {
		fix = fmt.Sprintf("did you mean [%s]?", near)
	} else if near := Suggest(s.Name, []string{"main", "test", "testnet4", "signet", "regtest"}); near != "" {
		fix = fmt.Sprintf("did you mean [%s]?", near)
	}
	l.note(Warning, Origin{Source: FromFile, File: file, Line: s.Line},
		fmt.Sprintf("Section [%s] is not recognized.", s.Name), "what stands in it is ignored", fix)
}

// unknownKey passes over a name that no option has: the file may be shared with another
// program, or be of another version. One that looks mistyped stops the node, as what
// was meant would silently not be.
func (l *loader) unknownKey(line confLine, origin Origin) {
	if line.Section != "" && !Chain(line.Section).known() {
		return // its section has been reported
	}
	name := line.Key
	if line.Section != "" {
		name = line.Section + "." + name
	}
	severity, fix := Warning, "remove it, or see docs/options.md"
	what := "Ignoring unknown configuration value " + name
	if s := suggestOption(line.Key); s != "" {
		fix = fmt.Sprintf("did you mean %s?", s)
		if !l.src.AsCore {
			severity, what = Fatal, fmt.Sprintf("unknown option %q", line.Key)
		}
	}
	l.note(severity, origin, what, "", fix)
}
