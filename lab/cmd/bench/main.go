// Command bench measures troupe beside btcd v0.26.2 on this machine:
//
//	go run ./lab/cmd/bench sync      download a forged chain from one peer
//	go run ./lab/cmd/bench import    import the first blocks of main
//	go run ./lab/cmd/bench flood     push transactions over eight connections (-connections)
//	go run ./lab/cmd/bench scenarios a node in trouble; the names of some, or all
//	go run ./lab/cmd/bench forge     write the chain that sync forges to -file, to keep it for a day
//
// It builds or installs what it needs, uses no network but the loopback interface and
// the module proxy, and leaves nothing behind but what it has installed. With -json it
// prints one object. See docs/performance.md for what the figures mean.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/lab/bench"
	"github.com/troupe-node/troupe/lab/serve"
)

type options struct {
	troupe, file, extra  string
	runs                 int
	txs, perBlock, total int
	count, connections   int
	mined                int
	seed                 uint64
	alone, json          bool
	names                []string
	patience             time.Duration
}

func main() {
	if len(os.Args) < 2 {
		usage()
	}
	var o options
	f := flag.NewFlagSet("bench "+os.Args[1], flag.ExitOnError)
	f.StringVar(&o.troupe, "troupe", "", "the `binary` to measure (default: one built now)")
	f.StringVar(&o.extra, "args", "", "more arguments for troupe, separated by spaces")
	f.IntVar(&o.runs, "runs", 3, "turns of each program")
	f.BoolVar(&o.alone, "alone", false, "without btcd")
	f.BoolVar(&o.json, "json", false, "print JSON")
	f.DurationVar(&o.patience, "patience", 10*time.Minute, "for one turn")
	f.StringVar(&o.file, "file", "", "block `file` to serve or import (default: forged, or btcd's test data)")
	f.IntVar(&o.txs, "txs", bench.DefaultShape.Txs, "sync: transactions of the forged chain")
	f.IntVar(&o.perBlock, "perblock", bench.DefaultShape.PerBlock, "sync: transactions of a block")
	f.IntVar(&o.total, "blocks", bench.DefaultShape.Blocks, "sync: blocks, at least")
	f.IntVar(&o.count, "count", 40_000, "flood: transactions")
	f.IntVar(&o.connections, "connections", 8, "flood: connections")
	f.IntVar(&o.mined, "mined", 0, "flood: blocks of pool transactions that arrive meanwhile")
	f.Uint64Var(&o.seed, "seed", 1, "flood: seed")
	f.Parse(os.Args[2:])
	o.names = f.Args()
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	defer cancel()
	commands := map[string]func(context.Context, *options) error{"sync": syncBench, "import": importBench, "flood": floodBench, "scenarios": scenarioBench, "serve": serveFile, "forge": forgeFile}
	run, ok := commands[os.Args[1]]
	if !ok {
		usage()
	}
	if err := run(ctx, &o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func usage() {
	fmt.Fprintln(os.Stderr, "usage: bench sync|import|flood|scenarios|forge [flags]; see bench sync -help")
	os.Exit(2)
}

// tools finds the programs to compare.
func (o *options) tools(ctx context.Context, temp string) (btcd, addblock string, err error) {
	if o.troupe == "" {
		o.troupe = filepath.Join(temp, "troupe")
		if out, err := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", o.troupe, "./cmd/node").CombinedOutput(); err != nil {
			return "", "", fmt.Errorf("building troupe: %w\n%s", err, out)
		}
	}
	if o.alone {
		return "", "", nil
	}
	return bench.Tools(ctx)
}

func syncBench(ctx context.Context, o *options) error {
	temp, err := os.MkdirTemp("", "troupe-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	btcd, _, err := o.tools(ctx, temp)
	if err != nil {
		return err
	}
	if o.file == "" {
		if err := o.forge(filepath.Join(temp, "chain.dat")); err != nil {
			return err
		}
	}
	server, err := startServer(ctx, o.file)
	if err != nil {
		return err
	}
	defer server.stop()
	compared, err := bench.Sync(ctx, bench.SyncOptions{
		Ours: bench.Troupe(o.troupe, strings.Fields(o.extra)...), Theirs: bench.BTCD(btcd), Runs: o.runs,
		From: server.addr, Height: server.height, Patience: o.patience, Out: os.Stderr,
	})
	if err != nil {
		return err
	}
	return o.print(compared)
}

// forge makes the chain to be served.
func (o *options) forge(path string) error {
	p, err := consensus.ParamsFor("regtest")
	if err != nil {
		return err
	}
	shape := bench.DefaultShape
	shape.Txs, shape.PerBlock, shape.Blocks = o.txs, o.perBlock, o.total
	begin := time.Now()
	made, err := bench.ForgeChain(path, p, shape, begin)
	if err != nil {
		return fmt.Errorf("forging the chain: %w", err)
	}
	fmt.Fprintf(os.Stderr, "forged %d blocks, %d transactions, %d signed inputs, %d MB in %.1f s\n",
		made.Blocks, made.Txs, made.Inputs, made.Bytes/1e6, time.Since(begin).Seconds())
	o.file = path
	return nil
}

// forgeFile keeps a chain.
func forgeFile(_ context.Context, o *options) error {
	if o.file == "" {
		return errors.New("say where to write the chain with -file")
	}
	return o.forge(o.file)
}

func importBench(ctx context.Context, o *options) error {
	temp, err := os.MkdirTemp("", "troupe-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	_, addblock, err := o.tools(ctx, temp)
	if err != nil {
		return err
	}
	if o.file == "" {
		if o.file, err = bench.MainBlocks(ctx); err != nil {
			return err
		}
	}
	p, err := consensus.ParamsFor("main")
	if err != nil {
		return err
	}
	compared, err := bench.Import(ctx, bench.ImportOptions{
		Troupe: o.troupe, AddBlock: addblock, File: o.file, Magic: p.Magic, Runs: o.runs, Patience: o.patience, Out: os.Stderr,
	})
	if err != nil {
		return err
	}
	return o.print(compared)
}

func floodBench(ctx context.Context, o *options) error {
	temp, err := os.MkdirTemp("", "troupe-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	btcd, _, err := o.tools(ctx, temp)
	if err != nil {
		return err
	}
	compared, err := bench.Flood(ctx, bench.FloodOptions{
		Ours: bench.Troupe(o.troupe, strings.Fields(o.extra)...), Theirs: bench.BTCD(btcd), Runs: o.runs,
		Connections: o.connections, Count: o.count, Mined: o.mined, Seed: o.seed, Patience: o.patience, Out: os.Stderr,
	})
	if err != nil {
		return err
	}
	if o.json {
		return json.NewEncoder(os.Stdout).Encode(struct {
			*bench.FloodComparison
			Ratio bench.FloodFigures
		}{compared, compared.Ratio()})
	}
	compared.Print(os.Stdout)
	return nil
}

func scenarioBench(ctx context.Context, o *options) error {
	temp, err := os.MkdirTemp("", "troupe-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	o.alone = true
	if _, _, err := o.tools(ctx, temp); err != nil {
		return err
	}
	out := os.Stdout
	if o.json {
		out = os.Stderr
	}
	all, err := bench.Play(ctx, bench.Troupe(o.troupe, strings.Fields(o.extra)...), o.names, o.seed, o.patience, out)
	if err == nil && o.json {
		return json.NewEncoder(os.Stdout).Encode(all)
	}
	return err
}

func (o *options) print(c *bench.Comparison) error {
	if o.json {
		return json.NewEncoder(os.Stdout).Encode(struct {
			*bench.Comparison
			Ratio bench.Ratio
		}{c, c.Ratio()})
	}
	c.Print(os.Stdout)
	return nil
}

// served is the process that serves the chain: one of its own, so that its CPU is
// nobody else's.
type served struct {
	cmd    *exec.Cmd
	addr   string
	height int
}

func startServer(ctx context.Context, file string) (*served, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	s := &served{cmd: exec.CommandContext(ctx, self, "serve", "-file", file)}
	s.cmd.Stderr = os.Stderr
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	if _, err := fmt.Fscanln(out, &s.addr, &s.height); err != nil {
		s.stop()
		return nil, fmt.Errorf("the serving peer did not start: %w", err)
	}
	return s, nil
}

func (s *served) stop() {
	s.cmd.Process.Signal(os.Interrupt)
	s.cmd.Wait()
	if state := s.cmd.ProcessState; state != nil {
		fmt.Fprintf(os.Stderr, "the serving peer used %.2f s of CPU in all\n", (state.UserTime() + state.SystemTime()).Seconds())
	}
}

// serveFile is what that process runs.
func serveFile(ctx context.Context, o *options) error {
	p, err := consensus.ParamsFor("regtest")
	if err != nil {
		return err
	}
	chain, err := serve.Load(o.file, p.Magic, p.GenesisHash)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr(), chain.Height())
	return chain.Serve(ctx, l)
}
