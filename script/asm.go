package script

import (
	"encoding/hex"
	"strconv"
)

// hashTypeNames are the hash types Core shows behind a signature.
var hashTypeNames = map[byte]string{
	SigHashAll:                          "[ALL]",
	SigHashAll | SigHashAnyoneCanPay:    "[ALL|ANYONECANPAY]",
	SigHashNone:                         "[NONE]",
	SigHashNone | SigHashAnyoneCanPay:   "[NONE|ANYONECANPAY]",
	SigHashSingle:                       "[SINGLE]",
	SigHashSingle | SigHashAnyoneCanPay: "[SINGLE|ANYONECANPAY]",
}

// ASM is the text of a script in the "asm" fields of Core's RPC: pushes of up to four bytes as numbers, longer ones in
// hexadecimal, opcodes by name, "[error]" where a push runs over the end. With decodeSigHash, for input scripts, the
// last byte of what is encoded like a signature is written as a hash type.
func ASM(script []byte, decodeSigHash bool) string {
	decodeSigHash = decodeSigHash && !IsUnspendable(script)
	var out []byte
	for pc := 0; pc < len(script); {
		if pc > 0 {
			out = append(out, ' ')
		}
		op, data, next, ok := readOp(script, pc)
		if !ok {
			out = append(out, "[error]"...)
			break
		}
		pc = next
		switch {
		case op > OP_PUSHDATA4:
			out = append(out, OpcodeName(op)...)
		case len(data) <= maxNumSize:
			n, _ := parseNum(data, false, maxNumSize)
			out = strconv.AppendInt(out, n, 10)
		default:
			suffix := ""
			if decodeSigHash && checkSignatureEncoding(data, VerifyStrictEnc) == errOK {
				suffix = hashTypeNames[data[len(data)-1]]
				if suffix != "" {
					data = data[:len(data)-1]
				}
			}
			out = hex.AppendEncode(out, data)
			out = append(out, suffix...)
		}
	}
	return string(out)
}
