#!/bin/sh
# Runs a service, and again when it ends: keep-running.sh COMMAND. The container must not end with it, because its
# sidecar lives in its network.
set -u
trap 'stopping=1; kill -TERM "$service" 2>/dev/null' TERM INT

stopping=
while [ -z "$stopping" ]; do
  "$@" &
  service=$!
  while kill -0 "$service" 2>/dev/null; do
    wait "$service"
    code=$?
  done
  [ -n "$stopping" ] || { echo "ended with $code, starting again" >&2; sleep 1; }
done
exit "$code"
