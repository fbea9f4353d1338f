package kit

import (
	"sort"
	"strings"
)

// Edge is one arrow of the work graph: From sends work of these types to To.
type Edge struct {
	From, To string
	Types    []string
}

// WorkGraph derives who gives work to whom from the declared message types.
// Answers, events, returns and timers are no work: they travel in lanes that
// cannot be full or may be conflated, so they close no waiting cycle.
func WorkGraph(messages []Message) []Edge {
	types := map[[2]string][]string{}
	for _, m := range messages {
		if m.Role != Work {
			continue
		}
		for _, from := range m.From {
			for _, to := range m.To {
				key := [2]string{from, to}
				types[key] = append(types[key], m.Type.String())
			}
		}
	}
	edges := make([]Edge, 0, len(types))
	for key, names := range types {
		sort.Strings(names)
		edges = append(edges, Edge{From: key[0], To: key[1], Types: names})
	}
	sort.Slice(edges, func(i, j int) bool {
		if edges[i].From != edges[j].From {
			return edges[i].From < edges[j].From
		}
		return edges[i].To < edges[j].To
	})
	return edges
}

// FindCycle returns one cycle of the graph as "a -> b -> a", or "". Bounded
// lanes are free of deadlock only while this is empty.
func FindCycle(edges []Edge) string {
	next := map[string][]string{}
	var kinds []string
	for _, e := range edges {
		if next[e.From] == nil {
			kinds = append(kinds, e.From)
		}
		next[e.From] = append(next[e.From], e.To)
	}
	const open, closed = 1, 2
	mark := map[string]int{}
	var path []string
	var visit func(kind string) string
	visit = func(kind string) string {
		mark[kind] = open
		path = append(path, kind)
		for _, to := range next[kind] {
			switch mark[to] {
			case open:
				for i, p := range path {
					if p == to {
						return strings.Join(append(append([]string{}, path[i:]...), to), " -> ")
					}
				}
			case 0:
				if found := visit(to); found != "" {
					return found
				}
			}
		}
		path = path[:len(path)-1]
		mark[kind] = closed
		return ""
	}
	for _, kind := range kinds {
		if mark[kind] == 0 {
			if found := visit(kind); found != "" {
				return found
			}
		}
	}
	return ""
}
