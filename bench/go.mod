module github.com/spotauth/spotauth/bench

go 1.26.0

replace github.com/spotauth/spotauth => ../

require (
	github.com/chromedp/chromedp v0.23.0
	github.com/spotauth/spotauth v0.0.0-00010101000000-000000000000
	github.com/zmb3/spotify/v2 v2.4.3
	golang.org/x/oauth2 v0.37.0
)

require (
	github.com/chromedp/cdproto v0.159.0 // indirect
	github.com/go-json-experiment/json v0.0.0-20260213210345-44df1a37e875 // indirect
	github.com/godbus/dbus/v5 v5.2.4 // indirect
	golang.org/x/sys v0.49.0 // indirect
)
