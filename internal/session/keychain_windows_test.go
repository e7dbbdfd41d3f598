package session

import (
	"context"
	"errors"
	"strings"
	"testing"
)

// K-03: the Credential Manager itself keeps our longest record, gives it back
// whole, and refuses what is longer than it takes.
func TestCredentialManager(t *testing.T) {
	k, id := newKeychain(Options{}, newTimeouts(Options{})), recordKey{profile: "test", clientID: t.Name()}
	t.Cleanup(func() { _ = k.remove(context.Background(), id) })
	for _, c := range []struct {
		size int
		want error
	}{
		{1, nil},
		{maxRecord, nil},
		{2560, nil},
		{2561, ErrTooBig},
	} {
		data := strings.Repeat("x", c.size)
		if err := k.set(t.Context(), id, data); !errors.Is(err, c.want) {
			t.Errorf("%d bytes: %v, want %v", c.size, err, c.want)
		}
		if got, err := k.get(t.Context(), id); c.want == nil && (err != nil || got != data) {
			t.Errorf("%d bytes: %d came back (%v)", c.size, len(got), err)
		}
	}
	if err := k.remove(t.Context(), id); err != nil {
		t.Error(err)
	}
	if _, err := k.get(t.Context(), id); !errors.Is(err, ErrNone) {
		t.Errorf("after deleting: %v, want ErrNone", err)
	}
}
