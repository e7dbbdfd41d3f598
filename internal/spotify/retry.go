package spotify

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/spotauth/spotauth/internal/secret"
)

// The rules of trying again; all requests are GETs:
//   - a fault of the network or the server (5xx): 4 tries within a minute;
//   - 429: after as long as it says, if that is not too long; where it does
//     not say, three times. An exhausted quota is final;
//   - 401: with a fresh token, then once more after a pause, because Spotify
//     has answered "Access token missing" to valid tokens since July 2026;
//   - all else is final.

const (
	faultTries  = 4
	faultBudget = time.Minute

	limitBudget  = 2 * time.Minute // for all waits of one page; more if MaxWait is
	limitGuess   = 5 * time.Second // where Retry-After is missing, plus up to a second
	limitGuesses = 3

	maxRenewals   = 2 // in one run
	spuriousPause = 2 * time.Second
)

// run is one call of [Client.Me] or one loop over [Client.FollowedArtists]. It
// is used by one goroutine at a time.
type run struct {
	client   *Client
	token    secret.String
	renewals int
	body     bytes.Buffer // of the last answer, kept for its memory
}

// get asks for path until there is an answer that read accepts, or no sense in
// asking again. Its errors are *Error, those of Client.Token, and ctx.Err().
func (r *run) get(ctx context.Context, path, query string, read func(body []byte) error) error {
	var p patience
	for {
		err := r.try(ctx, path, query, read)
		if err == nil {
			return nil
		}
		var e *Error
		if errors.As(err, &e) {
			switch e.Kind {
			case LoginNeeded:
				err = r.renew(ctx, &p, e)
			case RateLimited:
				err = r.outwait(ctx, &p, e)
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

// try makes the exchange, again after faults that may pass.
func (r *run) try(ctx context.Context, path, query string, read func(body []byte) error) (err error) {
	if r.token.Empty() {
		if r.token, err = r.client.Token(ctx, secret.String{}); err != nil {
			return err
		}
	}
	budget, cancel := context.WithTimeout(ctx, faultBudget)
	defer cancel()
	tries := 0
	_, _ = backoff.Retry(ctx, func() (struct{}, error) {
		err = r.exchange(budget, path, query, read)
		tries++
		var e *Error
		if err != nil && (!errors.As(err, &e) || tries >= e.tries) {
			return struct{}{}, backoff.Permanent(err)
		}
		return struct{}{}, err
	}, backoff.WithBackOff(fullJitter()), backoff.WithMaxElapsedTime(faultBudget), backoff.WithNotify(r.tell))
	return err
}

// fullJitter spaces tries by anything up to 0.5 s, 2 s and 8 s.
func fullJitter() backoff.BackOff {
	return &backoff.ExponentialBackOff{
		InitialInterval: 250 * time.Millisecond, Multiplier: 4, MaxInterval: 4 * time.Second,
		RandomizationFactor: 1, // from nothing to twice the interval
	}
}

// patience counts what was done for one page.
type patience struct {
	renewed, paused bool
	limits, guesses int // 429s, and those of them without a Retry-After
	waited          time.Duration
}

// renew makes another try after a 401 worth while, or returns why there is none.
func (r *run) renew(ctx context.Context, p *patience, e *Error) (err error) {
	switch {
	case !p.renewed && r.renewals < maxRenewals:
		p.renewed = true
		r.renewals++
		r.token, err = r.client.Token(ctx, r.token)
		return err
	case !p.paused:
		p.paused = true
		return r.pause(ctx, e, spuriousPause)
	}
	return e
}

// outwait waits out a 429, or returns e if that takes too long.
func (r *run) outwait(ctx context.Context, p *patience, e *Error) error {
	// Each 429 after another waits longer, whatever it says: a server that
	// always says 1 lengthens the ban for those who believe it.
	wait := max(e.RetryAfter, time.Second<<p.limits)
	p.limits++
	if e.RetryAfter == 0 {
		p.guesses++
		wait = limitGuess + rand.N(time.Second)
	}
	p.waited += wait
	if wait > r.client.MaxWait || p.waited > max(limitBudget, r.client.MaxWait) || p.guesses > limitGuesses {
		return e
	}
	return r.pause(ctx, e, wait)
}

// pause tells of a pause, and makes it.
func (r *run) pause(ctx context.Context, why *Error, length time.Duration) error {
	r.tell(why, length)
	timer := time.NewTimer(length)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (r *run) tell(err error, pause time.Duration) {
	var why *Error
	if r.client.Waiting != nil && errors.As(err, &why) {
		r.client.Waiting(why, pause)
	}
}

// The shortest wait after a 429, for "0" and dates gone by must not become a
// hot loop; and the longest that is believed, for sums of it must not overflow.
const (
	minRetryAfter = time.Second
	maxRetryAfter = 30 * 24 * time.Hour
)

// retryAfter reads a Retry-After field: seconds or a date (RFC 9110, section
// 10.2.3), by the server's own clock where it tells. 0 is none, or nonsense.
func retryAfter(h http.Header, now time.Time) time.Duration {
	value := h.Get("Retry-After")
	var wait time.Duration
	if seconds, err := strconv.ParseFloat(value, 64); err == nil || errors.Is(err, strconv.ErrRange) {
		if !(seconds >= 0) { // also not a number
			return 0
		}
		wait = time.Duration(min(seconds, maxRetryAfter.Seconds()) * float64(time.Second))
	} else if until, err := http.ParseTime(value); err == nil {
		if date, err := http.ParseTime(h.Get("Date")); err == nil {
			now = date
		}
		wait = until.Sub(now)
	} else {
		return 0
	}
	return min(max(wait, minRetryAfter), maxRetryAfter)
}
