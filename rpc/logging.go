package rpc

import (
	"slices"
	"strings"
	"sync"

	"github.com/troupe-node/troupe/logs"
	"github.com/troupe-node/troupe/logs/category"
)

var loggingMethod = Method{
	Name: "logging", Category: "control",
	Params: []Param{
		{Name: "include", Kind: Array, Optional: true, Shape: `["include_category",...]`, Doc: "The categories to add to debug logging"},
		{Name: "exclude", Kind: Array, Optional: true, Shape: `["exclude_category",...]`, Doc: "The categories to remove from debug logging"},
	},
	Summary: "Gets and sets the logging configuration.\nWhen called without an argument, returns the list of categories with status that are currently being debug logged or not.\nWhen called with arguments, adds or removes categories from debug logging and return the lists above.\nThe arguments are evaluated in order \"include\", \"exclude\".\nIf an item is both included and excluded, it will thus end up being excluded.\nThe valid logging categories are: " + strings.Join(category.Names(), ", ") +
		"\nIn addition, the following are available as category names with special meanings:\n  - \"all\",  \"1\" : represent all logging categories.",
	Result:  `{ "category": true|false, ... }    (json object)`,
	Handler: logging,
}

// wishes are what the operator said of Core's categories that have nothing here to
// switch: a client that switches one reads it back.
type wishes struct {
	mu sync.Mutex
	on map[string]bool
}

func (w *wishes) set(name string, on bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.on == nil {
		w.on = make(map[string]bool)
	}
	w.on[name] = on
}

func (w *wishes) of(name string) (on, said bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	on, said = w.on[name]
	return on, said
}

func logging(c *Call) (any, error) {
	if err := c.switchLogs(0, logs.Debug); err != nil {
		return nil, err
	}
	if err := c.switchLogs(1, logs.Info); err != nil {
		return nil, err
	}
	state := Object{}
	for _, name := range category.Names() {
		state = append(state, Field{name, c.Node.logged(name)})
	}
	return state, nil
}

// switchLogs sets the level of the categories that argument i names.
func (c *Call) switchLogs(i int, level logs.Level) error {
	n := c.Node
	for _, raw := range c.Elements(i) {
		name, err := text(raw)
		if err != nil {
			return err
		}
		list, ok := category.Resolve(name)
		if !ok {
			return Errorf(CodeInvalidParam, "unknown logging category %s", name)
		}
		if len(list) == 0 {
			n.wishes.set(name, level == logs.Debug)
		}
		for _, cat := range list {
			if n.Log.Enabled(cat, logs.Debug) == (level == logs.Debug) {
				continue
			}
			n.Log.SetLevel(cat, level)
			logs.LevelChanged.Log(n.Log, logs.Name.Is(string(cat)), logs.NewLevel.Is(level.String()), logs.User.Is(c.User))
		}
	}
	return nil
}

// logged tells whether all that a name stands for is logged in detail. A name of
// Core's that stands for nothing goes with the others until somebody switches it.
func (n *Node) logged(name string) bool {
	list, _ := category.Resolve(name)
	if len(list) == 0 {
		if on, said := n.wishes.of(name); said {
			return on
		}
		list, _ = category.Resolve("all")
	}
	return !slices.ContainsFunc(list, func(cat category.Category) bool { return !n.Log.Enabled(cat, logs.Debug) })
}
