# What people run: make test, make lint, make bench.

GO ?= go
TOOLS := $(GO) run -modfile=.ci/tools/go.mod
# A missing keychain or browser fails the tests on Linux; elsewhere it skips them.
REQUIRE := $(if $(filter Linux,$(shell uname -s)),1,)
PLATFORMS := linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64

.PHONY: build test lint cross deps

build:
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags='-s -w' -o spotauth ./cmd/spotauth

test: deps
	SPOTAUTH_TEST_REQUIRE=$(REQUIRE) $(GO) test -race -timeout 20m ./...
	cd internal/sandbox/zmb3 && $(GO) test -race -timeout 5m ./...

lint:
	@test -z "$$(gofmt -l .)" || { echo "gofmt wants:"; gofmt -l .; exit 1; }
	$(GO) vet ./...
	$(TOOLS) honnef.co/go/tools/cmd/staticcheck ./...
	$(GO) mod tidy -diff

cross:
	@set -e; for p in $(PLATFORMS); do \
		echo "building $$p"; \
		CGO_ENABLED=0 GOOS=$${p%/*} GOARCH=$${p#*/} $(GO) build -o /dev/null ./cmd/spotauth; \
		GOOS=$${p%/*} GOARCH=$${p#*/} $(GO) vet ./...; \
	done

deps:
	@.ci/deps
