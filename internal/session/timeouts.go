package session

import (
	"context"
	"time"
)

// timeouts are the longest waits, and the pauses between tries.
type timeouts struct {
	lock       time.Duration // for another process to release the lock
	lockNotice time.Duration // until the person is told
	call       time.Duration // for a keychain or helper to answer
	callNotice time.Duration // until the person is told; 0: no person is there
	post       time.Duration // for the token endpoint to answer
	save       time.Duration // for all tries to save a refreshed login
	retry      time.Duration // between two of them
	settle     time.Duration // for another process to save, in case the lock didn't keep it out
	waiting    func(what string)
}

func newTimeouts(o Options) timeouts {
	t := timeouts{
		lock: 30 * time.Second, lockNotice: 2 * time.Second,
		call: 5 * time.Second, post: 15 * time.Second, save: 15 * time.Second,
		retry: 200 * time.Millisecond, settle: time.Second,
		waiting: o.Waiting,
	}
	if o.Interactive { // somebody may be typing the keychain's password
		t.call, t.callNotice, t.save = time.Minute, 3*time.Second, time.Minute
	}
	return t
}

// bound runs a call that has no time limit of its own, and stops waiting for it in time.
// What the call does after that is lost. The process is about to end.
func (t timeouts) bound(ctx context.Context, what string, call func(context.Context) (string, error)) (string, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, t.call, errNoAnswer)
	defer cancel()
	if t.callNotice > 0 {
		defer time.AfterFunc(t.callNotice, func() { t.waiting(what) }).Stop()
	}
	type answer struct {
		text string
		err  error
	}
	done := make(chan answer, 1)
	go func() {
		text, err := call(ctx)
		done <- answer{text, err}
	}()
	select {
	case a := <-done:
		if a.err != nil && context.Cause(ctx) == errNoAnswer {
			a.err = errNoAnswer // the call saw the limit first
		}
		return a.text, a.err
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}
