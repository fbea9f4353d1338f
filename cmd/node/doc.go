// Command troupe is the Bitcoin full node and the tools around it: one command per file.
//
// It owns arguments, signals, exit codes and what a person sees; the node itself is
// put together in assemble.go. Without a command, or under the name bitcoind, it runs a
// node by Bitcoin Core's argument rules. Start reading at main.go, then at root.go.
package main
