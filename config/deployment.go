package config

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Hash is a block hash in wire order, the reverse of the printed hex.
type Hash [32]byte

// Work is a 256-bit number, most significant byte first.
type Work [32]byte

// parseHex256 reads up to 64 hex digits, with or without 0x, right-aligned.
func parseHex256(s string) (out [32]byte, ok bool) {
	s = strings.TrimPrefix(strings.TrimPrefix(s, "0x"), "0X")
	if s == "" || len(s) > 64 {
		return out, false
	}
	b, err := hex.DecodeString(strings.Repeat("0", 64-len(s)) + s)
	if err != nil {
		return out, false
	}
	copy(out[:], b)
	return out, true
}

func parseAssumeValid(s string) (*Hash, error) {
	if s == "" {
		return nil, nil // the chain's own
	}
	b, ok := parseHex256(s)
	if !ok {
		return nil, fmt.Errorf("Invalid assumevalid block hash specified (%s), must be up to 64 hex digits (or 0 to disable)", s)
	}
	slices.Reverse(b[:])
	h := Hash(b)
	return &h, nil
}

func parseMinimumWork(s string) (*Work, error) {
	if s == "" {
		return nil, nil // the chain's own
	}
	b, ok := parseHex256(s)
	if !ok {
		return nil, fmt.Errorf("Invalid minimum work specified (%s), must be up to 64 hex digits", s)
	}
	w := Work(b)
	return &w, nil
}

// Activation is -testactivationheight: a buried deployment's height on regtest.
type Activation struct {
	Name   string // segwit, bip34, dersig, cltv, csv
	Height int32
}

var buriedDeployments = []string{"segwit", "bip34", "dersig", "cltv", "csv"}

func parseActivation(s string) (Activation, error) {
	name, height, ok := strings.Cut(s, "@")
	if !ok {
		return Activation{}, fmt.Errorf("Invalid format (%s) for -testactivationheight=name@height.", s)
	}
	h, err := strconv.ParseInt(height, 10, 32)
	if err != nil || h < 0 || h >= math.MaxInt32 {
		return Activation{}, fmt.Errorf("Invalid height value (%s) for -testactivationheight=name@height.", s)
	}
	if !slices.Contains(buriedDeployments, name) {
		return Activation{}, fmt.Errorf("Invalid name (%s) for -testactivationheight=name@height.", s)
	}
	return Activation{Name: name, Height: int32(h)}, nil
}

// VersionBits is -vbparams: a BIP9 deployment's window on regtest. A start of -1 is
// always active, -2 never.
type VersionBits struct {
	Deployment    string // testdummy, taproot
	Start         int64
	Timeout       int64
	MinActivation int32
}

var versionBitsDeployments = []string{"testdummy", "taproot"}

func parseVersionBits(s string) (VersionBits, error) {
	parts := strings.Split(s, ":")
	if len(parts) < 3 || len(parts) > 4 {
		return VersionBits{}, errors.New("Version bits parameters malformed, expecting deployment:start:end[:min_activation_height]")
	}
	v := VersionBits{Deployment: parts[0]}
	var err error
	if v.Start, err = strconv.ParseInt(parts[1], 10, 64); err != nil {
		return v, fmt.Errorf("Invalid nStartTime (%s)", parts[1])
	}
	if v.Timeout, err = strconv.ParseInt(parts[2], 10, 64); err != nil {
		return v, fmt.Errorf("Invalid nTimeout (%s)", parts[2])
	}
	if len(parts) == 4 {
		n, err := strconv.ParseInt(parts[3], 10, 32)
		if err != nil {
			return v, fmt.Errorf("Invalid min_activation_height (%s)", parts[3])
		}
		v.MinActivation = int32(n)
	}
	if !slices.Contains(versionBitsDeployments, v.Deployment) {
		return v, fmt.Errorf("Invalid deployment (%s)", v.Deployment)
	}
	return v, nil
}

func parseChallenge(s string) ([]byte, error) {
	if s == "" {
		return nil, nil // the public signet's
	}
	b, err := hex.DecodeString(s)
	if err != nil {
		return nil, fmt.Errorf("-signetchallenge must be hex, not '%s'.", s)
	}
	return b, nil
}
