package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// Program is one of the two that are compared.
type Program struct {
	Name string
	Path string
	// Args runs a regtest node on a data folder: peers call at listen, RPC at
	// rpcPort, and it calls connect; a part that is not wanted is zero or empty.
	Args func(dir string, listen, rpcPort int, connect string) []string
}

// Troupe runs a troupe binary.
func Troupe(path string, extra ...string) Program {
	return Program{Name: "troupe", Path: path, Args: func(dir string, listen, rpcPort int, connect string) []string {
		args := []string{"run", "-regtest", "-datadir=" + dir, "-noconf", "-dnsseed=0", "-fixedseeds=0", "-discover=0",
			"-printtoconsole=0", "-rpcbind=127.0.0.1", "-rpcallowip=127.0.0.1", "-rpcport=" + strconv.Itoa(rpcPort),
			"-rpcuser=" + rpcUser, "-rpcpassword=" + rpcPassword}
		if connect != "" {
			args = append(args, "-connect="+connect)
		} else {
			args = append(args, "-connect=0")
		}
		if listen != 0 {
			args = append(args, "-listen=1", "-bind=127.0.0.1:"+strconv.Itoa(listen), "-maxconnections=1000")
		} else {
			args = append(args, "-listen=0")
		}
		return append(args, extra...)
	}}
}

// BTCD runs btcd v0.26.2.
func BTCD(path string, extra ...string) Program {
	return Program{Name: "btcd", Path: path, Args: func(dir string, listen, rpcPort int, connect string) []string {
		args := []string{"--regtest", "--configfile=" + os.DevNull, "--datadir=" + dir, "--logdir=" + filepath.Join(dir, "logs"),
			"--rpcuser=" + rpcUser, "--rpcpass=" + rpcPassword, "--notls", "--nodnsseed", "--nobanning",
			"--rpclisten=127.0.0.1:" + strconv.Itoa(rpcPort)}
		if connect != "" {
			args = append(args, "--connect="+connect)
		}
		if listen != 0 {
			args = append(args, "--listen=127.0.0.1:"+strconv.Itoa(listen), "--maxpeers=1000")
		} else {
			args = append(args, "--nolisten")
		}
		return append(args, extra...)
	}}
}

// node is a running node on a data folder of its own.
type node struct {
	*process
	*client
	program Program
	args    []string
	dir     string
	listen  string
}

// run starts a node. Its folder goes with close.
func (p Program) run(ctx context.Context, listen bool, connect string) (n *node, err error) {
	ports, err := freePorts(2)
	if err != nil {
		return nil, err
	}
	if !listen {
		ports[0] = 0
	}
	dir, err := os.MkdirTemp("", "troupe-bench-")
	if err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	if err := os.Mkdir(data, 0o700); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	args := p.Args(data, ports[0], ports[1], connect)
	proc, err := start(ctx, filepath.Join(dir, "output.log"), p.Path, args...)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return &node{process: proc, client: newClient(ports[1]), program: p, args: args, dir: dir, listen: fmt.Sprintf("127.0.0.1:%d", ports[0])}, nil
}

// poll is how often a node is asked how far it is.
const poll = 20 * time.Millisecond

// reach waits for a height.
func (n *node) reach(ctx context.Context, height int) (time.Duration, error) {
	return n.until(ctx, poll, func() (bool, error) {
		h, err := n.height(ctx)
		return err == nil && h >= height, err
	})
}

// finish stops the node and measures its disk.
func (n *node) finish() (Usage, error) {
	u, err := n.stop()
	if err != nil {
		return u, err
	}
	u.Disk, err = diskUse(filepath.Join(n.dir, "data"))
	return u, err
}

// close ends what still runs and removes the folder; after a failure the folder is kept
// for whoever wants to know why.
func (n *node) close(failed bool) {
	select {
	case <-n.done:
	default:
		n.cmd.Process.Kill()
		<-n.done
	}
	if !failed {
		os.RemoveAll(n.dir)
	}
}

// freePorts finds ports of this machine that nobody listens at.
func freePorts(n int) (ports []int, err error) {
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}
