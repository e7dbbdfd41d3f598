package spotify

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spotauth/spotauth/internal/secret"
)

// When a request is sent again:
//   - after a failure of the network or the server (5xx): 4 times in all, within
//     a minute, unless it may have had an effect that must not happen twice;
//   - after a 429: when the time that it asks for is over, if that is not too
//     long, or three times if it doesn't say. An exhausted quota is final;
//   - after a 401: with the same token after a pause, because Spotify has
//     answered "Access token missing" to valid tokens since July 2026, then
//     with a new one;
//   - anything else is final.

const (
	maxTries    = 4
	triesBudget = time.Minute

	limitBudget  = 2 * time.Minute // for all waits of one request; more if MaxWait is
	limitGuess   = 5 * time.Second // if Retry-After is missing, plus up to a second
	limitGuesses = 3

	maxRenewals     = 2 // in one run
	unauthorizedGap = 2 * time.Second
)

// run is one call of a method of [Client] with everything it requests. Only
// one goroutine at a time uses it.
type run struct {
	client   *Client
	token    secret.String
	renewals int
	cooled   []string     // limits of earlier processes that are over
	body     bytes.Buffer // of the last answer, kept for its memory
}

// do sends q until there is an answer that read accepts, or no point in sending
// it again. Its errors are *Error, those of Client.Token and
// Client.CheckToken, that of a request that can't be made, and ctx.Err().
func (r *run) do(ctx context.Context, q request, read func(*Answer) error) error {
	if err := r.coolDown(ctx, q); err != nil {
		return err
	}
	var h history
	for {
		err := r.try(ctx, q, read)
		if err == nil {
			return nil
		}
		var e *Error
		if errors.As(err, &e) {
			switch e.Kind {
			case LoginNeeded:
				err = r.answerUnauthorized(ctx, &h, e)
			case RateLimited:
				err = r.waitOut(ctx, &h, e)
			}
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			return err
		}
	}
}

// try sends q, up to maxTries times if failures that may pass require it. The
// transport's own repetitions count.
func (r *run) try(ctx context.Context, q request, read func(*Answer) error) (err error) {
	if r.token.Empty() {
		if r.token, err = r.client.Token(ctx, secret.String{}); err != nil {
			return err
		}
	}
	budget, cancel := context.WithTimeout(ctx, triesBudget)
	defer cancel()
	var sent atomic.Int32
	for n := 1; ; n++ {
		err = r.exchange(budget, q, &sent, read)
		var e *Error
		if !errors.As(err, &e) {
			return err
		}
		isUnclear := e.Kind == Unreachable || e.Kind == BadAnswer
		e.MayBeDone = q.once && isUnclear && (sent.Load() > 0 || e.Status != 0)
		if n >= e.tries || sent.Load() >= maxTries || e.MayBeDone {
			return err
		}
		gap := fullJitter(n)
		if deadline, _ := budget.Deadline(); time.Until(deadline) <= gap {
			return err
		}
		if err := r.pause(ctx, e, gap); err != nil {
			return err
		}
	}
}

// fullJitter is the pause after the nth try: at random up to 0.5 s, 2 s and
// 8 s, so that clients cut off together don't come back together.
func fullJitter(n int) time.Duration {
	return rand.N(500 * time.Millisecond << (2 * (n - 1)))
}

// history is what answers have asked for during one request.
type history struct {
	paused, renewed bool // after a 401; paused is about the token in use
	limits, guesses int  // 429s, and those of them without a Retry-After
	waited          time.Duration
}

// answerUnauthorized prepares another try after a 401, or returns why there is none.
func (r *run) answerUnauthorized(ctx context.Context, h *history, e *Error) (err error) {
	canRenew := !h.renewed && r.renewals < maxRenewals
	isExpired := strings.Contains(e.Message, "expired")
	switch {
	case !h.paused && !(canRenew && isExpired):
		h.paused = true
		return r.pause(ctx, e, unauthorizedGap)
	case canRenew:
		h.renewed, h.paused = true, false
		r.renewals++
		r.token, err = r.client.Token(ctx, r.token)
		return err
	}
	return e
}

// waitOut waits as long as a 429 asks, or returns e if that is too long.
func (r *run) waitOut(ctx context.Context, h *history, e *Error) error {
	// Each 429 after another waits longer, whatever it says: a server that
	// always says 1 lengthens the ban for those who obey.
	wait := max(e.RetryAfter, time.Second<<h.limits)
	h.limits++
	if e.RetryAfter == 0 {
		h.guesses++
		wait = limitGuess + rand.N(time.Second)
	}
	h.waited += wait
	if wait > r.client.MaxWait || h.waited > max(limitBudget, r.client.MaxWait) || h.guesses > limitGuesses {
		return e
	}
	return r.pause(ctx, e, wait)
}

// pause announces a pause and makes it.
func (r *run) pause(ctx context.Context, why *Error, length time.Duration) error {
	if r.client.Waiting != nil {
		r.client.Waiting(why, length)
	}
	return sleep(ctx, length)
}

func sleep(ctx context.Context, length time.Duration) error {
	timer := time.NewTimer(length)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
