/**
 * SHA-256 sums of release archives, by path below https://github.com, from a source other than the download server. An
 * archive without a pinned sum is accepted with a warning if the sum published by its server matches, or rejected with
 * SIDECART_PINNED_ONLY=1. A build from source needs no sum: `go.sum` pins every module.
 *
 * Sums of `dapr/cli` are those of the Hermit package index (cashapp/hermit-packages, dapr.hcl), which has none for
 * Linux on arm64. For the Dapr runtime 1.18.3 and NATS 2.15.2 no source was found that is independent of the release:
 * package indexes build them from source or end at earlier versions. nats-io/nats-docker names the sums of Linux
 * archives (VERSION/alpine…/Dockerfile), as far as 2.15.0 when this was written. A sum that was only seen once, on the
 * server that sends the archive, does not belong here.
 *
 * With a new version in versions.ts, take its sums from two machines on two networks, and compare.
 */
export const pinnedSums: Readonly<Record<string, string>> = {
  'dapr/cli/releases/download/v1.16.5/dapr_linux_amd64.tar.gz':
    '39fd305d73907ce4ee3f974054b7d6fb0289e1606881962dc1d7cff96a12de8f',
  'dapr/cli/releases/download/v1.16.5/dapr_darwin_amd64.tar.gz':
    'b5525bcfaa09ce4c66268dfe4b30f15af515e3345ac76aa86675512f4e0a5111',
  'dapr/cli/releases/download/v1.16.5/dapr_darwin_arm64.tar.gz':
    '6fb0677161b4f3fec487f5b1dfae4fd6a3ee1138fb1d878cb27682c2b8271fdc',
}
