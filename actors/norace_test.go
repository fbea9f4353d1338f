//go:build !race

package actors

// heapSlack is how much more memory a build may take than the bounds say.
const heapSlack = 1
