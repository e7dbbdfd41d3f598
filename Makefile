# While you work: make check. Before you push: make test lint. For a release: make snapshot package-test reproducible.

GO ?= go
TOOLS := $(GO) run -modfile=$(CURDIR)/.ci/tools/go.mod
GORELEASER := $(GO) run -modfile=.ci/release-tools/go.mod github.com/goreleaser/goreleaser/v2
# The release workflow sets the real owner.
export GITHUB_REPOSITORY_OWNER ?= OWNER
FUZZTIME ?= 10s
# Without a keychain or browser, tests fail on Linux and are skipped elsewhere.
REQUIRE := $(if $(filter Linux,$(shell uname -s)),1,)
MODULES := . bench internal/sandbox/zmb3
PLATFORMS := linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64

.PHONY: build check test bench gofmt lint cross fuzz vuln man pictures snapshot package-test reproducible release deps

build:
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags='-s -w' -o spotauth ./cmd/spotauth

# Takes about a minute on two cores and installs nothing. Tests skip what is missing. Most of
# them only wait, so more of them run than there are cores. Vet has already run, and -w links faster.
check: gofmt
	$(GO) vet ./...
	$(TOOLS) honnef.co/go/tools/cmd/staticcheck ./...
	$(GO) test -short -vet=off -ldflags=-w -p 4 -parallel 12 ./...

# The complete run, with the race detector, wine, Chromium, and every script again with a real keychain.
test: deps
	SPOTAUTH_TEST_REQUIRE=$(REQUIRE) $(GO) test -race -timeout 40m -coverprofile=coverage.out ./...
	@$(GO) tool cover -func=coverage.out | tail -n 1
	cd internal/sandbox/zmb3 && $(GO) test -race -timeout 5m ./...

# Prints the figures of docs/performance.md, next to those of other programs. Takes about six minutes.
bench: deps
	cd bench && $(GO) run .

gofmt:
	@test -z "$$(gofmt -l .)" || { echo "run gofmt on:"; gofmt -l .; exit 1; }

lint: gofmt
	$(TOOLS) github.com/rhysd/actionlint/cmd/actionlint
	@set -e; for module in $(MODULES); do \
		echo "linting $$module"; \
		(cd $$module; set -x; $(GO) vet ./...; $(TOOLS) honnef.co/go/tools/cmd/staticcheck ./...; $(GO) mod tidy -diff); \
	done

# With the flags of a release, so that the release build can use the cache.
cross: export CGO_ENABLED = 0
cross:
	@set -e; for p in $(PLATFORMS); do \
		echo "building $$p"; \
		GOOS=$${p%/*} GOARCH=$${p#*/} $(GO) build -trimpath -o /dev/null ./cmd/spotauth; \
	done
	@set -e; for system in linux darwin windows; do \
		echo "vetting for $$system"; \
		GOOS=$$system GOARCH=amd64 $(GO) vet -trimpath ./...; \
	done

# Runs every fuzz target, as many at once as there are processors.
fuzz:
	@.ci/fuzz $(FUZZTIME)

vuln:
	$(TOOLS) golang.org/x/vuln/cmd/govulncheck ./...

# Updates docs/man and NOTICE. A test fails if they are out of date.
man:
	$(GO) test ./cmd/spotauth -run 'TestManPages|TestNotice' -update

pictures: deps
	.ci/pictures

# Builds a release in dist/ without publishing it. A stand-in for cosign lists what would be signed.
snapshot:
	$(GORELEASER) check
	PATH="$(CURDIR)/.ci/stand-in:$$PATH" $(GORELEASER) release --snapshot --clean --skip=sbom,publish

package-test: deps
	.ci/verify dist --unsigned
	.ci/package-test dist

reproducible:
	.ci/reproducible dist

release:
	$(GORELEASER) release --clean

deps:
	@.ci/deps
