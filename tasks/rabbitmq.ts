import { download, downloadFolder, runQuietly } from "./downloads.ts";
import { freePorts } from "./free_ports.ts";
import { isFile } from "./is_file.ts";
import { writeCertificates } from "./key_stores.ts";
import { accepts, answersStomp } from "./probe.ts";
import type { ProcessGroup } from "./process_group.ts";
import {
  ACCOUNT,
  type BrokerKind,
  type BrokerName,
  type BrokerNode,
  brokerNode,
  type RunningBroker,
  runningBroker,
  type StartOptions,
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

/** One RabbitMQ of several. */
interface Release {
  readonly name: BrokerName;
  /** The folder that it takes for the root of the file system. */
  readonly root: string;
}

const DEBIANS: Release = { name: "rabbitmq", root: "" };

const FOLDER_4 = downloadFolder("rabbitmq-4");
const FOUR: Release = { name: "rabbitmq-4", root: FOLDER_4 };

/** RabbitMQ as Debian packages it. */
export const rabbitMQ: BrokerKind = {
  name: "rabbitmq",
  installHint: "apt-get install -y --no-install-recommends rabbitmq-server",
  isInstalled: () => isFile(SERVER),
  start: (options) => startOne(DEBIANS, options),
};

/** RabbitMQ 4 as Debian's next release packages it, in a root of its own: its libraries are newer than this machine's. */
export const rabbitMQ4: BrokerKind = {
  name: "rabbitmq-4",
  installHint:
    "deno task brokers --install rabbitmq-4 (as root, needs debootstrap)",
  isInstalled: () => isFile(`${FOLDER_4}${SERVER}`) && Deno.uid() === 0,
  install: () => download(FOLDER_4, fillRoot),
  start: (options) => startOne(FOUR, options),
};

/** Puts a small Debian with RabbitMQ into a folder, and lets no package start anything. */
async function fillRoot(folder: string): Promise<void> {
  await runQuietly([
    "debootstrap",
    "--variant=minbase",
    "--include=ca-certificates",
    "trixie",
    folder,
  ]);
  const policy = `${folder}/usr/sbin/policy-rc.d`;
  await Deno.writeTextFile(policy, "#!/bin/sh\nexit 101\n");
  await Deno.chmod(policy, 0o755);
  const apt = ["chroot", folder, "apt-get"] as const;
  await runQuietly(
    [
      ...apt,
      ...["-o", "Acquire::Retries=3"],
      ...["install", "-y", "--no-install-recommends", "rabbitmq-server"],
    ],
    { env: { DEBIAN_FRONTEND: "noninteractive" } },
  );
  await runQuietly([...apt, "clean"]);
}

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
  readonly release: Release;
  readonly folder: string;
  readonly resources: AsyncDisposableStack;
}

/**
 * Starts RabbitMQ with one node.
 *
 * It shares nothing with another RabbitMQ on this machine: no port, no port mapper, no cookie, no folder.
 */
async function startOne(
  release: Release,
  options: StartOptions = {},
): Promise<RunningBroker> {
  await using resources = new AsyncDisposableStack();
  const folder = await tempFolder(release.name, resources);
  const own = processes(resources);
  const surroundings = { ...options, release, folder, resources: own };
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
  return runningBroker(release.name, urlOf(ports.stomp), resources.move(), {
    nodes: [node],
    tls: { url, ...client },
    webSocket: `${urlOf(ports.webStomp).replace("stomp:", "ws:")}/ws`,
  });
}

/**
 * Starts a cluster of RabbitMQ nodes. Its URL is a failover URI of all of them.
 */
export function startRabbitMQCluster(
  size: number,
  options?: StartOptions,
): Promise<RunningBroker> {
  return startCluster(DEBIANS, size, options);
}

/** The same with RabbitMQ 4. */
export function startRabbitMQ4Cluster(
  size: number,
  options?: StartOptions,
): Promise<RunningBroker> {
  return startCluster(FOUR, size, options);
}

async function startCluster(
  release: Release,
  size: number,
  options: StartOptions = {},
): Promise<RunningBroker> {
  await using resources = new AsyncDisposableStack();
  const folder = await tempFolder(release.name, resources);
  const own = processes(resources);
  const surroundings = { ...options, release, folder, resources: own };
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
  return runningBroker(release.name, url, resources.move(), {
    nodes,
    tls: { url, ...client },
  });
}

/** Starts the port mapper before any node: a node that finds none starts one as a daemon, which nobody stops. */
function startPortMapper(
  port: number,
  { release, folder, resources, signal }: Surroundings,
): Promise<ProcessGroup> {
  const [program, ...args] = commandOf(release, folder, [
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
  { release, folder, resources, signal }: Surroundings,
): Promise<ProcessGroup> {
  const conf = `rabbitmq-${ports.amqp}.conf`;
  const home = homeOf(release, folder);
  await Deno.writeTextFile(
    `${folder}/${conf}`,
    configuration(ports, cluster, home),
  );
  await Deno.writeTextFile(
    `${folder}/enabled_plugins`,
    "[rabbitmq_stomp,rabbitmq_web_stomp].\n",
  );
  await giveAway(release, folder);

  // With its input allowed, the launcher becomes the broker instead of waiting beside it; `-noinput` takes back the
  // shell that this would open.
  const [program, ...args] = commandOf(release, folder, [
    SERVER,
    "-noinput",
  ]);
  return startService(program, {
    name: `RabbitMQ ${name}`,
    args,
    cwd: folder,
    clearEnv: true,
    env: {
      PATH: Deno.env.get("PATH") ?? "/usr/bin:/bin",
      // Erlang keeps its cookie here.
      HOME: home,
      LANG: "C.UTF-8",
      ERL_CRASH_DUMP: `${home}/erl_crash.dump`,
      ERL_EPMD_ADDRESS: "127.0.0.1",
      ERL_EPMD_PORT: `${ports.portMapper}`,
      RABBITMQ_ALLOW_INPUT: "true",
      RABBITMQ_CONF_ENV_FILE: `${home}/rabbitmq-env.conf`,
      RABBITMQ_CONFIG_FILE: `${home}/${conf}`,
      RABBITMQ_DIST_PORT: `${ports.distribution}`,
      RABBITMQ_ENABLED_PLUGINS_FILE: `${home}/enabled_plugins`,
      RABBITMQ_LOG_BASE: home,
      RABBITMQ_LOGS: "-",
      RABBITMQ_MNESIA_BASE: home,
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
  home: string,
): string {
  const members = cluster.map((name, i) =>
    `cluster_formation.classic_config.nodes.${i + 1} = ${name}\n`
  );
  return `listeners.tcp.1 = 127.0.0.1:${ports.amqp}
stomp.listeners.tcp.1 = 127.0.0.1:${ports.stomp}
stomp.listeners.ssl.1 = 127.0.0.1:${ports.stompTls}
ssl_options.cacertfile = ${home}/ca.pem
ssl_options.certfile = ${home}/cert.pem
ssl_options.keyfile = ${home}/key.pem
ssl_options.verify = verify_peer
ssl_options.fail_if_no_peer_cert = true
web_stomp.tcp.listener = 127.0.0.1:${ports.webStomp}
disk_free_limit.absolute = 1MB
${members.join("")}`;
}

/** What the folder of a broker is called where it runs. */
function homeOf({ root }: Release, folder: string): string {
  return root === "" ? folder : "/mnt";
}

/**
 * A command, run by the package's user when we are root. In a root of its own it sees the folder, the processes and the names of this
 * machine; the mounts go with the process.
 */
function commandOf(
  { root }: Release,
  folder: string,
  command: readonly [string, ...string[]],
): readonly [string, ...string[]] {
  const unprivileged = Deno.uid() !== 0 ? command : [
    "setpriv",
    "--reuid",
    USER,
    "--regid",
    USER,
    "--clear-groups",
    ...command,
  ] as const;
  if (root === "") return unprivileged;
  return [
    "unshare",
    "--mount",
    "sh",
    "-c",
    ENTER,
    root,
    folder,
    ...unprivileged,
  ];
}

const ENTER = `set -e
mount --bind /proc "$0/proc"
mount --bind /dev "$0/dev"
mount --bind /etc/hosts "$0/etc/hosts"
mount --bind "$1" "$0/mnt"
shift
exec chroot "$0" "$@"`;

/** Makes the package's user the owner of a folder and all that is in it, when we are root. */
async function giveAway({ root }: Release, folder: string): Promise<void> {
  if (Deno.uid() !== 0) return;
  const users = await Deno.readTextFile(`${root}/etc/passwd`);
  const [, uid, gid] = new RegExp(`^${USER}:[^:]*:(\\d+):(\\d+):`, "m").exec(
    users,
  )!;
  await runQuietly(["chown", "-R", `${uid}:${gid}`, folder]);
}
