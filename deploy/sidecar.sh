#!/bin/bash
# Starts the sidecar of $APP_ID with what only a running container knows: sidecar.sh FLAGS
# Its app reaches it at `sidecar`, other sidecars at `$APP_ID.mesh`: it listens at these addresses, for its metrics at
# $METRICS_HOST if that is set, and at no other. $TRACING is a further configuration.
set -euo pipefail

address() { getent ahostsv4 "$1" | { read -r first _ && echo "$first"; } || { echo "no address for $1" >&2; exit 1; }; }
app=$(address sidecar)
mesh=$(address "$APP_ID.mesh")
metrics=${METRICS_HOST:+$(address "$METRICS_HOST")}

set -a
. /shop/.sidecart/env
DAPR_HOST_IP=$mesh
DAPR_SENTRY_TOKEN_FILE=/shop/.sidecart/identity.jwt
DAPR_TRUST_ANCHORS=$(cat /run/sidecart/trust/ca.crt)
set +a

# shellcheck disable=SC2086 # one flag per word
daprd ${DAPRD_FLAGS-} "$@" ${TRACING:+--config "$TRACING"} \
  --app-id "$APP_ID" --app-channel-address app \
  --dapr-listen-addresses "127.0.0.1,$app" \
  --dapr-internal-grpc-listen-address "$mesh" \
  --metrics-listen-address "${metrics:-127.0.0.1}" &
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
