package forge

import "slices"

// queue is first in, first out, over one slice.
type queue[T any] struct {
	items []T
	head  int
}

func (q *queue[T]) len() int { return len(q.items) - q.head }

func (q *queue[T]) push(v T) {
	// Move down rather than grow while half of the slice is behind.
	if len(q.items) == cap(q.items) && q.head > len(q.items)/2 {
		n := copy(q.items, q.items[q.head:])
		clear(q.items[n:])
		q.items, q.head = q.items[:n], 0
	}
	q.items = append(q.items, v)
}

func (q *queue[T]) peek() (v T, ok bool) {
	if q.len() == 0 {
		return v, false
	}
	return q.items[q.head], true
}

func (q *queue[T]) pop() (v T, ok bool) {
	if v, ok = q.peek(); ok {
		q.head++
	}
	return v, ok
}

func (q *queue[T]) clone() queue[T] {
	return queue[T]{items: slices.Clone(q.items[q.head:])}
}
