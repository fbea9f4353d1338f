package listener

import (
	"fmt"
	"net"
	"testing"
)

func TestBothDefaultAddressesCanBeHad(t *testing.T) {
	six, err := net.Listen(Network("[::]:0"), "[::]:0")
	if err != nil {
		t.Skip("this machine has no IPv6:", err)
	}
	defer six.Close()
	addr := fmt.Sprintf("0.0.0.0:%d", six.Addr().(*net.TCPAddr).Port)
	four, err := net.Listen(Network(addr), addr)
	if err != nil {
		t.Fatal("the one takes the other's port:", err)
	}
	four.Close()
}
