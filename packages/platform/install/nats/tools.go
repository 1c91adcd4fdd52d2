//go:build tools

// Package tools pins the NATS server that runtime/parts.ts builds where no release can be downloaded.
package tools

import _ "github.com/nats-io/nats-server/v2"
