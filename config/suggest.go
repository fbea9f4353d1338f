package config

// Suggest returns the candidate closest to a mistyped word by Damerau-Levenshtein
// distance (insert, delete, replace, swap neighbours), or "" when none is near
// enough to be what was meant: one edit for short words, a third of the length, at most three.
func Suggest(word string, candidates []string) string {
	limit := min(max(1, len(word)/3), 3)
	best := ""
	for _, c := range candidates {
		if c == word {
			return c
		}
		if d := editDistance(word, c, limit); d <= limit {
			if best == "" || d < limit {
				best = c
			}
			if d < limit {
				limit = d
			}
		}
	}
	return best
}

// editDistance is the optimal string alignment distance. Distances above limit are
// only promised to be above it.
func editDistance(a, b string, limit int) int {
	if len(a)-len(b) > limit || len(b)-len(a) > limit {
		return limit + 1
	}
	before := make([]int, len(b)+1) // row i-2
	last := make([]int, len(b)+1)   // row i-1
	row := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
