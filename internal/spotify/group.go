package spotify

import (
	"context"
	"slices"
	"strings"
)

// APIGroup is the group of a plain rate limit: every request of an app.
const APIGroup = "web api"

// Group names the requests that share a quota with one of method and path: the
// same path, whatever IDs are in it ("GET /v1/artists/{id}/albums"). Spotify
// counts quotas per group and does not publish the groups; this is as small as
// they were seen to be.
// https://developer.spotify.com/documentation/web-api/concepts/quota-modes
func Group(method, path string) string {
	segments := strings.Split(path, "/")
	for n, s := range segments {
		if isID(s) || n > 0 && segments[n-1] == "users" {
			segments[n] = "{id}"
		}
	}
	return method + " " + strings.Join(segments, "/")
}

// isID reports whether a segment of a path is an ID. The Web API's own words are short,
// with lower-case letters and hyphens.
func isID(segment string) bool {
	if segment == "v1" {
		return false
	}
	return len(segment) >= len(key{}) || strings.Trim(segment, "abcdefghijklmnopqrstuvwxyz-") != ""
}

// coolDown waits until q may be sent, if an earlier process was told to wait.
// It returns an *Error if that is longer than MaxWait.
func (r *run) coolDown(ctx context.Context, q request) error {
	if r.client.CoolDown == nil {
		return nil
	}
	for _, limit := range []struct {
		group string
		kind  Kind
	}{{APIGroup, RateLimited}, {Group(q.method, q.path), QuotaExceeded}} {
		if slices.Contains(r.cooled, limit.group) {
			continue
		}
		wait := r.client.CoolDown(limit.group)
		why := &Error{Kind: limit.kind, Method: q.method, Path: q.path, RetryAfter: wait, Group: limit.group}
		if wait > r.client.MaxWait {
			return why
		}
		if wait > 0 {
			if err := r.pause(ctx, why, wait); err != nil {
				return err
			}
		}
		r.cooled = append(r.cooled, limit.group)
	}
	return nil
}
