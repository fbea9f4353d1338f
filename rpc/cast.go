package rpc

// castMethods show the actors. They are ours alone: Core has none.
var castMethods = []Method{{
	Name: "getactors", Category: "troupe", Hidden: true,
	Summary: "Returns the actors of the running node in the order in which they were born.",
	Result:  `[ { "name", "kind", "parent", "state", "depth", "handled", "busy_ms", "longest_ms", "restarts", "last_message" }, ... ]    (json array)`,
	Handler: getActors,
}}

// castMember is one actor as getactors shows it.
type castMember struct {
	Name        string  `json:"name"`
	Kind        string  `json:"kind"`
	Parent      string  `json:"parent"`
	State       string  `json:"state"`
	Policy      string  `json:"policy"`
	Depth       int     `json:"depth"` // messages waiting
	Bytes       int     `json:"bytes"` // they take
	Handled     uint64  `json:"handled"`
	BusyMS      float64 `json:"busy_ms"` // in handlers, in all
	LongestMS   float64 `json:"longest_ms"`
	Refused     uint64  `json:"refused"` // messages that found a lane full
	Restarts    int     `json:"restarts"`
	LastMessage string  `json:"last_message"`
}

func getActors(c *Call) (any, error) {
	list := []castMember{}
	for _, n := range c.Node.System.Tree() {
		depth, bytes := n.Depth()
		list = append(list, castMember{
			Name: n.Name, Kind: n.Kind, Parent: n.Parent, State: n.State, Policy: n.Policy, Depth: depth, Bytes: bytes,
			Handled: n.Handled, BusyMS: n.Busy.Seconds() * 1000, LongestMS: n.Longest.Seconds() * 1000,
			Refused: n.Refused, Restarts: n.Restarts, LastMessage: n.LastMessage,
		})
	}
	return list, nil
}
