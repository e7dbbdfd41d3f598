package auth

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// running is a login in the background.
type running struct {
	Waiting
	*accounts
	ended   chan struct{}
	grant   Grant
	err     error
	mu      sync.Mutex
	notices []error
}

func start(t *testing.T, change func(*config)) *running {
	t.Helper()
	r := &running{accounts: newAccounts(t), ended: make(chan struct{})}
	c := r.config(t)
	ready := make(chan Waiting, 1)
	c.Ready = func(w Waiting) { ready <- w }
	c.Notice = func(err error) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.notices = append(r.notices, err)
	}
	if change != nil {
		change(&c)
	}
	go func() {
		defer close(r.ended)
		r.grant, r.err = c.Login(t.Context(), c.Request)
	}()
	select {
	case r.Waiting = <-ready:
	case <-r.ended:
		t.Fatal(r.err)
	}
	return r
}

// answer is the address of Spotify's answer with code.
func (r *running) answerWith(code string) string { return answerURL(r.URL, code) }

func (r *running) state() string {
	u, _ := url.Parse(r.URL)
	return u.Query().Get("state")
}

// patience is how long a test waits for what should have happened long before.
const patience = 30 * time.Second

// mustEnd waits for a login that succeeded.
func (r *running) mustEnd(t *testing.T) {
	t.Helper()
	select {
	case <-r.ended:
		if r.err != nil || r.grant.Access.Reveal() != "canary-access" {
			t.Errorf("login ended with %v", r.err)
		}
	case <-time.After(patience):
		t.Fatalf("login did not end within %v", patience)
	}
}

// raw sends text as it is and reads the answer.
func (r *running) raw(t *testing.T, text string) (*http.Response, string) {
	t.Helper()
	conn, err := net.Dial("tcp", r.Addr.String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	method, _, _ := strings.Cut(text, " ")
	res, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

// L-06: after 15 s of silence one notice, whatever forged answers came.
func TestWaitSpeaksUpAfterSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		type notice struct {
			what UnansweredError
			at   time.Duration
		}
		var notices []notice
		l := newLoopback(Pending{RedirectURI: DefaultRedirectURI}, "https://accounts.spotify.com/authorize", func(err error) {
			notices = append(notices, notice{*err.(*UnansweredError), time.Since(began)})
		})
		_, err := l.wait(t.Context(), DefaultTimeout)
		if !errors.Is(err, ErrTimeout) || time.Since(began) != 5*time.Minute {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		if !slices.Equal(notices, []notice{{UnansweredError{}, 15 * time.Second}}) {
			t.Errorf("notices %v", notices)
		}
	})
}

var errInterrupted = errors.New("interrupted")

// endsSoon checks that an interrupted f ends at once. f returns the time of the
// interrupt, and its error. A busy machine may be late: the best of five tries
// counts.
func endsSoon(t *testing.T, f func() (time.Time, error)) {
	t.Helper()
	best := time.Hour
	for range 5 {
		at, err := f()
		best = min(best, time.Since(at))
		if !errors.Is(err, errInterrupted) {
			t.Errorf("error %v, want the context's", err)
		}
		if best < 300*time.Millisecond {
			return
		}
	}
	t.Errorf("it took %v to end", best)
}

// L-17: the end of the context ends the wait at once and closes the port.
func TestLoginEndsWithItsContext(t *testing.T) {
	endsSoon(t, func() (at time.Time, err error) {
		a := newAccounts(t)
		c := a.config(t)
		ctx, cancel := context.WithCancelCause(t.Context())
		var addr string
		c.Paste = func(ctx context.Context) (string, error) {
			<-ctx.Done()
			return "", ctx.Err()
		}
		c.Ready = func(w Waiting) {
			addr = w.Addr.String()
			time.AfterFunc(50*time.Millisecond, func() { at = time.Now(); cancel(errInterrupted) })
		}
		_, err = c.Login(ctx, c.Request)
		if conn, err := net.Dial("tcp", addr); err == nil {
			conn.Close()
			t.Error("the port is still open")
		}
		return at, err
	})
}

// L-17: an interrupt in the exchange ends that too. The browser gets a page, but
// the login doesn't wait for it.
func TestLoginEndsWithItsContextInTheExchange(t *testing.T) {
	for name, tab := range map[string]func(t *testing.T, address string){
		"tab that waits": func(t *testing.T, address string) {
			if _, body := visit(t, address); body != rendered(failed) {
				t.Errorf("page %q", body)
			}
		},
		"tab that goes": func(t *testing.T, address string) {
			res, err := http.DefaultTransport.RoundTrip(httptest.NewRequest(http.MethodGet, address, nil))
			if err != nil {
				t.Error("no redirect")
				return
			}
			res.Body.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			endsSoon(t, func() (time.Time, error) {
				ctx, cancel := context.WithCancelCause(t.Context())
				at := make(chan time.Time, 1)
				a := newAccounts(t)
				a.answer = func(_ http.ResponseWriter, r *http.Request) {
					time.Sleep(50 * time.Millisecond) // the tab is back for its page by then
					at <- time.Now()
					cancel(errInterrupted)
					<-r.Context().Done()
				}
				c := a.config(t)
				wait := browse(&c, func(w Waiting) { tab(t, answerURL(w.URL, "canary-code")) })
				_, err := c.Login(ctx, c.Request)
				defer wait()
				return <-at, err
			})
		})
	}
}

// L-01, L-07: the address of the page that failed to load is as good as the page.
func TestLoginTakesAPastedAddress(t *testing.T) {
	var l *running
	pasted := make(chan string)
	l = start(t, func(c *config) {
		c.Paste = func(ctx context.Context) (string, error) {
			select {
			case text := <-pasted:
				return text, nil
			case <-ctx.Done():
				return "", ctx.Err()
			}
		}
	})
	for _, wrong := range []string{
		"", "hello", strings.Replace(l.answerWith("canary-code"), "state=", "state=x", 1),
		"https://" + strings.TrimPrefix(l.answerWith("canary-code"), "http://"),
		"http://evil.example/callback?code=canary-code&state=" + l.state(),
		l.answerWith("canary-code") + "&code=again",
	} {
		pasted <- wrong
	}
	pasted <- "  " + strings.TrimPrefix(l.answerWith("canary-code"), "http://") + "&iss=" + l.Server.URL + "#_=_ \n" // B-44
	l.mustEnd(t)
	want := []error{ErrAnswer, ErrAnswer, ErrForeign, ErrAnswer, ErrAnswer, ErrAnswer}
	if !slices.Equal(l.notices, want) {
		t.Errorf("notices %v", l.notices)
	}
	if l.count() != 1 || l.posts[0].PostForm.Get("code") != "canary-code" {
		t.Errorf("%d exchanges", l.count())
	}
}

// L-01: the first valid answer wins, and the other way of answering is called off.
func TestLoginCallsPastingOffWhenTheBrowserAnswers(t *testing.T) {
	calledOff := make(chan struct{})
	l := start(t, func(c *config) {
		c.Paste = func(ctx context.Context) (string, error) {
			<-ctx.Done()
			time.Sleep(50 * time.Millisecond) // a terminal to put back in order
			close(calledOff)
			return "", ctx.Err()
		}
	})
	visit(t, l.answerWith("canary-code"))
	l.mustEnd(t)
	select {
	case <-calledOff:
	default:
		t.Error("login returned while somebody could still paste")
	}
}

// L-01: a terminal that has gone away is no reason to stop listening.
func TestLoginListensOnWhenPastingEnds(t *testing.T) {
	closed := make(chan struct{})
	l := start(t, func(c *config) {
		c.Paste = func(context.Context) (string, error) {
			close(closed)
			return "", io.EOF
		}
	})
	<-closed
	visit(t, l.answerWith("canary-code"))
	l.mustEnd(t)
}

// L-08: a browser that opens a connection ahead, as Chrome does, delays nothing;
// the page is whole, and nothing is left behind, a hundred times over.
func TestHundredLoginsLeaveNothing(t *testing.T) {
	var afterPage time.Duration
	login := func() {
		l := start(t, nil)
		idle, err := net.Dial("tcp", l.Addr.String())
		if err != nil {
			t.Fatal(err)
		}
		defer idle.Close()
		if status, body := visit(t, l.answerWith("canary-code")); status != 200 || body != rendered(signedIn) {
			t.Fatalf("status %d, page %q", status, body)
		}
		arrived := time.Now()
		l.mustEnd(t)
		afterPage += time.Since(arrived)
		l.Server.Close()
	}
	login()
	before := leftovers(t)
	for range 100 {
		login()
	}
	if afterPage > 100*500*time.Millisecond {
		t.Errorf("a login ends %v after its page", afterPage/100)
	}
	var after int
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) { // connections take a moment to go
		if after = leftovers(t); after <= before {
			return
		}
	}
	t.Errorf("%d descriptors and goroutines before, %d after", before, after)
}

// leftovers counts descriptors (on Linux) and goroutines.
func leftovers(t *testing.T) int {
	t.Helper()
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	if runtime.GOOS != "linux" {
		return runtime.NumGoroutine()
	}
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(fds) + runtime.NumGoroutine()
}

// L-08: a client that does not follow redirects costs a second, not more. A busy machine
// may be late: the best of five tries counts.
func TestLoginDoesNotWaitForeverForARedirectToBeFollowed(t *testing.T) {
	best := time.Hour
	for range 5 {
		l := start(t, nil)
		l.raw(t, "GET "+strings.TrimPrefix(l.answerWith("canary-code"), "http://"+l.Addr.String())+
			" HTTP/1.1\r\nHost: "+l.Addr.String()+"\r\n\r\n")
		arrived := time.Now()
		l.mustEnd(t)
		if best = min(best, time.Since(arrived)); best < 1500*time.Millisecond {
			return
		}
	}
	t.Errorf("it took %v to end", best)
}
