#!/bin/bash
# Starts the sidecar of $APP_ID with what only a running container knows: sidecar.sh FLAGS
# Its app reaches it at `sidecar`, other sidecars at `$APP_ID.mesh`: it listens at these addresses and at no other.
set -euo pipefail

address() { getent ahostsv4 "$1" | { read -r first _ && echo "$first"; } || { echo "no address for $1" >&2; exit 1; }; }
app=$(address sidecar)
mesh=$(address "$APP_ID.mesh")

set -a
. /shop/.sidecart/env
DAPR_HOST_IP=$mesh
DAPR_SENTRY_TOKEN_FILE=/shop/.sidecart/identity.jwt
DAPR_TRUST_ANCHORS=$(cat /run/sidecart/trust/ca.crt)
set +a

# shellcheck disable=SC2086 # one flag per word
daprd ${DAPRD_FLAGS-} "$@" \
  --app-id "$APP_ID" --app-channel-address "$APP_ID" \
  --dapr-listen-addresses "127.0.0.1,$app" \
  --dapr-internal-grpc-listen-address "$mesh" \
  --metrics-listen-address "$mesh" &
daprd=$!
trap 'kill -TERM "$daprd" 2>/dev/null' TERM INT

# Dapr's JetStream component tries to reconnect for two minutes, then never again, and its sidecar calls itself healthy.
# So a sidecar ends when the broker is back after more than 100 s, and its restart policy brings it back.
answers() { timeout 3 bash -c "exec 3<>/dev/tcp/${BROKER/:/\/}" 2>/dev/null; }
away=
while kill -0 "$daprd" 2>/dev/null; do
  sleep 5 &
  wait $! || true
  if [ -z "${BROKER-}" ] || answers; then
    [ -z "$away" ] || [ $((SECONDS - away)) -lt 100 ] || kill -TERM "$daprd" 2>/dev/null || true
    away=
  else
    away=${away:-$SECONDS}
  fi
done
wait "$daprd"
