package sandbox

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// edit changes the right answer as the fault says. An answer that is already
// an error stays as it is.
func (f *fault) edit(s *Server, r *http.Request, a *answer) {
	if f == nil || a.status >= 400 {
		return
	}
	switch {
	case f.what == "huge":
		a.body = append(bytes.Repeat([]byte(" "), 16<<20), a.body...)
	case f.what == "bomb":
		a.body = bomb(a.body)
		a.header.Set("Content-Encoding", "gzip")
	case f.place == "callback":
		f.editRedirect(a)
	case a.header.Get("Content-Type") == typeJSON:
		f.editJSON(s, r, a)
	}
	f.change(a)
}

// change puts in what ",NAME=VALUE" says.
func (f *fault) change(a *answer) {
	for part, header := range map[string]string{"retry-after": "Retry-After", "type": "Content-Type", "location": "Location"} {
		if value, given := f.with[part]; given {
			a.header[header] = []string{value}
		}
	}
	if body, given := f.with["body"]; given {
		a.body = []byte(body)
	}
}

// editRedirect changes the parameters of the callback. An error takes the
// code's place.
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

func (f *fault) editJSON(s *Server, r *http.Request, a *answer) {
	body := map[string]any{}
	if json.Unmarshal(a.body, &body) != nil {
		return
	}
	object := body
	if list, ok := body["artists"].(map[string]any); ok && f.what != "artists" && f.what != "no-artists" {
		object = list
	}
	p, _ := s.parsePage(r)
	switch f.what {
	case "empty":
		object["items"] = []any{}
		setAfter(object, p, detourTo(p.start, len(s.Requests())))
	case "repeat-cursor":
		setAfter(object, p, p.after)
	case "after":
		setAfter(object, p, f.value())
	case "no-after":
		object["cursors"] = map[string]any{}
	default:
		if name, without := strings.CutPrefix(f.what, "no-"); without {
			delete(object, name)
		} else if slices.Contains(fieldsOf(f.place), name) {
			object[name] = f.value()
		}
	}
	a.body = encode(body)
}

func (f *fault) value() any {
	var v any
	if json.Unmarshal([]byte(f.arg), &v) != nil {
		return f.arg
	}
	return v
}

// setAfter changes the cursor, and next with it where it is a text.
func setAfter(list map[string]any, p pageRequest, after any) {
	list["cursors"] = map[string]any{"after": after}
	if text, ok := after.(string); ok {
		list["next"] = p.url(text)
	}
}

// bomb is body behind 200 MiB of white space. A gzip file may be a row of gzip
// files (RFC 1952, section 2.2), so it takes no time to make.
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
