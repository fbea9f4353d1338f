//go:build windows

package chainstore

import (
	"os"

	"golang.org/x/sys/windows"
)

func lockFile(f *os.File) error {
	// One byte far behind the text: the lock is mandatory here, and others want to read who holds it.
	at := windows.Overlapped{Offset: 1 << 30}
	return windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &at)
}

// DiskFree is the number of bytes an ordinary user may still write where dir lies.
func DiskFree(dir string) (uint64, error) {
	path, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, err
	}
	var free uint64
	if err := windows.GetDiskFreeSpaceEx(path, &free, nil, nil); err != nil {
		return 0, &os.PathError{Op: "GetDiskFreeSpaceEx", Path: dir, Err: err}
	}
	return free, nil
}

func onDisk(info os.FileInfo) int64 { return info.Size() }

func mapFile(path string, _ int64) (data []byte, unmap func(), err error) {
	data, err = os.ReadFile(path)
	return data, func() {}, err
}
