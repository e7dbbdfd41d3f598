package sandbox

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// Agree does what a browser does when someone agrees. It opens authorizeURL, clicks Agree
// on the consent page, follows the redirect to the client's callback, and reads its page to
// the end. It fails if the page shows a problem instead of the form, or if the callback
// answers with an error. Its errors contain no URL, because URLs contain secrets.
func Agree(ctx context.Context, client *http.Client, authorizeURL string) error {
	return decide(ctx, client, authorizeURL, "agree", "")
}

// AgreeAs is Agree for an account, by its ID. "" is the account that the page
// proposes.
func AgreeAs(ctx context.Context, client *http.Client, authorizeURL, account string) error {
	return decide(ctx, client, authorizeURL, "agree", account)
}

// Cancel clicks Cancel instead.
func Cancel(ctx context.Context, client *http.Client, authorizeURL string) error {
	return decide(ctx, client, authorizeURL, "cancel", "")
}

func decide(ctx context.Context, client *http.Client, authorizeURL, decision, account string) error {
	resp, page, err := visit(ctx, client, http.MethodGet, authorizeURL, nil)
	if err != nil {
		return fmt.Errorf("opening the consent page: %w", err)
	}
	if isRedirected(resp) { // a stand-in that answers at once has no page
		return checkCallback(resp)
	}
	form, err := findForm(page, decision)
	if err != nil {
		return fmt.Errorf("reading the consent page (%s): %w", resp.Status, err)
	}
	action, err := resp.Request.URL.Parse(form.action)
	if err != nil {
		return errors.New("reading the consent page: its form leads nowhere")
	}
	if account != "" {
		form.values.Set("account", account)
	}
	resp, page, err = visit(ctx, client, form.method, action.String(), form.values)
	if err != nil {
		return fmt.Errorf("answering the consent page: %w", err)
	}
	if !isRedirected(resp) {
		if _, err = findForm(page, decision); err == nil {
			err = errors.New("it is shown again")
		}
		return fmt.Errorf("answering the consent page (%s): %w", resp.Status, err)
	}
	return checkCallback(resp)
}

// isRedirected reports whether a redirect led to resp.
func isRedirected(resp *http.Response) bool { return resp.Request.Response != nil }

func checkCallback(callback *http.Response) error {
	if callback.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("the callback answered %s", callback.Status)
	}
	return nil
}

func visit(ctx context.Context, client *http.Client, method, address string, form url.Values) (*http.Response, string, error) {
	req, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, "", errors.New("the address is not a URL")
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := client.Do(req)
	if err != nil {
		var withURL *url.Error
		if errors.As(err, &withURL) {
			err = withURL.Err
		}
		return nil, "", err
	}
	defer func() { _ = resp.Body.Close() }()
	page, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	return resp, string(page), err
}

// form is an HTML form with one of its buttons.
type form struct {
	method, action string
	values         url.Values
}

// findForm reads the first form of a page: its hidden fields, its choices, and the
// button whose value is decision. If there is none, the error quotes the heading.
func findForm(page, decision string) (form, error) {
	d := xml.NewDecoder(strings.NewReader(page))
	d.Strict, d.AutoClose = false, xml.HTMLAutoClose
	f := form{values: url.Values{}}
	heading, found := "", false
	for {
		token, err := d.Token()
		if err != nil {
			break
		}
		element, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		at := attributes(element)
		switch {
		case element.Name.Local == "h1":
			_ = d.DecodeElement(&heading, &element)
		case element.Name.Local == "form":
			f.method, f.action = strings.ToUpper(at["method"]), at["action"]
		case element.Name.Local == "input" && (at["type"] == "hidden" || at["checked"] != ""),
			element.Name.Local == "button" && at["value"] == decision:
			f.values.Set(at["name"], at["value"])
			found = found || element.Name.Local == "button"
		}
	}
	if !found {
		return f, fmt.Errorf("no %s button, but %q", decision, heading)
	}
	return f, nil
}

func attributes(e xml.StartElement) map[string]string {
	at := map[string]string{}
	for _, a := range e.Attr {
		at[a.Name.Local] = a.Value
	}
	return at
}
