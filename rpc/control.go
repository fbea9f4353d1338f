package rpc

import (
	"encoding/json"
	"fmt"
	"runtime/metrics"
	"time"
)

// stopAnswer is what stop says.
const stopAnswer = "Troupe stopping"

var controlMethods = []Method{
	{
		Name: "help", Category: "control",
		Params:  []Param{{Name: "command", Kind: String, Optional: true, Default: "all commands", Doc: "The command to get help on"}},
		Summary: "List all commands, or get help for a specified command.",
		Result:  "\"str\"    (string) The help text",
		Handler: help,
	},
	{
		Name: "stop", Category: "control",
		Params:  []Param{{Name: "wait", Kind: Number, Optional: true, Hidden: true, Doc: "how long to wait in ms"}},
		Summary: "Request a graceful shutdown of Troupe.",
		Result:  "\"str\"    (string) A string with the content '" + stopAnswer + "'",
		Handler: stop,
	},
	{
		Name: "uptime", Category: "control",
		Summary: "Returns the total uptime of the server.",
		Result:  "n    (numeric) The number of seconds that the server has been running",
		// In whole seconds of both, as Core: a mocked time has no fractions.
		Handler: func(c *Call) (any, error) { return c.Node.now().Unix() - c.Node.Started.Unix(), nil },
	},
	{
		Name: "getrpcinfo", Category: "control",
		Summary: "Returns details of the RPC server.",
		Result:  "{ \"active_commands\": [ { \"method\", \"duration\" }, ... ], \"logpath\" }    (json object)",
		Handler: func(c *Call) (any, error) {
			return Object{{"active_commands", c.Server.Active()}, {"logpath", c.Node.Config.Logs.File}}, nil
		},
	},
	{
		Name: "getmemoryinfo", Category: "control",
		Params:  []Param{{Name: "mode", Kind: String, Optional: true, Default: "\"stats\"", Doc: "determines what kind of information is returned.\n  - \"stats\" returns general statistics about memory usage in the daemon.\n  - \"mallocinfo\" returns an XML string describing low-level heap state (not available)."}},
		Summary: "Returns an object containing information about memory usage.",
		Result:  "{ \"locked\": { \"used\", \"free\", \"total\", \"locked\", \"chunks_used\", \"chunks_free\" } }    (json object) Bytes and 8 KiB pages of the heap: no memory is locked, for there are no secrets to keep in it",
		Handler: getMemoryInfo,
	},
	loggingMethod,
	{
		Name: "getindexinfo", Category: "util",
		Params:  []Param{{Name: "index_name", Kind: String, Optional: true, Doc: "Filter results for an index with a specific name."}},
		Summary: "Returns the status of one or all available indices currently running in the node.",
		Result:  `{ "txindex": { "synced", "best_block_height" } }    (json object)`,
		Handler: getIndexInfo,
	},
	{
		Name: "getzmqnotifications", Category: "zmq", Hidden: true, // nothing is published
		Summary: "Returns information about the active ZeroMQ notifications.",
		Result:  `[ ... ]    (json array)`,
		Handler: func(*Call) (any, error) { return []any{}, nil },
	},
	echoMethod("echo"), echoMethod("echojson"),
}

// echoMethod answers with its arguments, for tests of clients.
func echoMethod(name string) Method {
	m := Method{
		Name: name, Category: "hidden", Hidden: true,
		Summary: "Simply echo back the input arguments. This command is for testing.\n\nIt will return an internal bug report when arg9='trigger_internal_bug' is passed.\n\nThe difference between echo and echojson is that echojson has argument conversion enabled in the client-side table in\nbitcoin-cli and the GUI. There is no server-side difference.",
		Handler: func(c *Call) (any, error) {
			if c.String(9, "") == "trigger_internal_bug" {
				return nil, Errorf(CodeMisc, "Internal bug detected: request.params[9].get_str() != \"trigger_internal_bug\"")
			}
			list := make([]json.RawMessage, c.given)
			for i := range list {
				if list[i] = c.args[i]; list[i] == nil {
					list[i] = json.RawMessage("null")
				}
			}
			return list, nil
		},
	}
	for i := range 10 {
		m.Params = append(m.Params, Param{Name: fmt.Sprintf("arg%d", i), Kind: Plain, Optional: true})
	}
	return m
}

func help(c *Call) (any, error) {
	name := c.String(0, "")
	if name == "" {
		return c.Server.registry.List(), nil
	}
	if name == "dump_all_command_conversions" {
		return c.Server.registry.conversions(), nil
	}
	m, ok := c.Server.registry.Lookup(name)
	if !ok {
		return "help: unknown command: " + name, nil
	}
	return m.Help(), nil
}

func stop(c *Call) (any, error) {
	wait, err := c.Int32(0, 0)
	if err != nil {
		return nil, err
	}
	c.Node.Stop()
	// The stop has begun; this answer is let out all the same, within the grace
	// that answers under way have.
	time.Sleep(min(time.Duration(max(0, wait))*time.Millisecond, grace-time.Second))
	return stopAnswer, nil
}

type lockedMemory struct {
	Used       uint64 `json:"used"`
	Free       uint64 `json:"free"`
	Total      uint64 `json:"total"`
	Locked     uint64 `json:"locked"`
	ChunksUsed uint64 `json:"chunks_used"`
	ChunksFree uint64 `json:"chunks_free"`
}

// heapPage is the size of the pages that Go's heap is made of.
const heapPage = 8 << 10

// managedMemory is Go's heap in the fields of Core's pool for secrets: the node holds no
// secrets and locks nothing, and this is the memory that it does manage.
func managedMemory() lockedMemory {
	list := []metrics.Sample{
		{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/unused:bytes"},
		{Name: "/memory/classes/heap/free:bytes"}, {Name: "/memory/classes/heap/released:bytes"},
	}
	metrics.Read(list)
	used := list[0].Value.Uint64() + list[1].Value.Uint64()
	free := list[2].Value.Uint64() + list[3].Value.Uint64()
	return lockedMemory{Used: used, Free: free, Total: used + free, ChunksUsed: used / heapPage, ChunksFree: free / heapPage}
}

func getMemoryInfo(c *Call) (any, error) {
	switch mode := c.String(0, "stats"); mode {
	case "stats":
		return Object{{"locked", managedMemory()}}, nil
	case "mallocinfo":
		return nil, Errorf(CodeInvalidParam, "mallocinfo mode not available")
	default:
		return nil, Errorf(CodeInvalidParam, "unknown mode %s", mode)
	}
}

type indexFields struct {
	Synced     bool  `json:"synced"`
	BestHeight int32 `json:"best_block_height"`
}

func getIndexInfo(c *Call) (any, error) {
	const name = "txindex"
	list := Object{}
	index := c.Node.Board.TxIndex()
	if index == nil || c.String(0, name) != name {
		return list, nil
	}
	f := indexFields{Synced: index.Synced}
	if index.Best != nil {
		f.BestHeight = index.Best.Height()
	}
	return append(list, Field{name, f}), nil
}
