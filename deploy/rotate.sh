#!/usr/bin/env bash
# Replaces secrets while the shop in containers runs: deploy/rotate.sh NAME…|all
# The keys of access tokens: deploy/rotate.sh keys, and 16 minutes later: deploy/rotate.sh keys retire [--force]
# Without a name it lists what can be replaced.
set -euo pipefail
cd "$(dirname "$0")/.."

# What the tool asks for: it works inside a container, and cannot restart others.
act() {
  case $1 in
    restart) shift; docker compose restart "$@" && docker compose up --detach --wait --no-recreate --no-deps --no-build "$@" ;;
    reload) docker compose kill --signal HUP "$2" ;;
  esac </dev/null >/dev/null 2>&1
}

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkfifo "$folder/answers"
exec 3<>"$folder/answers"
docker compose --progress quiet run --rm --no-deps -T rotate "$@" <&3 | while IFS= read -r line; do
  case $line in
    # shellcheck disable=SC2086 # one name per word
    @*) if act ${line#@}; then echo done >&3; else echo failed >&3; fi ;;
    *) echo "$line" ;;
  esac
done
