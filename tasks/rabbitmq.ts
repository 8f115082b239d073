import { Authority } from "../tests/support/certificates.ts";
import { freePorts } from "./free_ports.ts";
import { isFile } from "./is_file.ts";
import { accepts, answersStomp } from "./probe.ts";
import type { ProcessGroup } from "./process_group.ts";
import {
  ACCOUNT,
  type BrokerKind,
  type BrokerNode,
  brokerNode,
  type RunningBroker,
  runningBroker,
  type StartOptions,
  type TlsAccess,
  urlOf,
} from "./running_broker.ts";
import { processes, startService } from "./service.ts";
import { tempFolder } from "./temp_folder.ts";

/** Not the launcher on the PATH: that one writes into the system's log folder and serves two users only. */
const SERVER = "/usr/lib/rabbitmq/bin/rabbitmq-server";

/** Erlang's port mapper, through which nodes find each other. */
const PORT_MAPPER = "epmd";

/** The package's own user; RabbitMQ is not meant to run as root. */
const USER = "rabbitmq";

/** RabbitMQ as Debian packages it. */
export const rabbitMQ: BrokerKind = {
  name: "rabbitmq",
  installHint: "apt-get install -y --no-install-recommends rabbitmq-server",
  isInstalled: () => isFile(SERVER),
  start: startRabbitMQ,
};

/** The ports of one node; a cluster shares the port mapper. */
interface NodePorts {
  readonly stomp: number;
  readonly stompTls: number;
  readonly webStomp: number;
  readonly amqp: number;
  readonly distribution: number;
  readonly portMapper: number;
}

/** What a node is to be. */
interface NodePlan {
  readonly name: string;
  readonly ports: NodePorts;
  /** The names of all nodes, where there are several. */
  readonly cluster: readonly string[];
}

/** What everything that is started for a broker needs. */
interface Surroundings extends StartOptions {
  readonly folder: string;
  readonly resources: AsyncDisposableStack;
}

/**
 * Starts RabbitMQ with one node.
 *
 * It shares nothing with another RabbitMQ on this machine: no port, no port mapper, no cookie, no folder.
 */
export async function startRabbitMQ(
  options: StartOptions = {},
): Promise<RunningBroker> {
  await using resources = new AsyncDisposableStack();
  const folder = await tempFolder("rabbitmq", resources);
  const surroundings = { ...options, folder, resources: processes(resources) };
  const ports = freePorts(
    "stomp",
    "stompTls",
    "webStomp",
    "amqp",
    "distribution",
    "portMapper",
  );
  await startPortMapper(ports.portMapper, surroundings);
  const client = await writeCertificates(folder);
  const name = `stompest-${ports.portMapper}@localhost`;
  const node = await brokerNode(() =>
    startNode({ name, ports, cluster: [] }, surroundings)
  );
  const url = urlOf(ports.stompTls).replace("stomp:", "stomps:");
  return runningBroker("rabbitmq", urlOf(ports.stomp), resources.move(), {
    nodes: [node],
    tls: { url, ...client },
    webSocket: `${urlOf(ports.webStomp).replace("stomp:", "ws:")}/ws`,
  });
}

/**
 * Starts a cluster of RabbitMQ nodes. Its URL is a failover URI of all of them.
 */
export async function startRabbitMQCluster(
  size: number,
  options: StartOptions = {},
): Promise<RunningBroker> {
  await using resources = new AsyncDisposableStack();
  const folder = await tempFolder("rabbitmq", resources);
  const surroundings = { ...options, folder, resources: processes(resources) };
  const { portMapper } = freePorts("portMapper");
  await startPortMapper(portMapper, surroundings);
  const client = await writeCertificates(folder);
  const cluster = Array.from(
    { length: size },
    (_, i) => `stompest-${portMapper}-${i + 1}@localhost`,
  );
  const nodes: BrokerNode[] = [];
  const urls: string[] = [];
  // One after the other: the first one is what the others join.
  for (const name of cluster) {
    const own = freePorts(
      "stomp",
      "stompTls",
      "webStomp",
      "amqp",
      "distribution",
    );
    const ports = { ...own, portMapper };
    nodes.push(
      await brokerNode(() => startNode({ name, ports, cluster }, surroundings)),
    );
    urls.push(urlOf(ports.stomp));
  }
  const url = `failover:(${urls.join(",")})`;
  return runningBroker("rabbitmq", url, resources.move(), {
    nodes,
    tls: { url, ...client },
  });
}

/** Puts what the node needs for TLS into its folder; the client's side of it is returned. */
async function writeCertificates(
  folder: string,
): Promise<Omit<TlsAccess, "url">> {
  const authority = await Authority.create("stompest");
  const { cert, key } = await authority.issue({
    name: "broker",
    hosts: ["127.0.0.1", "localhost"],
  });
  await Deno.writeTextFile(`${folder}/ca.pem`, authority.cert);
  await Deno.writeTextFile(`${folder}/cert.pem`, cert);
  await Deno.writeTextFile(`${folder}/key.pem`, key);
  const client = await authority.issue({ name: "client" });
  return { caCerts: [authority.cert], ...client };
}

/** Starts the port mapper before any node: a node that finds none starts one as a daemon, which nobody stops. */
function startPortMapper(
  port: number,
  { resources, signal }: Surroundings,
): Promise<ProcessGroup> {
  const [program, ...args] = unprivileged([
    PORT_MAPPER,
    "-port",
    `${port}`,
    "-address",
    "127.0.0.1",
  ]);
  return startService(program, {
    name: PORT_MAPPER,
    args,
    resources,
    signal,
    isReady: () => accepts(port),
  });
}

async function startNode(
  { name, ports, cluster }: NodePlan,
  { folder, resources, signal }: Surroundings,
): Promise<ProcessGroup> {
  const conf = `${folder}/rabbitmq-${ports.amqp}.conf`;
  await Deno.writeTextFile(conf, configuration(ports, cluster, folder));
  await Deno.writeTextFile(
    `${folder}/enabled_plugins`,
    "[rabbitmq_stomp,rabbitmq_web_stomp].\n",
  );
  await giveAway(folder);

  // With its input allowed, the launcher becomes the broker instead of waiting beside it; `-noinput` takes back the
  // shell that this would open.
  const [program, ...args] = unprivileged([SERVER, "-noinput"]);
  return startService(program, {
    name: `RabbitMQ ${name}`,
    args,
    cwd: folder,
    clearEnv: true,
    env: {
      PATH: Deno.env.get("PATH") ?? "/usr/bin:/bin",
      // Erlang keeps its cookie here.
      HOME: folder,
      LANG: "C.UTF-8",
      ERL_CRASH_DUMP: `${folder}/erl_crash.dump`,
      ERL_EPMD_ADDRESS: "127.0.0.1",
      ERL_EPMD_PORT: `${ports.portMapper}`,
      RABBITMQ_ALLOW_INPUT: "true",
      RABBITMQ_CONF_ENV_FILE: `${folder}/rabbitmq-env.conf`,
      RABBITMQ_CONFIG_FILE: conf,
      RABBITMQ_DIST_PORT: `${ports.distribution}`,
      RABBITMQ_ENABLED_PLUGINS_FILE: `${folder}/enabled_plugins`,
      RABBITMQ_LOG_BASE: folder,
      RABBITMQ_LOGS: "-",
      RABBITMQ_MNESIA_BASE: folder,
      RABBITMQ_NODENAME: name,
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS:
        "-kernel inet_dist_use_interface {127,0,0,1}",
    },
    resources,
    signal,
    isReady: (attempt) =>
      answersStomp({ port: ports.stomp, ...ACCOUNT }, attempt),
  });
}

/** Says everything that has a default with a port or a size of the machine in it. */
function configuration(
  ports: NodePorts,
  cluster: readonly string[],
  folder: string,
): string {
  const members = cluster.map((name, i) =>
    `cluster_formation.classic_config.nodes.${i + 1} = ${name}\n`
  );
  return `listeners.tcp.1 = 127.0.0.1:${ports.amqp}
stomp.listeners.tcp.1 = 127.0.0.1:${ports.stomp}
stomp.listeners.ssl.1 = 127.0.0.1:${ports.stompTls}
ssl_options.cacertfile = ${folder}/ca.pem
ssl_options.certfile = ${folder}/cert.pem
ssl_options.keyfile = ${folder}/key.pem
ssl_options.verify = verify_peer
ssl_options.fail_if_no_peer_cert = true
web_stomp.tcp.listener = 127.0.0.1:${ports.webStomp}
disk_free_limit.absolute = 1MB
${members.join("")}`;
}

/** The same command, run by the package's user when we are root. */
function unprivileged(
  command: readonly [string, ...string[]],
): readonly [string, ...string[]] {
  if (Deno.uid() !== 0) return command;
  return [
    "setpriv",
    "--reuid",
    USER,
    "--regid",
    USER,
    "--clear-groups",
    ...command,
  ];
}

/** Makes the package's user the owner of a folder and all that is in it, when we are root. */
async function giveAway(folder: string): Promise<void> {
  if (Deno.uid() !== 0) return;
  const { success, stderr } = await new Deno.Command("chown", {
    args: ["-R", `${USER}:`, folder],
  }).output();
  if (!success) {
    throw new Error(
      `Cannot hand ${folder} to the user ${USER}: ${
        new TextDecoder().decode(stderr)
      }`,
    );
  }
}
