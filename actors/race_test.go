//go:build race

package actors

// heapSlack is how much more memory the race detector's bookkeeping may take.
const heapSlack = 8
