// Package actors puts the cast together: a node.
//
// Each actor is a package of its own below this one, with the messages that
// cross between them in actors/msg and the machinery in actors/kit. Here is only
// the composition: [Start] spawns root, which spawns the others in order and a
// conn for each connection later, and [Node.Stop] ends them in phases.
//
// Pure packages hold the logic; see the package comments of
// chainstate, mempool, download, addrbook and mining. Start reading at [Start],
// then root.go.
package actors
