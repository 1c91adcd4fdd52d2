#!/usr/bin/env bash
# Pins the images of others by the digests that their registries have today: deploy/pin-images.sh
# Writes docker-compose.pinned.yml, which goes beside docker-compose.yml: docker compose -f docker-compose.yml -f docker-compose.pinned.yml …
set -euo pipefail
cd "$(dirname "$0")/.."

# name:tag@sha256:… of an image, asked from its registry. What is only on this machine has no digest.
pinned() {
  docker pull --quiet "$1" >/dev/null || { echo "no registry gives $1: nothing was pinned" >&2; return 1; }
  local digest
  digest=$(docker image inspect --format '{{range .RepoDigests}}{{println .}}{{end}}' "$1" | sed -n 's/.*@//p' | head -1)
  [ -n "$digest" ] || { echo "$1 has no digest: nothing was pinned" >&2; return 1; }
  echo "$1@$digest"
}
argument() { sed -n "s/^ARG $1=//p" deploy/Dockerfile; }
image() { sed -n "/^  $1:/,/image:/s/.* image: //p" docker-compose.yml; }

node_image=$(pinned "$(argument NODE_IMAGE)")
daprd_image=$(pinned "$(argument DAPRD_IMAGE)")
lines="# Written by deploy/pin-images.sh on $(date -u +%F).
services:"
for service in $(sed -n '/^  [a-z-]*:$/h; /^    build:/{x; s/[ :]//g; p; x;}' docker-compose.yml); do
  lines+="
  $service: { build: { args: { NODE_IMAGE: \"$node_image\", DAPRD_IMAGE: \"$daprd_image\" } } }"
done
for service in postgres nats sentry scheduler; do
  server_image=$(pinned "$(image $service)")
  lines+="
  $service: { image: \"$server_image\" }"
done
echo "$lines" >docker-compose.pinned.yml
