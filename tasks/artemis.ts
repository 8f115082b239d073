import { download, downloadFolder, runQuietly } from "./downloads.ts";
import { freePorts } from "./free_ports.ts";
import { isFile } from "./is_file.ts";
import { STORE_PASSWORD, writeKeyStores } from "./key_stores.ts";
import { answersStomp } from "./probe.ts";
import {
  ACCOUNT,
  type BrokerKind,
  type BrokerNode,
  brokerNode,
  type RunningBroker,
  runningBroker,
  type StartOptions,
  urlOf,
} from "./running_broker.ts";
import { processes, startService } from "./service.ts";
import { tempFolder } from "./temp_folder.ts";

const VERSION = "2.44.0";
const ARTIFACT = `org.apache.activemq:apache-artemis:${VERSION}:tar.gz:bin`;
const FOLDER = downloadFolder(`artemis-${VERSION}`);
const HOME = `${FOLDER}/apache-artemis-${VERSION}`;
const BOOT = `${HOME}/lib/artemis-boot.jar`;

/** ActiveMQ Artemis, as Maven Central has it. */
export const artemis: BrokerKind = {
  name: "artemis",
  installHint:
    "deno task brokers --install artemis (needs Maven, Java 17 and openssl)",
  isInstalled: () => isFile(BOOT),
  install: () =>
    download(FOLDER, async (folder) => {
      await runQuietly([
        "mvn",
        "--batch-mode",
        "--quiet",
        "dependency:get",
        "-Dtransitive=false",
        `-Dartifact=${ARTIFACT}`,
      ]);
      await runQuietly([
        "mvn",
        "--batch-mode",
        "--quiet",
        "dependency:copy",
        `-Dartifact=${ARTIFACT}`,
        `-DoutputDirectory=${folder}`,
      ]);
      const archive = `${folder}/apache-artemis-${VERSION}-bin.tar.gz`;
      await runQuietly(["tar", "-xzf", archive, "-C", folder]);
      await Deno.remove(archive);
    }),
  start: startArtemis,
};

interface Ports {
  readonly stomp: number;
  readonly stompTls: number;
  readonly core: number;
}

/** One of two brokers that share their journal: the one that holds its lock serves. */
interface Pair {
  readonly role: "primary" | "backup";
  /** Where the other one's core protocol listens. */
  readonly other: number;
}

/** Starts Artemis with one node. */
export async function startArtemis(
  { signal }: StartOptions = {},
): Promise<RunningBroker> {
  await using resources = new AsyncDisposableStack();
  const folder = await tempFolder("artemis", resources);
  const own = processes(resources);
  const ports = freePorts("stomp", "stompTls", "core");
  const client = await writeKeyStores(folder);
  const node = await startNode(`${folder}/node`, folder, ports, own, signal);
  return runningBroker("artemis", urlOf(ports.stomp), resources.move(), {
    nodes: [node],
    tls: {
      url: urlOf(ports.stompTls).replace("stomp:", "stomps:"),
      ...client,
    },
    webSocket: urlOf(ports.stomp).replace("stomp:", "ws:"),
  });
}

/** Starts a broker and the one that takes over its journal when it dies. The URL is a failover URI of both. */
export async function startArtemisPair(
  { signal }: StartOptions = {},
): Promise<RunningBroker> {
  await using resources = new AsyncDisposableStack();
  const folder = await tempFolder("artemis", resources);
  const own = processes(resources);
  await writeKeyStores(folder);
  const all = [0, 1].map(() => freePorts("stomp", "stompTls", "core"));
  const nodes: BrokerNode[] = [];
  for (const [i, ports] of all.entries()) {
    nodes.push(
      await startNode(`${folder}/node-${i}`, folder, ports, own, signal, {
        role: i === 0 ? "primary" : "backup",
        other: all[1 - i]!.core,
      }),
    );
  }
  const url = `failover:(${all.map(({ stomp }) => urlOf(stomp)).join(",")})`;
  return runningBroker("artemis", url, resources.move(), { nodes });
}

async function startNode(
  instance: string,
  shared: string,
  ports: Ports,
  own: AsyncDisposableStack,
  signal: AbortSignal | undefined,
  pair?: Pair,
): Promise<BrokerNode> {
  const etc = `${instance}/etc`;
  await Deno.mkdir(etc, { recursive: true });
  await Deno.mkdir(`${instance}/tmp`);
  const files = {
    "broker.xml": configuration(shared, ports, pair),
    "bootstrap.xml": `<broker xmlns="http://activemq.apache.org/schema">
  <jaas-security domain="stompest"/>
  <server configuration="file:${etc}/broker.xml"/>
</broker>
`,
    "management.xml":
      `<management-context xmlns="http://activemq.apache.org/schema"/>`,
    "login.config": `stompest {
  org.apache.activemq.artemis.spi.core.security.jaas.PropertiesLoginModule required
    org.apache.activemq.jaas.properties.user="users.properties"
    org.apache.activemq.jaas.properties.role="roles.properties";
};
`,
    "users.properties": `${ACCOUNT.login} = ${ACCOUNT.passcode}\n`,
    "roles.properties": `all = ${ACCOUNT.login}\n`,
    "log4j2.properties": LOGGING,
  };
  for (const [name, text] of Object.entries(files)) {
    await Deno.writeTextFile(`${etc}/${name}`, text);
  }
  let isBackup = pair?.role === "backup";
  const start = () => {
    // Whoever comes back waits for the other one to go, unless the journal is free.
    const isReady = isBackup ? "backup" : "either";
    return startService("java", {
      name: `Artemis ${instance}`,
      args: [
        "-XX:-UsePerfData",
        "-XX:TieredStopAtLevel=1",
        "-Xmx512m",
        `-Djava.io.tmpdir=${instance}/tmp`,
        `-Djava.security.auth.login.config=${etc}/login.config`,
        `-Dartemis.home=${HOME}`,
        `-Dartemis.instance=${instance}`,
        `-Dartemis.instance.etc.uri=file:${etc}/`,
        `-Dlog4j2.configurationFile=${etc}/log4j2.properties`,
        "-classpath",
        BOOT,
        "org.apache.activemq.artemis.boot.Artemis",
        "run",
        `xml:${etc}/bootstrap.xml`,
      ],
      cwd: instance,
      resources: own,
      signal,
      isReady: isReady === "backup"
        ? () => Promise.resolve(true)
        : (attempt) => answersStomp({ port: ports.stomp, ...ACCOUNT }, attempt),
    });
  };
  const node = await brokerNode(start);
  isBackup = pair !== undefined;
  return node;
}

/** The names of destinations are told apart as with other brokers; everything else is as Artemis has it by itself. */
function configuration(
  folder: string,
  { stomp, stompTls, core }: Ports,
  pair: Pair | undefined,
): string {
  const prefixes = "anycastPrefix=/queue/;multicastPrefix=/topic/";
  const tls = [
    "sslEnabled=true",
    `keyStorePath=${folder}/broker.p12`,
    "keyStoreType=PKCS12",
    `keyStorePassword=${STORE_PASSWORD}`,
    "needClientAuth=true",
    `trustStorePath=${folder}/trusted.p12`,
    "trustStoreType=PKCS12",
    `trustStorePassword=${STORE_PASSWORD}`,
  ].join(";");
  const permissions = [
    "createNonDurableQueue",
    "deleteNonDurableQueue",
    "createDurableQueue",
    "deleteDurableQueue",
    "createAddress",
    "deleteAddress",
    "consume",
    "browse",
    "send",
    "manage",
  ].map((type) => `<permission type="${type}" roles="all"/>`).join("\n");
  return `<configuration xmlns="urn:activemq">
  <core xmlns="urn:activemq:core">
    <name>stompest</name>
    <persistence-enabled>true</persistence-enabled>
    <journal-type>NIO</journal-type>
    <journal-datasync>${pair !== undefined}</journal-datasync>
    <paging-directory>${folder}/data/paging</paging-directory>
    <bindings-directory>${folder}/data/bindings</bindings-directory>
    <journal-directory>${folder}/data/journal</journal-directory>
    <large-messages-directory>${folder}/data/large</large-messages-directory>
    <max-disk-usage>100</max-disk-usage>
    <critical-analyzer>false</critical-analyzer>
${pair === undefined ? "" : sharedStore(core, pair)}
    <acceptors>
      <acceptor name="stomp">tcp://127.0.0.1:${stomp}?protocols=STOMP;${prefixes}</acceptor>
      <acceptor name="stomps">tcp://127.0.0.1:${stompTls}?protocols=STOMP;${prefixes};${tls}</acceptor>
      <acceptor name="core">tcp://127.0.0.1:${core}?protocols=CORE</acceptor>
    </acceptors>
    <security-settings>
      <security-setting match="#">
${permissions}
      </security-setting>
    </security-settings>
    <address-settings>
      <address-setting match="#">
        <dead-letter-address>DLQ</dead-letter-address>
        <expiry-address>ExpiryQueue</expiry-address>
        <redelivery-delay>0</redelivery-delay>
        <auto-create-queues>true</auto-create-queues>
        <auto-create-addresses>true</auto-create-addresses>
        <auto-delete-queues>false</auto-delete-queues>
      </address-setting>
    </address-settings>
    <addresses>
      <address name="DLQ"><anycast><queue name="DLQ"/></anycast></address>
      <address name="ExpiryQueue"><anycast><queue name="ExpiryQueue"/></anycast></address>
    </addresses>
  </core>
</configuration>
`;
}

function sharedStore(core: number, { role, other }: Pair): string {
  const policy = role === "primary"
    ? "<primary><failover-on-shutdown>true</failover-on-shutdown></primary>"
    : "<backup><failover-on-shutdown>true</failover-on-shutdown><allow-failback>false</allow-failback></backup>";
  return `    <cluster-user>cluster</cluster-user>
    <cluster-password>cluster</cluster-password>
    <connectors>
      <connector name="self">tcp://127.0.0.1:${core}</connector>
      <connector name="other">tcp://127.0.0.1:${other}</connector>
    </connectors>
    <cluster-connections>
      <cluster-connection name="pair">
        <connector-ref>self</connector-ref>
        <static-connectors><connector-ref>other</connector-ref></static-connectors>
      </cluster-connection>
    </cluster-connections>
    <ha-policy><shared-store>${policy}</shared-store></ha-policy>
`;
}

const LOGGING = `appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d %-5level %msg%n%throwable{5}
rootLogger.level = info
rootLogger.appenderRef.console.ref = console
`;
