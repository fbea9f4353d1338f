package script

// stack holds elements that alias scripts, witnesses or the engine's arena. An element is never modified once pushed,
// so that duplicating one is copying a slice header.
type stack [][]byte

func (s *stack) push(b []byte)       { *s = append(*s, b) }
func (s *stack) drop(n int)          { *s = (*s)[:len(*s)-n] }
func (s stack) top(depth int) []byte { return s[len(s)-depth] } // top(1) is the last element pushed
func (s *stack) pop() (b []byte) {
	b = s.top(1)
	s.drop(1)
	return b
}

// remove takes out the element at depth.
func (s *stack) remove(depth int) []byte {
	i := len(*s) - depth
	b := (*s)[i]
	copy((*s)[i:], (*s)[i+1:])
	s.drop(1)
	return b
}

// release forgets the elements, so that a pooled engine keeps no transaction alive, and memory beyond what ordinary
// scripts need.
func (s *stack) release() {
	if cap(*s) > 256 {
		*s = nil
		return
	}
	clear((*s)[:cap(*s)])
	*s = (*s)[:0]
}

const (
	arenaChunk   = 1024
	maxComputed  = 32 // no opcode computes a longer element
	pushedTrue   = "\x01"
	smallNumbers = "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x81"
)

var (
	trueElement  = []byte(pushedTrue)
	smallElement = []byte(smallNumbers) // OP_1 to OP_16, then OP_1NEGATE
)

// arena gives out room for computed elements. A full chunk is left to the garbage collector, which frees it when the
// last element in it is gone: a script of four million hash operations holds at most the stack's thousand elements.
type arena struct {
	first [arenaChunk]byte
	chunk []byte
}

func (a *arena) reset() { a.chunk = a.first[:0] }

// room returns an empty slice to append at most maxComputed bytes to; keep says how many were used.
func (a *arena) room() []byte {
	if cap(a.chunk)-len(a.chunk) < maxComputed {
		a.chunk = make([]byte, 0, arenaChunk)
	}
	n := len(a.chunk)
	return a.chunk[n:n:cap(a.chunk)]
}

func (a *arena) keep(b []byte) []byte {
	a.chunk = a.chunk[:len(a.chunk)+len(b)]
	return b[:len(b):len(b)]
}

// conditions is the stack of IF branches. Only two facts of it can be observed: whether it is empty and whether all
// branches are taken, so it stores its depth and where the first branch not taken is. Deep nesting costs nothing.
type conditions struct {
	depth      int
	firstFalse int // depth of the outermost branch not taken, counted from 1; 0 if all are taken
}

func (c *conditions) allTrue() bool { return c.firstFalse == 0 }

func (c *conditions) push(taken bool) {
	c.depth++
	if !taken && c.firstFalse == 0 {
		c.firstFalse = c.depth
	}
}

func (c *conditions) pop() {
	if c.firstFalse == c.depth {
		c.firstFalse = 0
	}
	c.depth--
}

// toggle turns the innermost branch. Inside a branch that is not taken this cannot be observed.
func (c *conditions) toggle() {
	switch c.firstFalse {
	case 0:
		c.firstFalse = c.depth
	case c.depth:
		c.firstFalse = 0
	}
}
