//go:build tools

// Package tools pins the Dapr programs that runtime/parts.ts builds where no release can be downloaded.
package tools

import (
	_ "github.com/dapr/dapr/cmd/daprd"
	_ "github.com/dapr/dapr/cmd/scheduler"
	_ "github.com/dapr/dapr/cmd/sentry"
)
