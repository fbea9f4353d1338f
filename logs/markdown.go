package logs

import (
	"fmt"
	"strings"

	"github.com/troupe-node/troupe/logs/category"
)

// Markdown writes docs/logs.md from the catalogue.
func Markdown() string {
	var b strings.Builder
	b.WriteString(`# Logs

*Generated from the catalogue in logs/: change it there, then run ` + "`go test ./logs -update`" + `.*

Lines go to ` + "`<datadir>/<chain>/debug.log`" + ` (rotated) and to standard output, as text or, with ` + "`-logformat=json`" + `, as JSON, one object a line; as
` + "`-logformat`, `-printtoconsole`, `-debuglogfile`, `-logmaxsize` and `-logmaxfiles`" + ` say. Nothing goes to standard error while the node runs.

Every line has these keys; names of events and keys are an interface and do not change their meaning:

| key | what |
|---|---|
| ` + "`ts`" + ` | time, UTC (absent with ` + "`-nologtimestamps`" + `) |
| ` + "`lvl`" + ` | trace, debug, info, warn, error |
| ` + "`cat`" + ` | category |
| ` + "`evt`" + ` | event |
| ` + "`msg`" + ` | the same for people; may change |
| ` + "`src`" + ` | file and line, with ` + "`-logsourcelocations`" + ` |

A line never contains a message's payload. Texts are cut at ` + fmt.Sprint(maxText) + ` bytes, stacks at ` + fmt.Sprint(maxStack) + `.
*Sampled* events are thinned out when there are more than ` + fmt.Sprintf("%d a second (then one in %d)", sampleFirst, sampleThen) + `; what was left out, log.incomplete says at the end.
Any event may carry ` + "`detail`" + `.

## Categories

`)
	b.WriteString("`-debug=<category>` writes a category's debug lines (with `-loglevel=trace` its trace lines); Bitcoin Core's names are understood as well. Levels can be changed while the node runs.\n\n")
	categoryTables(&b)
	eventTables(&b)
	return b.String()
}

func categoryTables(b *strings.Builder) {
	b.WriteString("| category | what |\n|---|---|\n")
	for _, info := range category.All {
		fmt.Fprintf(b, "| `%s` | %s |\n", info.Name, info.Help)
	}
	b.WriteString("\n| Core's name | here |\n|---|---|\n")
	for _, name := range category.Names() {
		list, _ := category.Resolve(name)
		if len(list) == 1 && string(list[0]) == name {
			continue
		}
		words := make([]string, len(list))
		for i, c := range list {
			words[i] = "`" + string(c) + "`"
		}
		here := strings.Join(words, ", ")
		if here == "" {
			here = "nothing answers to it"
		}
		fmt.Fprintf(b, "| `%s` | %s |\n", name, here)
	}
}

func eventTables(b *strings.Builder) {
	b.WriteString("\n## Events\n\n| event | category | level | when | keys |\n|---|---|---|---|---|\n")
	for _, e := range events {
		names := make([]string, 0, len(e.keys)-1)
		for _, k := range e.keys[:len(e.keys)-1] {
			names = append(names, "`"+k.name+"`")
		}
		level := e.level.String()
		if e.sampled {
			level += ", sampled"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s | %s |\n", e.name, e.category, level, e.text, strings.Join(names, " "))
	}
	b.WriteString("\n## Keys\n\n| key | type | meaning |\n|---|---|---|\n")
	for _, k := range keys {
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", k.name, k.kind, k.help)
	}
}
