// Package bench measures whole nodes side by side: troupe and btcd v0.26.2, as
// processes of their own, on the same input, in turns, in one run.
//
// It owns the forged input, the processes and the arithmetic. What counts is the
// CPU time of the whole process from start to end, the time until the work is done,
// the peak of its memory and the room it takes on disk; and, since machines differ
// and are shared, the ratio of these between the two. Everything stays on this machine.
//
// Start reading at [Sync], [Import] and [Flood]; lab/cmd/bench is their program.
package bench
