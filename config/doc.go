// Package config owns every setting of a Troupe node: one registry of
// options from which the flags, the bitcoin.conf keys, the environment
// variables, the defaults, the help text and docs/options.md all come.
//
// Load reads the sources, resolves them in a fixed precedence (flags, then the
// environment, then the chain's section of bitcoin.conf, then the file's global
// part, then the defaults), and returns one typed Config, so that nobody else
// parses a setting. Everything that is wrong is reported at once, each with the
// place it was written at and what to do about it.
//
// The package never touches the machine except through the Sources it is handed: it
// opens no socket, starts no goroutine and writes nothing.
//
// Start reading at options_chain.go for what a registry entry looks like, then at
// load.go for the order in which the sources are taken.
package config
