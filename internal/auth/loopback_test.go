package auth

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strconv"
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

func start(t *testing.T, change func(*Config)) *running {
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
		r.grant, r.err = Login(t.Context(), c)
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

// mustEnd waits for a login that succeeded within limit.
func (r *running) mustEnd(t *testing.T, limit time.Duration) {
	t.Helper()
	select {
	case <-r.ended:
		if r.err != nil || r.grant.Access.Reveal() != "canary-access" {
			t.Errorf("login ended with %v", r.err)
		}
	case <-time.After(limit):
		t.Fatalf("login did not end within %v", limit)
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
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
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

// Every request in this table knocks at a waiting login and changes nothing;
// then the real answer arrives and wins.
func TestLoginWaitsPastWhatIsNotItsAnswer(t *testing.T) {
	const get = "GET /callback?code=canary-code&state=STATE HTTP/1.1\r\nHost: HOST\r\n"
	callback := func(query string) string {
		return "GET /callback" + query + " HTTP/1.1\r\nHost: HOST\r\n"
	}
	tests := []struct {
		name    string
		request string // STATE, HOST and ORIGIN are filled in
		status  int
		page    page
		notice  error
	}{
		// L-02: what a browser sends besides the answer
		{"favicon", "GET /favicon.ico HTTP/1.1\r\nHost: HOST\r\n", 404, notFound, nil},
		{"root", "GET / HTTP/1.1\r\nHost: HOST\r\n", 404, notFound, nil},
		{"another path with the answer", strings.Replace(get, "/callback", "/callback/", 1), 404, notFound, nil},
		{"path in capitals", strings.Replace(get, "/callback", "/Callback", 1), 404, notFound, nil},
		{"HEAD", strings.Replace(get, "GET", "HEAD", 1), 405, page{}, nil},
		{"POST", strings.Replace(get, "GET", "POST", 1) + "Content-Length: 3\r\n", 405, badRequest, nil},
		{"OPTIONS", strings.Replace(get, "GET", "OPTIONS", 1), 405, badRequest, nil},
		{"OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: HOST\r\n", 405, badRequest, nil},
		{"PUT", strings.Replace(get, "GET", "PUT", 1), 405, badRequest, nil},
		{"prefetch", get + "Sec-Purpose: prefetch\r\n", 503, badRequest, nil},
		{"prerender", get + "Sec-Purpose: prefetch;prerender\r\n", 503, badRequest, nil},
		{"prefetch of old Chrome", get + "Purpose: prefetch\r\n", 503, badRequest, nil},
		{"prefetch of old Firefox", get + "X-Moz: Prefetch\r\n", 503, badRequest, nil},
		{"picture", get + "Sec-Fetch-Dest: image\r\n", 403, badRequest, nil},
		{"frame", get + "Sec-Fetch-Dest: iframe\r\n", 403, badRequest, nil},
		{"fetch", get + "Sec-Fetch-Dest: empty\r\n", 403, badRequest, nil},
		{"two destinations", get + "Sec-Fetch-Dest: document\r\nSec-Fetch-Dest: image\r\n", 403, badRequest, nil},
		{"script of a site", get + "Origin: https://evil.example\r\n", 403, badRequest, nil},

		// L-03: forged answers, with and without an error
		{"no query", callback(""), 400, otherLogin, ErrForeign},
		{"no state", callback("?code=canary-code"), 400, otherLogin, ErrForeign},
		{"empty state", callback("?code=canary-code&state="), 400, otherLogin, ErrForeign},
		{"wrong state", callback("?code=canary-code&state=x"), 400, otherLogin, ErrForeign},
		{"state and more", callback("?code=canary-code&state=STATEx"), 400, otherLogin, ErrForeign},
		{"two states, one right", callback("?code=canary-code&state=STATE&state=x"), 400, otherLogin, ErrForeign},
		{"error without state", callback("?error=access_denied"), 400, otherLogin, ErrForeign},
		{"error with wrong state", callback("?error=access_denied&state=x"), 400, otherLogin, ErrForeign},

		// L-10: another Host is a rebound name
		{"foreign host", strings.Replace(get, "HOST", "evil.example", 1), 421, badRequest, nil},
		{"localhost", strings.Replace(get, "HOST", "localhost:PORT", 1), 421, badRequest, nil},
		{"no port", strings.Replace(get, "HOST", "127.0.0.1", 1), 421, badRequest, nil},
		{"other port", strings.Replace(get, "HOST", "127.0.0.1:1", 1), 421, badRequest, nil},
		{"port 80", strings.Replace(get, "HOST", "127.0.0.1:80", 1), 421, badRequest, nil},
		{"empty host", strings.Replace(get, "HOST", "", 1), 421, badRequest, nil},
		{"other host in the request line", strings.Replace(get, "GET ", "GET http://evil.example", 1), 421, badRequest, nil},
		{"no host at all", "GET /callback?code=canary-code&state=STATE HTTP/1.0\r\n", 421, badRequest, nil},

		// L-14: repeated, malformed
		{"neither code nor error", callback("?state=STATE"), 400, badRequest, ErrAnswer},
		{"both empty", callback("?state=STATE&code=&error="), 400, badRequest, ErrAnswer},
		{"two codes", callback("?state=STATE&code=a&code=b"), 400, badRequest, ErrAnswer},
		{"two errors", callback("?state=STATE&error=a&error=b"), 400, badRequest, ErrAnswer},
		{"code with a space", callback("?state=STATE&code=a+b"), 400, badRequest, ErrAnswer},
		{"code not ASCII", callback("?state=STATE&code=%C3%A9"), 400, badRequest, ErrAnswer},
		{"code with NUL", callback("?state=STATE&code=a%00"), 400, badRequest, ErrAnswer},
		{"code too long", callback("?state=STATE&code=" + strings.Repeat("c", 2049)), 400, badRequest, ErrAnswer},
		{"semicolons", callback("?state=STATE;code=a"), 400, badRequest, ErrAnswer},
		{"bad escape", callback("?state=STATE&code=%zz"), 400, badRequest, ErrAnswer},

		// L-15: another issuer
		{"issuer of another", callback("?state=STATE&code=a&iss=https://evil.example"), 400, badRequest, ErrIssuer},
		{"issuer with a slash", callback("?state=STATE&code=a&iss=ORIGIN/"), 400, badRequest, ErrIssuer},
		{"issuer empty", callback("?state=STATE&code=a&iss="), 400, badRequest, ErrIssuer},
		{"issuer twice", callback("?state=STATE&code=a&iss=ORIGIN&iss=ORIGIN"), 400, badRequest, ErrAnswer},

		// L-16: too large
		{"query over 4 KiB", callback("?state=STATE&code=a&x=" + strings.Repeat("x", 4096)), 400, badRequest, ErrAnswer},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := start(t, nil)
			request := strings.NewReplacer("STATE", l.state(), "HOST", l.Addr.String(), "ORIGIN", l.Server.URL,
				"PORT", strconv.Itoa(int(l.Addr.Port()))).Replace(tt.request) + "\r\n"
			res, body := l.raw(t, request)
			want := ""
			if tt.page != (page{}) {
				want = rendered(tt.page)
			}
			if res.StatusCode != tt.status || body != want {
				t.Errorf("status %d, page %q", res.StatusCode, body)
			}
			if allow := res.Header.Get("Allow"); (allow == "GET") != (tt.status == 405) {
				t.Errorf("Allow: %q", allow)
			}
			if strings.Contains(fmt.Sprint(res.Header)+body, l.state()) {
				t.Error("the answer gives the state away")
			}
			if status, body := visit(t, l.answerWith("canary-code")); status != 200 || body != rendered(signedIn) {
				t.Errorf("then the real one: status %d", status)
			}
			l.mustEnd(t, 5*time.Second)
			if tt.notice == nil && len(l.notices) > 0 || tt.notice != nil && !slices.Equal(l.notices, []error{tt.notice}) {
				t.Errorf("notices %v", l.notices)
			}
			if l.count() != 1 {
				t.Errorf("%d exchanges", l.count())
			}
		})
	}
}

func TestLoginTakesAnswersAsBrowsersSendThem(t *testing.T) { // L-02, L-14, L-15
	tests := []struct{ name, query, headers string }{
		{"plain, as curl", "code=canary-code&state=STATE", ""},
		{"navigation", "code=canary-code&state=STATE", "Sec-Fetch-Dest: document\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Site: cross-site\r\n"},
		{"after a form", "code=canary-code&state=STATE", "Origin: null\r\n"},
		{"unknown parameters", "code=canary-code&state=STATE&x=1&x=2&y", ""},
		{"issuer", "code=canary-code&state=STATE&iss=ORIGIN", ""},
		{"longest code", "state=STATE&code=" + strings.Repeat("c", 2048), ""},
		{"empty error", "code=canary-code&state=STATE&error=", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := start(t, nil)
			query := strings.NewReplacer("STATE", l.state(), "ORIGIN", url.QueryEscape(l.Server.URL)).Replace(tt.query)
			res, body := l.raw(t, "GET /callback?"+query+" HTTP/1.1\r\nHost: "+l.Addr.String()+"\r\n"+tt.headers+"\r\n")
			if res.StatusCode != 303 || body != "" {
				t.Fatalf("status %d, body %q", res.StatusCode, body)
			}
			res, body = l.raw(t, "GET "+res.Header.Get("Location")+" HTTP/1.1\r\nHost: "+l.Addr.String()+"\r\n"+tt.headers+"\r\n")
			if res.StatusCode != 200 || body != rendered(signedIn) {
				t.Errorf("status %d, page %q", res.StatusCode, body)
			}
			l.mustEnd(t, 5*time.Second)
			if len(l.notices) > 0 {
				t.Errorf("notices %v", l.notices)
			}
		})
	}
}

func TestLoginMovesTheCodeOutOfTheAddressBar(t *testing.T) { // L-19
	l := start(t, nil)
	res, _ := l.raw(t, "GET "+strings.TrimPrefix(l.answerWith("canary-code"), "http://"+l.Addr.String())+
		" HTTP/1.1\r\nHost: "+l.Addr.String()+"\r\n\r\n")
	to := res.Header.Get("Location")
	if !strings.HasPrefix(to, "/callback/") || strings.Contains(to, "canary") || strings.Contains(to, l.state()) {
		t.Errorf("redirected to %s", to)
	}
	if len(to) < len("/callback/")+26 {
		t.Errorf("%s can be guessed", to)
	}
	if status, body := visit(t, "http://"+l.Addr.String()+to); status != 200 || body != rendered(signedIn) {
		t.Errorf("status %d at the end", status)
	}
	l.mustEnd(t, time.Second)
}

// L-03: a thousand forged answers are waited past, one notice tells of them.
func TestLoginSurvivesAThousandForgedCallbacks(t *testing.T) {
	l := start(t, nil)
	began := time.Now()
	forge := func(i int) string {
		if i%2 == 0 {
			return "error=access_denied&state=forged"
		}
		return "code=forged"
	}
	var forgers sync.WaitGroup
	for worker := range 10 {
		forgers.Go(func() {
			for i := range 100 {
				if status, _ := visit(t, "http://"+l.Addr.String()+"/callback?"+forge(worker+i)); status != 400 {
					t.Errorf("forged callback: status %d", status)
				}
			}
		})
	}
	forgers.Wait()
	visit(t, l.answerWith("canary-code"))
	l.mustEnd(t, 2*time.Second)
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("took %v", took)
	}
	if !slices.Equal(l.notices, []error{ErrForeign}) || l.count() != 1 {
		t.Errorf("notices %v, %d exchanges", l.notices, l.count())
	}
}

// L-03: forged answers alone end in the timeout, not in a refusal.
func TestLoginTimesOutUnderForgedCallbacks(t *testing.T) {
	l := start(t, func(c *Config) { c.Timeout = 300 * time.Millisecond })
	visit(t, "http://"+l.Addr.String()+"/callback?error=access_denied&state=x")
	<-l.ended
	if !errors.Is(l.err, ErrTimeout) || l.count() != 0 {
		t.Errorf("error %v, %d exchanges", l.err, l.count())
	}
}

// L-13: the same answer from fifty tabs is exchanged once, and each gets a page.
func TestLoginExchangesOnceForFiftyTabs(t *testing.T) {
	for name, code := range map[string]func(int) string{
		"identical":       func(int) string { return "canary-code" },
		"different codes": func(i int) string { return fmt.Sprint("canary-code-", i) },
	} {
		t.Run(name, func(t *testing.T) {
			l := start(t, func(c *Config) {
				c.Finish = func(context.Context, Grant) (string, error) {
					time.Sleep(200 * time.Millisecond) // lets every tab come in time
					return "Ada", nil
				}
			})
			winner := signedIn
			winner.Account = "Ada"
			var tabs sync.WaitGroup
			var mu sync.Mutex
			got := map[string]int{}
			for i := range 50 {
				tabs.Go(func() {
					_, body := visit(t, l.answerWith(code(i)))
					mu.Lock()
					defer mu.Unlock()
					got[body]++
				})
			}
			tabs.Wait()
			l.mustEnd(t, 3*time.Second)
			if l.count() != 1 {
				t.Errorf("%d exchanges", l.count())
			}
			win, late := got[rendered(winner)], got[rendered(finished)]
			if win+late != 50 || name == "identical" && late != 0 || name != "identical" && win != 1 {
				t.Errorf("%d tabs saw success, %d of 50 that it was over", win, late)
			}
		})
	}
}

// L-13: an answer that comes when the login has ended is told so.
func TestLoginTellsLateTabsThatItIsOver(t *testing.T) {
	p := Config{Origin: Origin, ClientID: testID}.newPending("http://127.0.0.1:5000/callback")
	l := newLoopback(p, nil)
	a := answer{code: p.state}
	for range 2 {
		if !l.take(a, true) {
			t.Fatal("the answer, or its repetition, was refused")
		}
	}
	l.tell(declined)
	if l.take(a, true) {
		t.Error("a page was promised after the end")
	}
	select {
	case <-l.settled:
		t.Error("settled with a page owed")
	default:
	}
}

// L-16: silent callers and huge requests keep no one out.
func TestLoginSurvivesSilentCallers(t *testing.T) {
	l := start(t, nil)
	for i := range 200 {
		conn, err := net.Dial("tcp", l.Addr.String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if i%2 == 0 {
			_, _ = io.WriteString(conn, "GET /callback?state=")
		}
	}
	huge, err := net.Dial("tcp", l.Addr.String())
	if err != nil {
		t.Fatal(err)
	}
	defer huge.Close()
	go io.WriteString(huge, "GET / HTTP/1.1\r\nHost: x\r\nX: "+strings.Repeat("x", 1<<20))
	began := time.Now()
	if status, _ := visit(t, l.answerWith("canary-code")); status != 200 {
		t.Errorf("status %d", status)
	}
	l.mustEnd(t, 3*time.Second)
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("took %v", took)
	}
}

// L-16: a request whose header is over the limit is refused, not read.
func TestLoginRefusesAHugeHeader(t *testing.T) {
	l := start(t, nil)
	res, _ := l.raw(t, "GET /callback HTTP/1.1\r\nHost: "+l.Addr.String()+"\r\nX: "+strings.Repeat("x", 22<<10)+"\r\n\r\n")
	if res.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("status %d", res.StatusCode)
	}
	visit(t, l.answerWith("canary-code"))
	l.mustEnd(t, 2*time.Second)
}

// pipes is a listener without a network, for fake time.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	conn, ok := <-p
	if !ok {
		return nil, net.ErrClosed
	}
	return conn, nil
}

func (p pipes) Close() error   { close(p); return nil }
func (p pipes) Addr() net.Addr { return &net.TCPAddr{} }

// L-16: who sends no whole request within 5 s is hung up on, however busily.
func TestLoginHangsUpOnSlowCallers(t *testing.T) {
	for name, call := range map[string]func(net.Conn){
		"silent": func(net.Conn) {},
		"half a header": func(conn net.Conn) {
			_, _ = io.WriteString(conn, "GET /callback HTTP/1.1\r\nHo")
		},
		"a byte a second": func(conn net.Conn) {
			for _, err := io.WriteString(conn, "GET /"); err == nil; time.Sleep(time.Second) {
				_, err = io.WriteString(conn, "x")
			}
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			l := newLoopback(Pending{RedirectURI: DefaultRedirectURI}, nil)
			ln := make(pipes)
			l.serve(ln)
			caller, server := net.Pipe()
			began := time.Now()
			ln <- server
			var calling sync.WaitGroup
			calling.Go(func() { call(caller) })
			_, _ = io.ReadAll(caller)
			if took := time.Since(began); took != 5*time.Second {
				t.Errorf("%s: hung up after %v", name, took)
			}
			calling.Wait()
			l.close(t.Context(), failed)
		})
	}
}

// L-16: a body is not waited for, and its connection not kept.
func TestLoginWaitsForNoBody(t *testing.T) {
	l := start(t, nil)
	conn, err := net.Dial("tcp", l.Addr.String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: %s\r\nContent-Length: 200000\r\n\r\n", l.Addr)
	_ = conn.SetReadDeadline(time.Now().Add(3 * time.Second))
	if text, err := io.ReadAll(conn); err != nil || !strings.HasPrefix(string(text), "HTTP/1.1 404 ") {
		t.Errorf("answered %.20q, then %v", text, err)
	}
	visit(t, l.answerWith("canary-code"))
	l.mustEnd(t, time.Second)
}

// L-16: a crowd has a limit, and the longest silent goes first.
func TestCrowdTurnsOutTheLongestSilent(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &crowd{Listener: ln}
	defer c.Close()
	var callers []net.Conn
	for range maxCallers + 3 {
		conn, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		callers = append(callers, conn)
		server, err := c.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer server.Close() // and no collector before that
		if len(callers) == 2 {
			c.changed(server, http.StateActive) // has spoken: is not silent
		}
	}
	for i, conn := range callers {
		_ = conn.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
		_, err := conn.Read(make([]byte, 1))
		gone, turnedOut := errors.Is(err, io.EOF), i == 0 || i == 2
		if gone != turnedOut {
			t.Errorf("caller %d: %v", i, err)
		}
	}
}

// L-06: after 15 s of silence one notice, whatever forged answers came.
func TestWaitSpeaksUpAfterSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		type notice struct {
			what error
			at   time.Duration
		}
		var notices []notice
		l := newLoopback(Pending{RedirectURI: DefaultRedirectURI}, func(err error) {
			notices = append(notices, notice{err, time.Since(began)})
		})
		_, err := l.wait(t.Context(), DefaultTimeout)
		if !errors.Is(err, ErrTimeout) || time.Since(began) != 5*time.Minute {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		if !slices.Equal(notices, []notice{{ErrNoCallback, 15 * time.Second}}) {
			t.Errorf("notices %v", notices)
		}
	})
}

// L-17: the end of the context ends the wait at once and closes the port.
func TestLoginEndsWithItsContext(t *testing.T) {
	a := newAccounts(t)
	c := a.config(t)
	interrupted := errors.New("interrupted")
	ctx, cancel := context.WithCancelCause(t.Context())
	var addr string
	var at time.Time
	c.Paste = func(ctx context.Context) (string, error) {
		<-ctx.Done()
		return "", ctx.Err()
	}
	c.Ready = func(w Waiting) {
		addr = w.Addr.String()
		time.AfterFunc(50*time.Millisecond, func() { at = time.Now(); cancel(interrupted) })
	}
	_, err := Login(ctx, c)
	if took := time.Since(at); !errors.Is(err, interrupted) || took > 300*time.Millisecond {
		t.Errorf("%v after %v", err, took)
	}
	if conn, err := net.Dial("tcp", addr); err == nil {
		conn.Close()
		t.Error("the port is still open")
	}
}

// L-17: an interrupt in the exchange ends that too. The browser hears of it,
// but is not waited for.
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
			ctx, cancel := context.WithCancelCause(t.Context())
			interrupted := errors.New("interrupted")
			at := make(chan time.Time, 1)
			a := newAccounts(t)
			a.answer = func(_ http.ResponseWriter, r *http.Request) {
				time.Sleep(50 * time.Millisecond) // the tab is back for its page by then
				at <- time.Now()
				cancel(interrupted)
				<-r.Context().Done()
			}
			c := a.config(t)
			wait := browse(&c, func(w Waiting) { tab(t, answerURL(w.URL, "canary-code")) })
			_, err := Login(ctx, c)
			if took := time.Since(<-at); !errors.Is(err, interrupted) || took > 300*time.Millisecond {
				t.Errorf("%v after %v", err, took)
			}
			wait()
		})
	}
}

// L-01, L-07: the address of the page that failed to load is as good as the page.
func TestLoginTakesAPastedAddress(t *testing.T) {
	var l *running
	pasted := make(chan string)
	l = start(t, func(c *Config) {
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
	pasted <- "  " + strings.TrimPrefix(l.answerWith("canary-code"), "http://") + "#_=_ \n"
	l.mustEnd(t, time.Second)
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
	l := start(t, func(c *Config) {
		c.Paste = func(ctx context.Context) (string, error) {
			<-ctx.Done()
			close(calledOff)
			return "", ctx.Err()
		}
	})
	visit(t, l.answerWith("canary-code"))
	l.mustEnd(t, time.Second)
	select {
	case <-calledOff:
	default:
		t.Error("login returned while somebody could still paste")
	}
}

// L-01: nobody at the keyboard any more is no reason to stop listening.
func TestLoginListensOnWhenPastingEnds(t *testing.T) {
	closed := make(chan struct{})
	l := start(t, func(c *Config) {
		c.Paste = func(context.Context) (string, error) {
			close(closed)
			return "", io.EOF
		}
	})
	<-closed
	visit(t, l.answerWith("canary-code"))
	l.mustEnd(t, time.Second)
}

// L-08: the browser may wait longer for its page than the server's limits for
// requests, where the keychain asks the person something first.
func TestLoginPageSurvivesALongSave(t *testing.T) {
	ln, address, err := listen(t.Context(), DefaultRedirectURI)
	if err != nil {
		t.Fatal(err)
	}
	p := Config{Origin: Origin, ClientID: testID}.newPending(address)
	l := newLoopback(p, nil)
	const limit = 50 * time.Millisecond
	l.server.ReadTimeout, l.server.WriteTimeout = limit, limit
	l.serve(ln)
	var tab sync.WaitGroup
	tab.Go(func() {
		status, body := visit(t, p.RedirectURI+"?code=canary-code&state="+p.state.Reveal())
		if status != 200 || body != rendered(signedIn) {
			t.Errorf("status %d", status)
		}
	})
	if _, err := l.wait(t.Context(), 5*time.Second); err != nil {
		t.Fatal(err)
	}
	time.Sleep(3 * limit) // the save, over a real connection's deadlines
	l.close(t.Context(), signedIn)
	tab.Wait()
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
		l.mustEnd(t, 1500*time.Millisecond)
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
	for range 50 { // connections take a moment to go
		if after = leftovers(t); after <= before {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Errorf("%d descriptors and goroutines before, %d after", before, after)
}

// leftovers counts descriptors (on Linux) and goroutines.
func leftovers(t *testing.T) int {
	t.Helper()
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return len(fds) + goroutines()
}

// L-08: a client that does not follow redirects costs a second, not more.
func TestLoginDoesNotWaitForeverForARedirectToBeFollowed(t *testing.T) {
	l := start(t, nil)
	l.raw(t, "GET "+strings.TrimPrefix(l.answerWith("canary-code"), "http://"+l.Addr.String())+
		" HTTP/1.1\r\nHost: "+l.Addr.String()+"\r\n\r\n")
	l.mustEnd(t, 1500*time.Millisecond)
}
