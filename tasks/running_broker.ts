import type { ProcessGroup } from "./process_group.ts";

/** The brokers we can start. */
export type BrokerName =
  | "rabbitmq"
  | "rabbitmq-4"
  | "activemq"
  | "activemq-6"
  | "artemis"
  | "coilmq"
  | "stompserver";

/** How to reach a broker by TLS: what the option `tls` of `connect()` takes, and the URL. */
export interface TlsAccess {
  readonly url: string;
  readonly caCerts: readonly string[];
  readonly cert: string;
  readonly key: string;
}

/** A process of a broker, which can be made to suffer. */
export interface BrokerNode {
  /** The process, and the session that all its processes are in. */
  readonly pid: number;
  /** Ends it at once, as a crash would. */
  kill(): Promise<void>;
  /** Starts it again, and waits until it serves. */
  start(): Promise<void>;
  /** Stops it where it is, or lets it go on. */
  freeze(isFrozen: boolean): void;
}

/** A broker that was started here. Stopping it leaves neither a process nor a file behind. */
export interface RunningBroker extends AsyncDisposable {
  readonly name: BrokerName;
  /** `stomp://login:passcode@127.0.0.1:port`; with several nodes a failover URI of such. */
  readonly url: string;
  /** Where it also listens for TLS, wanting a certificate of the client's. */
  readonly tls: TlsAccess | undefined;
  /** Where it takes WebSockets, with login and passcode. */
  readonly webSocket: string | undefined;
  /** Where consumers written in Java connect. */
  readonly jms: string | undefined;
  /** Its processes; several where it is a cluster. */
  readonly nodes: readonly BrokerNode[];
  stop(): Promise<void>;
}

/** What all starters take. */
export interface StartOptions {
  /** Whether persistent messages survive a crash. RabbitMQ's always do. @default {false} */
  readonly isPersistent?: boolean;
  /** Gives up the start: what was begun is undone, then the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** A broker that may be installed on this machine. */
export interface BrokerKind {
  readonly name: BrokerName;
  /** How to get it, in one line. */
  readonly installHint: string;
  isInstalled(): boolean;
  /** Gets it where no package manager does, and keeps it; nothing to do if it is there. */
  install?(): Promise<void>;
  start(options?: StartOptions): Promise<RunningBroker>;
}

/** The one account that all brokers are given: the one that RabbitMQ has anyway. */
export const ACCOUNT = { login: "guest", passcode: "guest" } as const;

/** What a broker offers beside its port. */
export interface Extras {
  readonly tls?: TlsAccess;
  readonly webSocket?: string;
  readonly jms?: string;
  readonly nodes: readonly BrokerNode[];
}

/** The URL of a broker at a port of this machine, with the account in it. */
export function urlOf(port: number): string {
  return `stomp://${ACCOUNT.login}:${ACCOUNT.passcode}@127.0.0.1:${port}`;
}

/** A process that can be killed and started again; `start` is what has started it. */
export async function brokerNode(
  start: () => Promise<ProcessGroup>,
): Promise<BrokerNode> {
  let running = await start();
  return {
    get pid() {
      return running.pid;
    },
    kill: () => running.kill(),
    start: async () => {
      running = await start();
    },
    freeze: (isFrozen) => running.freeze(isFrozen),
  };
}

/** Hands a broker that serves over to the caller, together with everything that must go when it stops. */
export function runningBroker(
  name: BrokerName,
  url: string,
  resources: AsyncDisposableStack,
  { tls, webSocket, jms, nodes }: Extras,
): RunningBroker {
  let stopped: Promise<void> | undefined;
  const stop = () => stopped ??= resources.disposeAsync();
  return {
    name,
    url,
    tls,
    webSocket,
    jms,
    nodes,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
