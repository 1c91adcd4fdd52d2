import type { Lacks } from '../../../components/capabilities.ts'
import type { Resource } from '../config/components/components.ts'
import type { Project } from '../config/project.ts'
import type { Secrets } from '../config/secrets.ts'
import type { Runtime } from '../install/ensure.ts'
import type { Proc } from '../process/spawn.ts'
import type { ProcessSpec } from '../supervisor/process-spec.ts'

/** A port that a server listens on, on 127.0.0.1 only. */
export type ServerPort = {
  /** The port unless `--ports-from` moves it, below those of outgoing connections and of no other server. */
  usual: number
  /** The clients, for `docs/ports.md`: `sidecars, by a password`. */
  serves: string
  /** `sidecart chaos` puts a network proxy before the port. */
  isProxied?: true
}

/** A component type of Dapr that makes the server a broker. */
export type Broker = {
  lacks: Lacks<'broker'>
  /** Present when each subscription needs a component of its own, which `sidecart generate` writes. */
  consumer?: Consumer
}
export type Consumer = {
  /** Describes the consumers, for the heading of the files. */
  about: string
  /** Returns the YAML entries of a component; topics and scopes are added. `name` is unique for an app and a topic. */
  metadata(subscription: { app: string; name: string }): string[]
}
/** A component type of Dapr that makes the server a state store. */
export type Store = { lacks: Lacks<'state'> }

/** One process of a server. */
export type ServerProcess = Partial<
  Pick<ProcessSpec, 'after' | 'prepare' | 'failing' | 'dependentsSurviveMs'>
> &
  Pick<ProcessSpec, 'ready'> & {
    /** Absent for the process called like the server. */
    name?: string
    ports?: Record<string, number>
    start(): Promise<{ proc: Proc }>
  }

/** Inputs for starting a server. */
export type ServerContext<Port extends string = string> = {
  project: Project
  runtime: Runtime
  /** Folder of the server's configuration and data, below `.sidecart/`. Without this folder the server starts empty. */
  dir: string
  /** Folder of downloaded programs, shared by all servers. */
  bin: string
  ports: Record<Port, number>
  /** Returns the current secrets: a login may have changed since the start of the shop. */
  secrets(): Secrets
  resources: readonly Resource[]
  /** Returns the log file of a process. */
  logOf(name: string): string
  log(line: string): void
}

/**
 * A server that component sets need: everything that the project knows about it, except the sets themselves
 * (`components/`). It runs when a component in use has one of its types and takes its address from its secret.
 */
export type Server<Port extends string = string> = {
  name: string
  /** The first one is part of the address. */
  ports: Record<Port, ServerPort>
  /** The secret with the address. A component that takes another address uses a server elsewhere. */
  address: string
  /** Returns the secrets of a new checkout, with the address among them. `password` makes a new one at each call. */
  secrets(ports: Record<Port, number>, password: () => string): Secrets
  /** Dapr component types that need the server. */
  components: { [type: `pubsub.${string}`]: Broker; [type: `state.${string}`]: Store }
  /** The server that this one needs, with the same address. */
  on?: Server
  /** Seconds of an outage after which sidecars do not reconnect by themselves, although they report healthy. */
  sidecarsReconnectForSeconds?: number
  /** Returns variables for all sidecars. */
  sidecarEnv?(project: Project): Record<string, string>
  /** Returns the program with its version, such as `Redis 7.0.15`. Installs a missing one where that is allowed. */
  version(project: Project, runtime: Runtime): Promise<string> | string
  /** Absent for a server that does not claim to write to disk before it acknowledges. */
  durability?: {
    /** The claim, as printed by `sidecart doctor`. */
    means: string
    /** Returns one line per setting of the running server that is too weak for the claim. */
    faults(project: Project, ports: Record<Port, number>): Promise<string[]>
  }
  /** The server and its companion processes, in the order of their start. */
  processes(context: ServerContext<Port>): ServerProcess[]
}

/** Checks the type of a definition and keeps the names of its ports. */
export const defineServer = <Port extends string>(server: Server<Port>): Server<Port> => server
