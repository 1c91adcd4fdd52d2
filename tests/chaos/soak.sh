#!/bin/sh
# Storms, one after the other, with every kind of fault and few orders between them, until something is lost or so many
# hours (8) are over: sh tests/chaos/soak.sh 8. The shop must not be running. What came of each storm, with its seed:
# .sidecart/chaos/soak.jsonl
set -eu
cd "$(dirname "$0")/../.."
end=$(($(date +%s) + ${1:-8} * 3600))
mkdir -p .sidecart/chaos
while [ "$(date +%s)" -lt "$end" ]; do
  node packages/cli/bin.mjs chaos --json --orders 2000 --rate 5 --every 2 \
    --faults kill,freeze,broker,db,network,provider,duplicate,overload >>.sidecart/chaos/soak.jsonl
done
