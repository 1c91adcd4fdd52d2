#!/usr/bin/env bash
# Builds Docker Compose from its Go module, where docker looks for plugins: deploy/offline/compose.sh
# A minute with a warm cache, about three without. Needs Go. DOCKER_CONFIG chooses another folder than ~/.docker.
set -euo pipefail
cd "$(dirname "$0")/compose"
module=github.com/docker/compose/v5
version=$(go list -m -f '{{.Version}}' $module)
plugins=${DOCKER_CONFIG:-$HOME/.docker}/cli-plugins
mkdir -p "$plugins"
GOFLAGS=-mod=readonly GOWORK=off CGO_ENABLED=0 go build -trimpath -buildvcs=false \
  -ldflags "-s -w -X $module/internal.Version=$version" -o "$plugins/docker-compose" $module/cmd
echo "Docker Compose $version is in $plugins"
