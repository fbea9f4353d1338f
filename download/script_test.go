package download

import (
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write what the scripts in testdata say now")

// player performs the commands of a script and answers with lines.
type player interface {
	play(command string, words []string) []string
}

// TestScripts plays the scripts in testdata. A script is a list of commands,
// each followed by a line of dashes and what the machine answered, up to an
// empty line; # begins a comment. The file's name says by its first word which
// machine is played: headers, blocks or txs.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txt")
		t.Run(name, func(t *testing.T) {
			machine, _, _ := strings.Cut(name, "_")
			playScript(t, file, players[machine](t))
		})
	}
}

var players = map[string]func(testing.TB) player{
	"blocks":  newBlocksPlayer,
	"headers": newHeadersPlayer,
	"txs":     newTxsPlayer,
}

func playScript(t *testing.T, file string, p player) {
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	lines := strings.Split(strings.TrimRight(string(raw), "\n"), "\n")
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		out = append(out, line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if i+1 < len(lines) && lines[i+1] == "----" {
			for i++; i+1 < len(lines) && lines[i+1] != ""; i++ {
			}
		}
		words := strings.Fields(line)
		if answer := p.play(words[0], words[1:]); len(answer) > 0 {
			out = append(append(out, "----"), answer...)
		}
	}
	got := strings.Join(out, "\n") + "\n"
	if got == string(raw) {
		return
	}
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want := strings.Split(string(raw), "\n")
	for i, line := range strings.Split(got, "\n") {
		if i >= len(want) || want[i] != line {
			t.Fatalf("%s:%d: the machine says %q (go test -update shows all)", file, i+1, line)
		}
	}
	t.Fatalf("%s expects more than the machine says", file)
}

func peerOf(s string) PeerID {
	n, err := strconv.Atoi(s)
	if err != nil {
		panic(err)
	}
	return PeerID(n)
}

func duration(s string) time.Duration {
	d, err := time.ParseDuration(s)
	if err != nil {
		panic(err)
	}
	return d
}
