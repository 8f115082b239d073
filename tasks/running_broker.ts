/** The brokers we can start. */
export type BrokerName = "rabbitmq" | "activemq";

/** How to reach a broker by TLS: what the option `tls` of `connect()` takes, and the URL. */
export interface TlsAccess {
  readonly url: string;
  readonly caCerts: readonly string[];
  readonly cert: string;
  readonly key: string;
}

/** A broker that was started here. Stopping it leaves neither a process nor a file behind. */
export interface RunningBroker extends AsyncDisposable {
  readonly name: BrokerName;
  /** `stomp://login:passcode@127.0.0.1:port` */
  readonly url: string;
  /** Where it also listens for TLS, wanting a certificate of the client's. */
  readonly tls: TlsAccess | undefined;
  /** Where consumers written in Java connect. */
  readonly jms: string | undefined;
  stop(): Promise<void>;
}

/** What all starters take. */
export interface StartOptions {
  /** Gives up the start: what was begun is undone, then the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** A broker that may be installed on this machine. */
export interface BrokerKind {
  readonly name: BrokerName;
  /** The command that installs it on Debian. */
  readonly installHint: string;
  isInstalled(): boolean;
  start(options?: StartOptions): Promise<RunningBroker>;
}

/** The one account that both brokers are given: the one that RabbitMQ has anyway. */
export const ACCOUNT = { login: "guest", passcode: "guest" } as const;

/** Hands a broker that serves over to the caller, together with everything that must go when it stops. */
export function runningBroker(
  name: BrokerName,
  port: number,
  resources: AsyncDisposableStack,
  { tls, jms }: { readonly tls?: TlsAccess; readonly jms?: string } = {},
): RunningBroker {
  let stopped: Promise<void> | undefined;
  const stop = () => stopped ??= resources.disposeAsync();
  return {
    name,
    url: `stomp://${ACCOUNT.login}:${ACCOUNT.passcode}@127.0.0.1:${port}`,
    tls,
    jms,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
