// Package mempool is the machine behind the mempool actor: which unconfirmed
// transactions are kept, which are refused and why, and which have to go.
//
// It owns the graph of unconfirmed transactions ([Pool]) and Core 28's policy
// under Core's reject strings. It never starts a goroutine, reads a clock or a
// coin, or runs a script on the owner's time. Admission has three steps, so that
// everything expensive happens elsewhere: [Pool.Prepare] does the cheap checks
// and notes which coins are needed, [Attempt.Check] looks them up in a snapshot
// and runs the scripts, on any goroutine, and [Pool.Finish] decides against the
// pool as it is by then.
//
// Entries are immutable. Readers find them through a [View] without asking the
// owner: an index that only the owner writes, and a log of what was accepted that
// each reader walks at its own pace. What peers gave in vain is remembered here, too,
// with what the last blocks confirmed, so that it is not fetched again: verdicts.go
// is about that, with [Orphanage], [Refusals] and [Confirmed].
//
// Start reading at [Pool], then prepare.go, check.go and finish.go in the order
// in which a transaction meets them.
package mempool
