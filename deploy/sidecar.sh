#!/bin/sh
# Starts daprd with the trust anchors, and the tokens and identity of its app, in its environment: sidecar.sh FLAGS
#
# An app that restarts gets a new network, and its sidecar is left behind in the old one, alone. That ends the
# sidecar here, so that its restart policy brings it back beside its app.
set -eu

app= before=
for argument; do
  [ "$before" = --app-id ] && app=$argument
  before=$argument
done

. /shop/.sidecart/env
set -a
. "/shop/.sidecart/apps/$app/env"
set +a
export DAPR_SENTRY_TOKEN_FILE="/shop/.sidecart/apps/$app/identity.jwt"
unset DAPR_HOST_IP # is for sidecars on one machine; here each has an address of its own

# shellcheck disable=SC2086 # one flag per word
daprd ${DAPRD_FLAGS-} "$@" &
daprd=$!
trap 'kill -TERM "$daprd" 2>/dev/null' TERM INT

connected() { [ -e /sys/class/net/eth0 ]; }
while kill -0 "$daprd" 2>/dev/null && connected; do
  sleep 1 &
  wait $! || true
done

connected || { echo 'the network of the app is gone' >&2 && kill -TERM "$daprd" 2>/dev/null; } || true
wait "$daprd"
