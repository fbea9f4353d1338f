package consensus

import "fmt"

// moneyRange tells whether an amount is one that can exist.
func moneyRange(sats int64) bool { return sats >= 0 && sats <= MaxMoney }

// formatMoney writes satoshis as bitcoins, with at least two decimals and no
// further zeros, as Core's FormatMoney does.
func formatMoney(sats int64) string {
	sign, abs := "", uint64(sats)
	if sats < 0 {
		sign, abs = "-", -abs
	}
	s := fmt.Sprintf("%s%d.%08d", sign, abs/SatsPerCoin, abs%SatsPerCoin)
	for s[len(s)-1] == '0' && s[len(s)-3] != '.' {
		s = s[:len(s)-1]
	}
	return s
}
