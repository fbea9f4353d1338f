package address

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/address/v2/base58"
	"pgregory.net/rapid"

	"github.com/troupe-node/troupe/script"
	"github.com/troupe-node/troupe/script/secp"
)

var allChains = []string{"main", "test", "testnet4", "signet", "regtest"}

// vectors reads a file of Core's src/test/data.
func vectors(t *testing.T, name string, into any) {
	t.Helper()
	dir := os.Getenv("TROUPE_VECTORS")
	if dir == "" {
		t.Skipf("TROUPE_VECTORS is not set: point it at a folder with %s", name)
	}
	raw, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Skip(err)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		t.Fatal(err)
	}
}

func TestCoresValidAddressesAndKeysDecodeAndEncode(t *testing.T) {
	var rows [][3]json.RawMessage
	vectors(t, "key_io_valid.json", &rows)
	for _, row := range rows {
		var text, payload string
		var meta struct {
			Chain                                string
			IsPrivkey, IsCompressed, TryCaseFlip bool
		}
		for i, into := range []any{&text, &payload, &meta} {
			if err := json.Unmarshal(row[i], into); err != nil {
				t.Fatal(err)
			}
		}
		if meta.IsPrivkey {
			key, compressed, err := DecodeWIF(text, meta.Chain)
			if err != nil || compressed != meta.IsCompressed {
				t.Errorf("%s: %v, compressed %v", text, err, compressed)
				continue
			}
			if b := key.Bytes(); hex.EncodeToString(b[:]) != payload {
				t.Errorf("%s: key %x", text, b)
			}
			if back, err := EncodeWIF(key, compressed, meta.Chain); err != nil || back != text {
				t.Errorf("%s: encodes to %s, %v", text, back, err)
			}
			if _, err := Decode(text, meta.Chain); err == nil {
				t.Errorf("%s: a key was taken for an address", text)
			}
			continue
		}
		pkScript, err := Decode(text, meta.Chain)
		if err != nil || hex.EncodeToString(pkScript) != payload {
			t.Errorf("%s: %x, %v, want %s", text, pkScript, err, payload)
			continue
		}
		if back, ok := Encode(pkScript, meta.Chain); !ok || back != text {
			t.Errorf("%s: encodes to %s, %v", text, back, ok)
		}
		flipped, err := Decode(flipCase(text), meta.Chain)
		if meta.TryCaseFlip != (err == nil && bytes.Equal(flipped, pkScript)) {
			t.Errorf("%s with its case flipped: %x, %v", text, flipped, err)
		}
		if _, _, err := DecodeWIF(text, meta.Chain); !errors.Is(err, ErrInvalidKey) {
			t.Errorf("%s: an address was taken for a key", text)
		}
	}
	if len(rows) != 70 {
		t.Errorf("%d rows, want 70", len(rows))
	}
}

func flipCase(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
			b[i] = c ^ 0x20
		}
	}
	return string(b)
}

func TestCoresInvalidAddressesAndKeysAreRefusedOnEveryChain(t *testing.T) {
	var rows [][1]string
	vectors(t, "key_io_invalid.json", &rows)
	for _, row := range rows {
		for _, chain := range allChains {
			if pkScript, err := Decode(row[0], chain); !errors.Is(err, ErrInvalid) {
				t.Errorf("%q on %s is an address: %x, %v", row[0], chain, pkScript, err)
			}
			if _, _, err := DecodeWIF(row[0], chain); !errors.Is(err, ErrInvalidKey) {
				t.Errorf("%q on %s is a key: %v", row[0], chain, err)
			}
		}
	}
	if len(rows) != 70 {
		t.Errorf("%d rows, want 70", len(rows))
	}
}

func TestCoresBase58Vectors(t *testing.T) {
	var rows [][2]string
	vectors(t, "base58_encode_decode.json", &rows)
	for _, row := range rows {
		want, err := hex.DecodeString(row[0])
		if err != nil {
			t.Fatal(err)
		}
		got, ok := decodeBase58(row[1], 256)
		if !ok || !bytes.Equal(got, want) {
			t.Errorf("%q: %x, %v", row[1], got, ok)
		}
		if got, ok := decodeBase58(" \t"+row[1]+"\n", len(want)); !ok || !bytes.Equal(got, want) {
			t.Errorf("%q with blanks around it, at the limit: %x, %v", row[1], got, ok)
		}
		if len(want) > 0 {
			if _, ok := decodeBase58(row[1], len(want)-1); ok {
				t.Errorf("%q: a limit one byte too low was not kept", row[1])
			}
		}
		if s := base58.Encode(want); s != row[1] {
			t.Errorf("%x: encodes to %s", want, s)
		}
	}
	if len(rows) != 14 {
		t.Errorf("%d rows, want 14", len(rows))
	}
}

// testdata/validateaddress.json has the addresses, texts and places of Core's
// functional tests rpc_validateaddress.py and rpc_invalid_address_message.py.
func TestRefusalsReadAsCores(t *testing.T) {
	raw, err := os.ReadFile("testdata/validateaddress.json")
	if err != nil {
		t.Fatal(err)
	}
	var rows []struct {
		Chain, Address, Error, Script string
		Places                        []int
	}
	if err := json.Unmarshal(raw, &rows); err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		pkScript, err := Decode(row.Address, row.Chain)
		if row.Error == "" {
			if err != nil || row.Script != "" && hex.EncodeToString(pkScript) != row.Script {
				t.Errorf("%s: %x, %v", row.Address, pkScript, err)
			}
			continue
		}
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("%s: accepted as %x", row.Address, pkScript)
			continue
		}
		if e.Text != row.Error || !slices.Equal(e.Locations, row.Places) {
			t.Errorf("%s:\n got %q %v\nwant %q %v", row.Address, e.Text, e.Locations, row.Error, row.Places)
		}
	}
}

func TestLegacyRefusalsNameTheReason(t *testing.T) {
	short := encodeBase58Check(111, make([]byte, 19))
	foreign := encodeBase58Check(42, make([]byte, 20))
	rows := []struct{ what, text, want string }{
		{"known prefix, 19 bytes", short, "Invalid length for Base58 address (P2PKH or P2SH)"},
		{"unknown prefix", foreign, "Invalid or unsupported Base58-encoded address."},
		{"too long", encodeBase58Check(111, make([]byte, 21)), "Invalid checksum or length of Base58 address (P2PKH or P2SH)"},
		{"empty", "", "Invalid checksum or length of Base58 address (P2PKH or P2SH)"},
		{"more than 100 bytes", strings.Repeat("z", 200), "Invalid or unsupported Segwit (Bech32) or Base58 encoding."},
		{"a zero byte", "mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn\x00", "Invalid or unsupported Segwit (Bech32) or Base58 encoding."},
	}
	for _, row := range rows {
		if _, err := Decode(row.text, "regtest"); err == nil || err.Error() != row.want {
			t.Errorf("%s: %v", row.what, err)
		}
	}
	if pkScript, err := Decode(" mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn\n", "regtest"); err != nil || len(pkScript) != 25 {
		t.Errorf("blanks around base58 are allowed: %v", err)
	}
}

func TestAnUnknownChainIsAnError(t *testing.T) {
	key, err := secp.ParsePrivateKey(bytes.Repeat([]byte{1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Decode("1BoatSLRHtKNngkdXEeobR76b53LETtpyT", "mainnet"); err == nil || errors.Is(err, ErrInvalid) {
		t.Errorf("Decode: %v", err)
	}
	if _, _, err := DecodeWIF("", "mainnet"); err == nil || errors.Is(err, ErrInvalidKey) {
		t.Errorf("DecodeWIF: %v", err)
	}
	if _, err := EncodeWIF(key, true, "mainnet"); err == nil {
		t.Error("EncodeWIF took it")
	}
	if _, ok := Encode(script.PayToScriptHash([20]byte{}), "mainnet"); ok {
		t.Error("Encode took it")
	}
}

func TestScriptsWithoutAddress(t *testing.T) {
	for _, s := range []string{
		"", "6a", "51", "0014", "5101ff", "001301010101010101010101010101010101010101",
		"2103a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bdac",
		"6102abcd", "5029" + strings.Repeat("00", 41), "5129" + strings.Repeat("00", 41),
	} {
		pkScript, err := hex.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		if text, ok := Encode(pkScript, "main"); ok {
			t.Errorf("%s has the address %s", s, text)
		}
	}
}

// One or two wrong characters in the data part are found, always.
func TestWrongCharactersAreLocated(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		version := rapid.ByteRange(0, 16).Draw(t, "version")
		size := rapid.IntRange(2, 40).Draw(t, "size")
		if version == 0 {
			size = rapid.SampledFrom([]int{20, 32}).Draw(t, "v0 size")
		}
		program := rapid.SliceOfN(rapid.Byte(), size, size).Draw(t, "program")
		text, ok := Encode(script.PayToWitness(int(version), program), "main")
		if !ok {
			t.Fatal("no address")
		}
		damaged := []byte(text)
		count := rapid.IntRange(1, 2).Draw(t, "errors")
		places := rapid.SliceOfNDistinct(rapid.IntRange(3, len(text)-1), count, count, rapid.ID).Draw(t, "places")
		for _, i := range places {
			v := strings.IndexByte(bech32Charset, damaged[i])
			damaged[i] = bech32Charset[v^rapid.IntRange(1, 31).Draw(t, "xor")]
		}
		slices.Sort(places)
		_, err := Decode(string(damaged), "main")
		var e *Error
		if !errors.As(err, &e) || !slices.Equal(e.Locations, places) {
			t.Fatalf("%s from %s: %v, want %v", damaged, text, err, places)
		}
	})
}

func FuzzDecode(f *testing.F) {
	f.Add("BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4")
	f.Add("bc1pfeessrawgf")
	f.Add("1BoatSLRHtKNngkdXEeobR76b53LETtpyT")
	f.Add("bcrt1q049edschfnwystcqnsvyfpj23mpsg3jcedq9xv")
	f.Fuzz(func(t *testing.T, s string) {
		for _, chain := range allChains {
			pkScript, err := Decode(s, chain)
			if err != nil {
				var e *Error
				if !errors.As(err, &e) || e.Text == "" {
					t.Fatalf("%q: %v", s, err)
				}
				continue
			}
			back, ok := Encode(pkScript, chain)
			if !ok || !strings.EqualFold(back, strings.Trim(s, blanks)) {
				t.Fatalf("%q on %s: %x, back %q", s, chain, pkScript, back)
			}
		}
	})
}

func FuzzDecodeWIF(f *testing.F) {
	f.Add("L4rK1yDtCWekvXuE6oXD9jCYfFNV2cWRpVuPLBcCU2z8TrisoyY1")
	f.Add("5KYZdUEo39z3FPrtuX2QbbwGnNP5zTd7yyr2SC1j299sBCnWjss")
	f.Fuzz(func(t *testing.T, s string) {
		for _, chain := range []string{"main", "regtest"} {
			key, compressed, err := DecodeWIF(s, chain)
			if err != nil {
				continue
			}
			if back, err := EncodeWIF(key, compressed, chain); err != nil || back != strings.Trim(s, blanks) {
				t.Fatalf("%q: %q, %v", s, back, err)
			}
		}
	})
}
