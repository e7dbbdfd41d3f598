// Package sandbox is a stand-in for Spotify: the accounts service (consent page and
// token endpoint) and the Web API as a development-mode app has it, in one HTTP
// server on a loopback address. `spotauth demo`, `spotauth sandbox` and the tests
// use it.
//
// It behaves as Spotify did in 2026, including the bodies of errors. Captured
// answers under testdata keep it honest. If Spotify's behavior is not known, it
// follows the strict reading of RFC 6749, 7636 and 9700, so that no client passes
// here by luck. It misbehaves on demand, see [FaultHelp]. It keeps everything in
// memory. It shares no code with the rest of spotauth, because what is checked must
// not be part of the check.
package sandbox

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// The apps that spotauth itself uses: one that signs in with PKCE alone, and one
// that also has a secret, which it sends to the token endpoint. Other programs
// bring a client ID of their own, see [Options].
const (
	ClientID       = "5107a0c3d9e84b6f8a2b1c4d7e9f0a35"
	SecretClientID = "c0ffee12d4a94f5e9b3a6c8d2e1f7b40"
	ClientSecret   = "9d41f6c2b7e04a8895e3d1c0a2b4f687"
)

// The hosts of Spotify's two services. A request for one of them reaches only that
// service. A request for any other host reaches both.
const (
	accountsHost = "accounts.spotify.com"
	apiHost      = "api.spotify.com"
)

// Consent says what happens when a client asks for authorization.
type Consent string

const (
	ConsentAsk   Consent = "ask"   // a page with two buttons; also the zero value's meaning
	ConsentAgree Consent = "agree" // a redirect with a code, at once; with show_dialog=true, for the other account
	ConsentDeny  Consent = "deny"  // a redirect with error=access_denied, at once
)

// Mode is Spotify's quota mode of the app,
// https://developer.spotify.com/documentation/web-api/concepts/quota-modes.
type Mode string

const (
	ModeDevelopment Mode = "development" // every personal app since 2026; also the zero value's meaning
	ModeExtended    Mode = "extended"    // with the fields and the following calls that development mode lost
)

// Names says what the artists are called.
type Names string

const (
	NamesFriendly Names = "friendly" // as artists are; also the zero value's meaning
	NamesNasty    Names = "nasty"    // some of them trip up tables, CSV files and shells
)

// Options configure a stand-in. The zero value is a stand-in on a free port with two
// accounts that follow no one.
type Options struct {
	Listener net.Listener // nil: a free port on 127.0.0.1. Loopback only
	Artists  int          // how many exist; the first account follows them all
	Tracks   int          // how many tracks the first account has saved; 0: 345
	Seed     uint64       // of names, IDs and the first account: same seed, same data
	Names    Names
	Mode     Mode
	ClientID string // the only client ID that is registered; "": any well-formed one
	Consent  Consent
	Faults   []string // what goes wrong, in the grammar of FaultHelp
	// RedirectURIs are those registered for every app. nil: http://127.0.0.1/callback,
	// http://[::1]/callback and http://127.0.0.1:5000/spotify/callback.
	RedirectURIs []string

	// The rest is for tests.
	Rotate  bool          // each refresh gives a new refresh token and revokes the old, as before 2026-06
	Latency time.Duration // from a Web API request to its answer
	Now     func() time.Time
	// TokenPrefix begins every token. "": the constant of that name. A test that stands
	// for Spotify itself sets another.
	TokenPrefix string
}

// Server is a running stand-in. It is an http.Handler, so that a test can serve it
// over TLS under Spotify's own hosts.
type Server struct {
	options  Options
	url      string
	http     *http.Server
	closed   chan struct{}
	artists  *kind
	oddities oddities
	gzips    sync.Pool // of *gzip.Writer, which are big

	mu       sync.Mutex
	offset   time.Duration // what Advance added to the clock
	accounts []*account
	catalog  catalog
	account  *account // the one that consents unless the client says otherwise
	codes    map[string]*code
	access   map[string]*accessToken
	refresh  map[string]*refreshToken
	faults   []*fault
	requests []*Request
	secrets  []string
}

// New starts a stand-in, which the caller must close. It fails if an option makes no
// sense or no port is free.
func New(o Options) (*Server, error) {
	if err := setDefaults(&o); err != nil {
		return nil, err
	}
	faults, odd, err := parseFaults(o.Faults)
	if err != nil {
		return nil, err
	}
	if o.Listener == nil {
		if o.Listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return nil, fmt.Errorf("starting the stand-in: %w", err)
		}
	}
	artists := newArtistKind(o, odd.escapes)
	accounts := newAccounts(o, artists)
	s := &Server{
		options: o,
		url:     "http://" + o.Listener.Addr().String(),
		closed:  make(chan struct{}),
		artists: artists, oddities: odd,
		accounts: accounts, account: accounts[0],
		codes:   map[string]*code{},
		access:  map[string]*accessToken{},
		refresh: map[string]*refreshToken{},
		faults:  faults,
		secrets: []string{ClientSecret},
	}
	s.http = &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = s.http.Serve(o.Listener) }()
	return s, nil
}

func setDefaults(o *Options) error {
	if o.Now == nil {
		o.Now = time.Now
	}
	o.TokenPrefix = cmp.Or(o.TokenPrefix, TokenPrefix)
	if o.RedirectURIs == nil {
		o.RedirectURIs = []string{"http://127.0.0.1/callback", "http://[::1]/callback", "http://127.0.0.1:5000/spotify/callback"}
	}
	for _, uri := range o.RedirectURIs {
		if err := checkRegistrable(uri); err != nil {
			return err
		}
	}
	o.Tracks = cmp.Or(o.Tracks, savedTracks)
	for _, err := range []error{
		choose("consent", &o.Consent, ConsentAsk, ConsentAgree, ConsentDeny),
		choose("names", &o.Names, NamesFriendly, NamesNasty),
		choose("mode", &o.Mode, ModeDevelopment, ModeExtended),
	} {
		if err != nil {
			return err
		}
	}
	if o.ClientID != "" && !clientIDForm().MatchString(o.ClientID) {
		return fmt.Errorf("client ID %q is not 32 hexadecimal digits", o.ClientID)
	}
	if o.Tracks < 0 {
		return fmt.Errorf("the number of tracks must not be negative")
	}
	if o.Artists < 0 {
		return fmt.Errorf("--artists must not be negative")
	}
	if o.Listener != nil {
		if a, ok := o.Listener.Addr().(*net.TCPAddr); ok && !a.IP.IsLoopback() {
			return fmt.Errorf("%s is not a loopback address", a)
		}
	}
	return nil
}

// choose sets an option to its default, the first choice, if it is empty.
func choose[T ~string](name string, option *T, choices ...T) error {
	if *option = cmp.Or(*option, choices[0]); slices.Contains(choices, *option) {
		return nil
	}
	var words []string
	for _, c := range choices {
		words = append(words, string(c))
	}
	last := len(words) - 1
	return fmt.Errorf("--%s is %s or %s, not %q", name, strings.Join(words[:last], ", "), words[last], *option)
}

// URL is the base URL of both services, "http://127.0.0.1:PORT".
func (s *Server) URL() string { return s.url }

// Close ends the stand-in and all requests at once.
func (s *Server) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.closed:
		return nil
	default:
		close(s.closed)
		return s.http.Close()
	}
}

// ServeHTTP records a request and answers it as the faults allow.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	_ = r.ParseForm() // a form that cannot be read lacks its parameters, and is answered so
	record := s.record(r)
	f := s.faultFor(r)
	answer := f.answerInstead(s, r)
	if answer == nil {
		answer = s.respond(r)
		f.editAnswer(s, r, answer)
	}
	s.send(delivery{w, r, f, answer, start})
	s.setStatus(record, answer.status)
}

// respond answers as Spotify does.
func (s *Server) respond(r *http.Request) *answer {
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	accounts := !strings.HasPrefix(r.URL.Path, "/v1")
	if host == accountsHost && !accounts || host == apiHost && accounts {
		return apiError(http.StatusNotFound, "Resource not found")
	}
	switch r.URL.Path {
	case "/authorize":
		return s.authorize(r)
	case "/api/token":
		return s.token(r)
	}
	return s.webAPI(r)
}

// wait sleeps for d, or until the client has gone or the stand-in is closed.
func (s *Server) wait(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	case <-s.closed:
	}
}

// now is the stand-in's clock. The caller holds s.mu.
func (s *Server) now() time.Time { return s.options.Now().Add(s.offset) }
