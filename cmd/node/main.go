package main

import (
	"os"
	"path/filepath"
)

func main() {
	home, _ := os.UserHomeDir()
	dir, _ := os.Getwd()
	a := &app{
		name: filepath.Base(os.Args[0]), stdout: os.Stdout, stderr: os.Stderr,
		environ: os.Environ(), home: home, dir: dir, engine: wired(),
	}
	os.Exit(a.execute(os.Args[1:]))
}
