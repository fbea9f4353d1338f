package rpc

import (
	"fmt"
	"strings"
)

// Help is the text of `help method`, laid out as Core lays it out.
func (m *Method) Help() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n%s\n", m.Usage(), strings.TrimSpace(m.Summary))
	var positional, named section
	for i := range m.Params {
		p := &m.Params[i]
		if p.Hidden {
			break
		}
		positional.add(fmt.Sprintf("%d. %s", i+1, p.name()), p.describe())
		for j := range p.Named {
			named.add(p.Named[j].name(), p.Named[j].describe())
		}
	}
	positional.write(&b, "Arguments")
	named.write(&b, "Named Arguments")
	if m.Result != "" {
		fmt.Fprintf(&b, "\nResult:\n%s\n", m.Result)
	}
	if len(m.Examples) > 0 {
		b.WriteString("\nExamples:\n")
		for _, e := range m.Examples {
			fmt.Fprintf(&b, "> bitcoin-cli %s\n", e)
		}
	}
	return b.String()
}

// describe is what help says behind the name of a parameter.
func (p *Param) describe() string {
	need := "required"
	switch {
	case p.Default != "":
		need = "optional, default=" + p.Default
	case p.Optional:
		need = "optional"
	}
	text := fmt.Sprintf("(%s, %s)", p.Kind.word(), need)
	if p.Named != nil {
		text += " Options object that can be used to pass named arguments, listed below."
	}
	if p.Doc != "" {
		text += " " + p.Doc
	}
	return text
}

// word is what help calls the kind.
func (k Kind) word() string {
	switch k {
	case Number, Level:
		return "numeric"
	case Bool:
		return "boolean"
	case Array, Obj:
		return "json " + string(k)
	case Any:
		return "string or numeric"
	case Money:
		return "numeric or string"
	case Range:
		return "numeric or array"
	case Plain:
		return "string"
	}
	return string(k)
}

// section is a part of a help text in two columns.
type section struct {
	left, right []string
	width       int // of the left column, without the gap
}

func (s *section) add(left, right string) {
	s.left, s.right = append(s.left, left), append(s.right, right)
	s.width = max(s.width, len(left))
}

// write puts the section under its title; nothing when there is none.
func (s *section) write(b *strings.Builder, title string) {
	if len(s.left) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s:\n", title)
	const gap = 4
	for i := range s.left {
		lines := strings.Split(s.right[i], "\n")
		fmt.Fprintf(b, "%-*s%s\n", s.width+gap, s.left[i], lines[0])
		for _, line := range lines[1:] {
			fmt.Fprintf(b, "%-*s%s\n", s.width+gap, "", strings.TrimLeft(line, " "))
		}
	}
}
