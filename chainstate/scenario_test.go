package chainstate

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

var update = flag.Bool("update", false, "write what the scenarios in testdata say now")

// TestScenarios plays the scripts in testdata. A script is a list of commands,
// each with what it answers below a line of dashes and a blank line after it;
// lines with # are comments. The commands are in scenario.command.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no scenarios", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) { playFile(t, file) })
	}
}

func playFile(t *testing.T, file string) {
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	p := regtest(t)
	s := &scenario{maker: newMaker(t, p)}
	s.rig = newRig(t, p, Options{LoadAbove: -1})
	s.rig.name = s.maker.name
	s.rig.log = nil
	var out strings.Builder
	lines := strings.Split(strings.TrimRight(string(raw), "\n"), "\n")
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		if line == "" || strings.HasPrefix(line, "#") {
			fmt.Fprintln(&out, line)
			continue
		}
		var want []string
		if i+1 < len(lines) && lines[i+1] == "----" {
			for i += 2; i < len(lines) && lines[i] != ""; i++ {
				want = append(want, lines[i])
			}
			i--
		}
		s.rig.log = nil
		s.command(strings.Fields(line))
		got := s.rig.log
		fmt.Fprintln(&out, line)
		if len(got) > 0 {
			fmt.Fprintf(&out, "----\n%s\n", strings.Join(got, "\n"))
		}
		if !*update && strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Fatalf("%s: %q\n got:\n  %s\nwant:\n  %s", file, line, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
		}
	}
	if *update {
		if err := os.WriteFile(file, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

type scenario struct {
	*maker
	rig *rig
}

// command runs one line:
//
//	options KEY=N ...              open an empty machine with these bounds
//	chain NAME N on PARENT         make blocks NAME1 to NAMEN
//	block NAME on PARENT [WHAT]    make one; WHAT is what is special about it
//	headers NAME ...               hand headers in
//	add NAME ... [unrequested]     hand blocks in; NAME may be a1..a5
//	base N                         make and connect N blocks base1 to baseN, quietly
//	hold|release jobs|writes|loads keep work back; do what was kept back
//	verify NAME good|bad|broken    finish a job that is held
//	write                          do the oldest write that is held
//	invalidate|reconsider|precious NAME
//	tick N                         N seconds pass
//	crash                          lose everything but the store
//	tip, tips, state, coins        look
func (s *scenario) command(f []string) {
	s.maker.tb.Helper()
	switch f[0] {
	case "options":
		s.options(f[1:])
	case "chain":
		n, _ := strconv.Atoi(f[2])
		s.chain(f[1], f[4], n)
	case "block":
		s.makeBlock(f[1], f[3], f[4:])
	case "headers":
		s.headers(f[1:])
	case "add":
		s.add(f[1:])
	case "base":
		n, _ := strconv.Atoi(f[1])
		s.rig.quiet = true
		s.rig.addAll(s.chain("base", "genesis", n))
		s.rig.quiet = false
	case "hold", "release":
		s.hold(f[1], f[0] == "hold")
	case "verify":
		s.verify(f[1], f[2])
	case "write":
		s.rig.write()
		s.rig.run()
	case "invalidate", "reconsider", "precious":
		s.operator(f[0], s.get(f[1]).Hash())
	case "tick":
		n, _ := strconv.Atoi(f[1])
		s.rig.now += int64(n)
		s.rig.m.Tick(s.rig.now)
		s.rig.run()
	case "crash":
		s.rig.crash()
		s.rig.say("tip %s", s.rig.tip())
	default:
		s.look(f[0])
	}
}

func (s *scenario) options(args []string) {
	o := Options{LoadAbove: -1}
	fields := map[string]*int{"ahead": &o.AheadBlocks, "inputs": &o.AheadInputs, "load": &o.LoadAbove,
		"step": &o.StepCoins, "reorg": &o.ReorgCoins, "layers": &o.LayerBytes, "bodies": &o.BodyBytes}
	for _, a := range args {
		key, value, _ := strings.Cut(a, "=")
		n, err := strconv.Atoi(value)
		if fields[key] == nil || err != nil {
			s.maker.tb.Fatalf("bad option %q", a)
		}
		*fields[key] = n
	}
	s.rig = newRig(s.maker.tb, s.params, o)
	s.rig.name = s.maker.name
	s.rig.log = nil
}

func (s *scenario) makeBlock(name, parent string, what []string) {
	var o blockOption
	for _, w := range what {
		key, value, _ := strings.Cut(w, "=")
		switch key {
		case "greedy":
			o.extra = 1
		case "spend": // NAME's reward to OP_TRUE
			o.txs = append(o.txs, spend([]tx.OutPoint{s.reward(value)}, 1000, opTrue))
		case "lock": // NAME's reward to OP_FALSE
			o.txs = append(o.txs, spend([]tx.OutPoint{s.reward(value)}, 1000, opFalse))
		case "pick": // what the last block made by lock= or spend= in NAME paid
			o.txs = append(o.txs, spend([]tx.OutPoint{{Hash: s.get(value).Txs[1].ID()}}, 900, opTrue))
		case "missing":
			o.txs = append(o.txs, spend([]tx.OutPoint{{Index: 7}}, 1, opTrue))
		case "badroot":
			o.badRoot = true
		case "mutated":
			o.mutate = true
		case "unsolved":
			o.unsolved = true
		case "time":
			n, _ := strconv.Atoi(value)
			o.time = uint32(s.rig.now + int64(n))
		default:
			s.maker.tb.Fatalf("unknown block option %q", w)
		}
	}
	s.block(name, parent, o)
}

func (s *scenario) names(args []string) []string {
	var names []string
	for _, a := range args {
		from, to, found := strings.Cut(a, "..")
		if !found {
			names = append(names, a)
			continue
		}
		letters := strings.TrimRight(from, "0123456789")
		i, _ := strconv.Atoi(from[len(letters):])
		last, _ := strconv.Atoi(strings.TrimPrefix(to, letters))
		for ; i <= last; i++ {
			names = append(names, fmt.Sprint(letters, i))
		}
	}
	return names
}

func (s *scenario) headers(args []string) {
	var hs []tx.Header
	for _, n := range s.names(args) {
		hs = append(hs, s.get(n).Header)
	}
	last, err := s.rig.m.AddHeaders(s.rig.now, hs)
	s.rig.run()
	if last != nil {
		s.rig.say("last %s", s.name(last.Hash()))
	}
	var rule *consensus.RuleError
	if errors.As(err, &rule) {
		s.rig.say("[%s] %s", rule.Result, rule.Reason())
	}
}

func (s *scenario) add(args []string) {
	sub := Submission{Requested: true}
	if args[len(args)-1] == "unrequested" {
		sub.Requested, args = false, args[:len(args)-1]
	}
	for _, n := range s.names(args) {
		s.rig.add(s.get(n), sub)
	}
}

func (s *scenario) hold(what string, on bool) {
	switch what {
	case "jobs":
		s.rig.holdJobs = on
	case "writes":
		s.rig.holdWrites = on
	case "loads":
		s.rig.holdLoads = on
	default:
		s.maker.tb.Fatalf("cannot hold %q", what)
	}
	s.rig.run()
}

func (s *scenario) verify(name, how string) {
	hash := s.get(name).Hash()
	for i, j := range s.rig.jobs {
		if j.Node.Hash() != hash {
			continue
		}
		s.rig.jobs = append(s.rig.jobs[:i:i], s.rig.jobs[i+1:]...)
		var err error
		switch how {
		case "good":
			err = j.Run(nil)
		case "bad":
			err = consensus.RejectScript(errors.New("made up"), "")
		case "broken":
			err = errors.New("a worker died")
		}
		s.rig.m.Verified(j.ID, err)
		s.rig.run()
		return
	}
	s.rig.say("no job for %s", name)
}

func (s *scenario) operator(what string, hash tx.Hash) {
	do := map[string]func(tx.Hash) error{"invalidate": s.rig.m.Invalidate, "reconsider": s.rig.m.Reconsider, "precious": s.rig.m.Precious}
	if err := do[what](hash); err != nil {
		s.rig.say("error: %s", err)
	}
	s.rig.run()
}

func (s *scenario) look(what string) {
	r := s.rig
	switch what {
	case "tip":
		r.say("%s at %d, best header %s, coins of %s", r.tip(), r.published.Tip().Height(),
			s.name(r.published.BestHeader().Hash()), s.name(r.published.CoinsTip().Hash()))
	case "tips":
		for _, t := range r.published.Tips() {
			r.say("%d %s branch %d %s", t.Node.Height(), s.name(t.Node.Hash()), t.BranchLen, t.Status)
		}
	case "state":
		steps := make([]string, len(r.m.steps))
		for i, st := range r.m.steps {
			sign := map[bool]string{true: "+", false: "-"}[st.connect]
			steps[i] = sign + s.name(st.node.Hash())
			if !st.done() {
				steps[i] += "?"
			}
		}
		r.say("published %s, connected %s, steps [%s]", r.tip(), s.name(r.m.connected.Hash()), strings.Join(steps, " "))
	case "coins":
		r.say("%s", r.coinHash())
	default:
		s.maker.tb.Fatalf("unknown command %q", what)
	}
}
