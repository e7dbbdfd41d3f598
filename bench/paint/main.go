// Command paint opens a page in a new headless Chromium and prints the
// milliseconds from the start of its loading to the first paint of its content,
// which the browser itself measures (https://www.w3.org/TR/paint-timing/). It is
// a program of its own so that the runner stays small.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/chromedp/chromedp"
)

func main() {
	after, err := paint(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(after)
}

func paint(page string) (after float64, err error) {
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath("chromium"), chromedp.NoSandbox)
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	defer cancel()
	ctx, cancel = chromedp.NewContext(ctx)
	defer cancel()
	ctx, cancel = context.WithTimeout(ctx, time.Minute)
	defer cancel()
	const measure = `new Promise(done => new PerformanceObserver(list => list.getEntriesByName("first-contentful-paint")
		.forEach(paint => done(paint.startTime))).observe({type: "paint", buffered: true}))`
	if err := chromedp.Do(ctx, chromedp.Navigate("file://"+page)); err != nil {
		return 0, err
	}
	return chromedp.Run(ctx, chromedp.Evaluate[float64](measure, chromedp.EvalAwaitPromise))
}
