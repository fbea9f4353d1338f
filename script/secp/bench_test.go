package secp

import (
	"crypto/sha256"
	"testing"
)

func BenchmarkVerify(b *testing.B) {
	key, hash := testKey(b, 1), sha256.Sum256([]byte("bench"))
	pub, x, root := key.PubKey(), key.XOnly(), hash[:]
	der, schnorr := SignECDSA(key, &hash), SignSchnorr(key, &hash, nil)
	out, odd, _ := TapTweak(&x, root)
	var compact [64]byte
	parseLaxDER(der, &compact)
	var v schnorrCheck
	v.load(x[:], schnorr[:], hash[:])
	tweak := TapTweakHash(&x, root)
	run := func(name string, f func() bool) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if !f() {
					b.Fatal("refused")
				}
			}
		})
	}
	run("ecdsa", func() bool { return VerifyECDSA(pub[:], der, &hash) })
	run("ecdsa-new-key", func() bool { return engineVerifyECDSA(pub[:], &compact, &hash) })
	run("schnorr", func() bool { return VerifySchnorr(x[:], schnorr[:], &hash) })
	run("taptweak", func() bool { return CheckTapTweak(out[:], x[:], root, odd) })
	run("ecdsa-purego", func() bool { return pureVerifyECDSA(pub[:], &compact, &hash) })
	run("schnorr-purego", func() bool { return pureVerifySchnorr(&v) })
	run("taptweak-purego", func() bool { _, _, ok := pureTweakAdd(&x, &tweak); return ok })
}

func BenchmarkSign(b *testing.B) {
	key, hash := testKey(b, 1), sha256.Sum256([]byte("bench"))
	b.Run("ecdsa", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			SignECDSA(key, &hash)
		}
	})
	b.Run("ecdsa-purego", func(b *testing.B) {
		b.ReportAllocs()
		var compact [64]byte
		for b.Loop() {
			pureSignECDSA(key, &hash, 0, &compact)
		}
	})
	b.Run("schnorr", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			SignSchnorr(key, &hash, nil)
		}
	})
}
