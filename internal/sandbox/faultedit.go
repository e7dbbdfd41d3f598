package sandbox

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// editAnswer changes the right answer as the fault says. An answer that is
// already an error stays as it is.
func (f *fault) editAnswer(s *Server, r *http.Request, a *answer) {
	if f == nil || a.status >= 400 {
		return
	}
	if f.edit != nil {
		s.mu.Lock()
		f.edit(s, f, r, a)
		s.mu.Unlock()
	}
	f.override(a)
}

// override sets what the ",NAME=VALUE" parts say.
func (f *fault) override(a *answer) {
	for part, header := range map[string]string{"retry-after": "Retry-After", "type": "Content-Type", "location": "Location"} {
		if value, given := f.with[part]; given {
			a.header[header] = []string{value}
		}
	}
	if body, given := f.with["body"]; given {
		a.body = []byte(body)
	}
}

func editHuge(_ *Server, _ *fault, _ *http.Request, a *answer) {
	a.body = append(bytes.Repeat([]byte(" "), 16<<20), a.body...)
}

func editBomb(_ *Server, _ *fault, _ *http.Request, a *answer) {
	a.body = bomb(a.body)
	a.header.Set("Content-Encoding", "gzip")
}

// editEmpty empties a page. Another cursor leads to its items.
func editEmpty(s *Server, _ *fault, r *http.Request, a *answer) {
	editPage(a, func(page map[string]any) {
		page["items"] = []any{}
		if p, ok := s.followingPage(r); ok {
			setAfter(page, p, detour(p.start, len(s.requests)))
		}
	})
}

func editRepeat(s *Server, _ *fault, r *http.Request, a *answer) {
	editPage(a, func(page map[string]any) {
		if p, ok := s.followingPage(r); ok {
			setAfter(page, p, p.after)
		} else if before := r.URL.Query().Get("before"); before != "" {
			page["cursors"] = map[string]any{"after": before, "before": before}
		}
	})
}

// editBare leaves out what Spotify announced to remove from the user in 2026.
func editBare(_ *Server, _ *fault, _ *http.Request, a *answer) {
	editObject(a, true, func(user map[string]any) {
		for _, name := range []string{"country", "email", "explicit_content", "followers", "product"} {
			delete(user, name)
		}
	})
}

// editField is FIELD=VALUE and no-FIELD.
func editField(s *Server, f *fault, r *http.Request, a *answer) {
	if f.place == "callback" {
		f.editRedirect(a)
		return
	}
	name, without := strings.CutPrefix(f.what, "no-")
	editObject(a, name == "artists", func(object map[string]any) {
		p, _ := s.followingPage(r)
		switch {
		case name == "after" && without:
			object["cursors"] = map[string]any{}
		case name == "after":
			setAfter(object, p, f.argValue())
		case without:
			delete(object, name)
		default:
			object[name] = f.argValue()
		}
	})
}

// editRedirect changes the parameters of the callback. An error replaces the code.
func (f *fault) editRedirect(a *answer) {
	target, err := url.Parse(a.header.Get("Location"))
	if err != nil || a.header.Get("Location") == "" {
		return
	}
	q := target.Query()
	name, without := strings.CutPrefix(f.what, "no-")
	q.Set(name, f.arg)
	if without {
		q.Del(name)
	} else if name == "error" {
		q.Del("code")
	}
	target.RawQuery = q.Encode()
	a.header.Set("Location", target.String())
}

func editPage(a *answer, edit func(map[string]any)) { editObject(a, false, edit) }

// editObject edits the JSON object of an answer. It edits the page in that object
// instead if there is one and outer is false.
func editObject(a *answer, outer bool, edit func(map[string]any)) {
	body := map[string]any{}
	if a.header.Get("Content-Type") != typeJSON || json.Unmarshal(a.body, &body) != nil {
		return
	}
	object := body
	if _, isPage := body["items"]; !isPage && !outer {
		for _, name := range slices.Sorted(maps.Keys(body)) {
			if page, ok := body[name].(map[string]any); ok && page["items"] != nil {
				object = page
				break
			}
		}
	}
	edit(object)
	a.body = encode(body)
}

func (f *fault) argValue() any {
	var v any
	if json.Unmarshal([]byte(f.arg), &v) != nil {
		return f.arg
	}
	return v
}

// setAfter changes the cursor, and next with it if it is a text.
func setAfter(list map[string]any, p pageRequest, after any) {
	list["cursors"] = map[string]any{"after": after}
	if text, ok := after.(string); ok {
		list["next"] = p.url(text)
	}
}

// bomb puts 200 MiB of white space before body. Gzip files can be concatenated
// (RFC 1952, section 2.2), so this takes no time.
func bomb(body []byte) []byte {
	pack := func(text []byte) []byte {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = z.Write(text)
		_ = z.Close()
		return b.Bytes()
	}
	return append(bytes.Repeat(pack(bytes.Repeat([]byte(" "), 1<<20)), 200), pack(body)...)
}
