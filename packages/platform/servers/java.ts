import type { Program } from '../install/packages.ts'

/** Java for servers that bring jars. */
export const java: Program = {
  name: 'java',
  debian: 'default-jre-headless',
  brew: 'openjdk',
  folders: ['/opt/homebrew/opt/openjdk/bin', '/usr/local/opt/openjdk/bin'],
  version: { args: ['-version'], pattern: /version "(\d+\.\d+\.\d+)/ },
  least: '17.0.0',
}

/** JVM settings for a server on one machine: little memory, and no processor time for a fast compiler. */
export const smallHeap = (megabytes: number): string[] => [
  `-Xmx${megabytes}m`,
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
]
