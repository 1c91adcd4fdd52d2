//go:build tools

// Package tools pins the Docker Compose that ../compose.sh builds where no release can be downloaded.
package tools

import _ "github.com/docker/compose/v5/cmd"
