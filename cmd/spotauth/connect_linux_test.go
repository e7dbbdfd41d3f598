package main

import (
	"slices"
	"testing"
	"time"

	"github.com/spotauth/spotauth/internal/sandbox"
)

// If the login has to be refreshed first, the connection to the Web API is made meanwhile:
// one, and without an additional request.
func TestConnectsWhileItRefreshes(t *testing.T) {
	t.Parallel()
	var made []int
	for range 3 { // on a busy machine, net/http now and then gives up a connection after an answer
		if made = append(made, connectionsAfterARefresh(t)); made[len(made)-1] == 1 {
			return
		}
	}
	t.Errorf("%d connections to the Web API", made)
}

// connectionsAfterARefresh counts the connections that an export makes to the Web API.
func connectionsAfterARefresh(t *testing.T) int {
	t.Helper()
	m, spotify, proxy := realHosts(t, "exchange:expires_in=1", "refresh:delay=3s")
	login := m.start(m.command("login", "--no-browser", "--store", "file"))
	if err := sandbox.Agree(t.Context(), m.browser(), login.consentURL()); err != nil {
		t.Fatal(err)
	}
	if r := login.wait(); r.status != 0 {
		t.Fatalf("login: status %d: %s", r.status, r.stderr)
	}
	before, asked := proxy.waysTo(apiHost), len(spotify.Requests())

	artists := m.start(m.command("artists"))
	for deadline := time.Now().Add(patience); proxy.waysTo(apiHost) == before; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("nobody asks the proxy for a way to the Web API")
		}
	}
	for _, r := range spotify.Requests()[asked:] {
		if r.Status != 0 {
			t.Errorf("%s %s was answered before", r.Method, r.Path)
		}
	}
	if r := artists.wait(); r.status != 0 {
		t.Errorf("artists: status %d: %s", r.status, r.stderr)
	}
	want := []string{
		"POST accounts.spotify.com/api/token [client_id,grant_type=refresh_token,refresh_token]",
		"GET api.spotify.com/v1/me/following?limit=50,type=artist Bearer",
		"GET api.spotify.com/v1/me/following?after,limit=50,type=artist Bearer",
		"GET api.spotify.com/v1/me/following?after,limit=50,type=artist Bearer",
	}
	if got := inWords(spotify.Requests()[asked:]); !slices.Equal(got, want) {
		t.Errorf("the requests are %q", got)
	}
	return proxy.waysTo(apiHost) - before
}

// waysTo counts how often the proxy was asked for a way to the host.
func (p *tunnel) waysTo(host string) (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, asked := range p.asked {
		if asked == "CONNECT "+host+":443" {
			n++
		}
	}
	return n
}
