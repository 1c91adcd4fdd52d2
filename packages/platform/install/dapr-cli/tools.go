//go:build tools

// Package tools pins the Dapr CLI that runtime/parts.ts builds where no release can be downloaded.
package tools

import _ "github.com/dapr/cli"
