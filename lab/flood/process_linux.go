package flood

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// probe looks at the node's process.
type probe struct{ pid int }

// usage is what a process uses; zero where it cannot be told.
type usage struct {
	memory, peak int64 // bytes
	cpu          time.Duration
}

// userHZ is the unit of CPU time in /proc, which Linux never changes.
const userHZ = 100

// findProcess finds who listens at an address of this machine; nil if it is another
// user's, or cannot be found.
func findProcess(target string) *probe {
	addr, err := netip.ParseAddrPort(target)
	if err != nil {
		return nil
	}
	inode := listeningInode(addr.Port())
	if inode == "" {
		return nil
	}
	links, _ := filepath.Glob("/proc/[0-9]*/fd/*")
	for _, link := range links {
		if to, err := os.Readlink(link); err == nil && to == "socket:["+inode+"]" {
			pid, err := strconv.Atoi(strings.Split(link, "/")[2])
			if err == nil {
				return &probe{pid: pid}
			}
		}
	}
	return nil
}

// listeningInode finds the inode of the socket that listens at a port.
func listeningInode(port uint16) string {
	const listening, inode = "0A", 9
	want := fmt.Sprintf(":%04X", port)
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		raw, err := os.ReadFile(table)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(raw)) {
			fields := strings.Fields(line)
			if len(fields) > inode && strings.HasSuffix(fields[1], want) && fields[3] == listening {
				return fields[inode]
			}
		}
	}
	return ""
}

// look reads what the process uses now.
func (p *probe) look() (u usage) {
	if p == nil {
		return u
	}
	if raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.pid)); err == nil {
		for line := range strings.Lines(string(raw)) {
			name, rest, _ := strings.Cut(line, ":")
			kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			switch {
			case err != nil:
			case name == "VmRSS":
				u.memory = kib << 10
			case name == "VmHWM":
				u.peak = kib << 10
			}
		}
	}
	if raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.pid)); err == nil {
		// The name in parentheses may hold anything; user and system time are the 14th
		// and 15th field, the 12th and 13th behind it.
		_, rest, _ := strings.Cut(string(raw[max(0, strings.LastIndexByte(string(raw), ')')):]), " ")
		if fields := strings.Fields(rest); len(fields) > 12 {
			user, _ := strconv.ParseInt(fields[11], 10, 64)
			system, _ := strconv.ParseInt(fields[12], 10, 64)
			u.cpu = time.Duration(user+system) * time.Second / userHZ
		}
	}
	return u
}

// ownCPU is what this process has used.
func ownCPU() time.Duration {
	var r syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &r) != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
