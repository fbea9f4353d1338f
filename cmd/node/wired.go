package main

// wired says which engines this build has.
func wired() engine { return engine{Run: runNode, Import: importBlocks, Flood: floodNode} }
