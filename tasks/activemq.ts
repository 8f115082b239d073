import { digestOf, download, downloadFolder, runQuietly } from "./downloads.ts";
import { freePorts } from "./free_ports.ts";
import { isFile } from "./is_file.ts";
import { STORE_PASSWORD, writeKeyStores } from "./key_stores.ts";
import { accepts, answersStomp } from "./probe.ts";
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

/** Where Debian's package is. */
export const activeMQHome = "/usr/share/activemq";
/** What is run of it: the broker, or one of its tools. */
export const activeMQJar = `${activeMQHome}/bin/activemq.jar`;

/** What tells one ActiveMQ from another one. */
interface Release {
  readonly name: BrokerName;
  /** How Java is told what to run. */
  readonly program: readonly string[];
  readonly home: string | undefined;
  /** Whether all that it needs for WebSockets is there. */
  readonly hasWebSocket: boolean;
}

const DEBIANS: Release = {
  name: "activemq",
  program: ["-jar", activeMQJar],
  home: activeMQHome,
  hasWebSocket: false,
};

const VERSION_6 = "6.1.8";
const MODULES_6 = new URL("activemq-6/pom.xml", import.meta.url).pathname;
const FOLDER_6 = downloadFolder(
  `activemq-${VERSION_6}-${digestOf(MODULES_6)}`,
);

const SIX: Release = {
  name: "activemq-6",
  program: ["-classpath", `${FOLDER_6}/*`, "org.apache.activemq.console.Main"],
  home: undefined,
  // By WebSocket 1,000 messages in a row do not all come through: not tried until it is known why.
  hasWebSocket: false,
};

/** ActiveMQ Classic as Debian packages it. */
export const activeMQ: BrokerKind = {
  name: "activemq",
  installHint: "apt-get install -y --no-install-recommends activemq",
  isInstalled: () => isFile(activeMQJar),
  start: (options) => startActiveMQ(DEBIANS, options),
};

/** ActiveMQ Classic 6, from Maven Central. */
export const activeMQ6: BrokerKind = {
  name: "activemq-6",
  installHint:
    "deno task brokers --install activemq-6 (needs Maven, Java 17 and openssl)",
  isInstalled: () => isFile(`${FOLDER_6}/activemq-console-${VERSION_6}.jar`),
  install: () =>
    download(FOLDER_6, (folder) =>
      runQuietly([
        "mvn",
        "--batch-mode",
        "--quiet",
        ...["--file", MODULES_6],
        "dependency:copy-dependencies",
        "-DincludeScope=runtime",
        `-DoutputDirectory=${folder}`,
      ])),
  start: (options) => startActiveMQ(SIX, options),
};

/** The ports of one node. */
interface Ports {
  readonly stomp: number;
  readonly stompTls: number;
  readonly webSocket: number;
  readonly jms: number;
}

function portsOfNode(): Ports {
  return freePorts("stomp", "stompTls", "webSocket", "jms");
}

/** What a node is to be. */
interface NodePlan {
  readonly folder: string;
  readonly ports: Ports;
  readonly isPersistent: boolean;
  /** One of these ports answers when the node is as ready as it gets. */
  readonly serving: readonly number[];
}

/** Starts ActiveMQ, with its messages in memory unless they are to survive a crash. */
async function startActiveMQ(
  release: Release,
  { signal, isPersistent = false }: StartOptions = {},
): Promise<RunningBroker> {
  await using resources = new AsyncDisposableStack();
  const folder = await tempFolder(release.name, resources);
  const own = processes(resources);
  const ports = portsOfNode();
  const client = await writeKeyStores(folder);
  const plan = { folder, ports, isPersistent, serving: [ports.stomp] };
  const node = await startNode(release, plan, own, signal);
  return runningBroker(release.name, urlOf(ports.stomp), resources.move(), {
    nodes: [node],
    tls: {
      url: urlOf(ports.stompTls).replace("stomp:", "stomps:"),
      ...client,
    },
    ...release.hasWebSocket
      ? { webSocket: urlOf(ports.webSocket).replace("stomp:", "ws:") }
      : {},
    jms: `tcp://127.0.0.1:${ports.jms}`,
  });
}

/** Starts two brokers that share a journal: the one that holds its lock serves. The URL is a failover URI of both. */
export async function startActiveMQ6Pair(
  { signal }: StartOptions = {},
): Promise<RunningBroker> {
  await using resources = new AsyncDisposableStack();
  const folder = await tempFolder("activemq-6", resources);
  const own = processes(resources);
  await writeKeyStores(folder);
  const all = [portsOfNode(), portsOfNode()];
  const serving = all.map(({ stomp }) => stomp);
  const nodes: BrokerNode[] = [];
  for (const ports of all) {
    const plan = { folder, ports, isPersistent: true, serving };
    nodes.push(await startNode(SIX, plan, own, signal));
  }
  const url = `failover:(${serving.map(urlOf).join(",")})`;
  return runningBroker("activemq-6", url, resources.move(), { nodes });
}

async function startNode(
  { name, program, home, hasWebSocket }: Release,
  plan: NodePlan,
  own: AsyncDisposableStack,
  signal: AbortSignal | undefined,
): Promise<BrokerNode> {
  const { folder, ports, serving } = plan;
  const base = `${folder}/${ports.stomp}`;
  await Deno.mkdir(`${base}/tmp`, { recursive: true });
  await Deno.writeTextFile(
    `${base}/activemq.xml`,
    configuration(plan, hasWebSocket),
  );
  await Deno.writeTextFile(`${base}/log4j2.properties`, LOGGING);
  return await brokerNode(() =>
    startService("java", {
      name,
      args: [
        // Otherwise Java leaves a folder in /tmp.
        "-XX:-UsePerfData",
        "-XX:TieredStopAtLevel=1",
        "-Xmx512m",
        `-Djava.io.tmpdir=${base}/tmp`,
        `-Dlog4j2.configurationFile=${base}/log4j2.properties`,
        `-Dactivemq.home=${home ?? base}`,
        `-Dactivemq.base=${base}`,
        `-Dactivemq.conf=${base}`,
        `-Dactivemq.data=${base}/data`,
        ...program,
        "start",
        `xbean:file:${base}/activemq.xml`,
      ],
      cwd: base,
      resources: own,
      signal,
      isReady: async (attempt) => {
        const answers = serving.map((port) =>
          answersStomp({ port, ...ACCOUNT }, attempt)
        );
        // It may serve before it has failed to open another port.
        return (await Promise.all(answers)).includes(true) &&
          (serving.length > 1 || await accepts(ports.jms));
      },
    })
  );
}

/**
 * The authentication plugin is what makes it refuse a wrong passcode; everything is allowed to whoever logged in. Without
 * the policy it would forget in a crash what it has delivered, and not mark what it delivers again.
 */
function configuration(
  { folder, ports, isPersistent }: NodePlan,
  hasWebSocket: boolean,
): string {
  const { login, passcode } = ACCOUNT;
  return `<beans xmlns="http://www.springframework.org/schema/beans"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
    xsi:schemaLocation="http://www.springframework.org/schema/beans
      http://www.springframework.org/schema/beans/spring-beans.xsd
      http://activemq.apache.org/schema/core http://activemq.apache.org/schema/core/activemq-core.xsd">
  <broker xmlns="http://activemq.apache.org/schema/core" brokerName="stompest" persistent="${isPersistent}" useJmx="false" schedulerSupport="false">
    <plugins>
      <simpleAuthenticationPlugin anonymousAccessAllowed="false">
        <users>
          <authenticationUser username="${login}" password="${passcode}" groups="admins,users,guests"/>
        </users>
      </simpleAuthenticationPlugin>
    </plugins>
    <destinationPolicy>
      <policyMap>
        <policyEntries>
          <policyEntry queue="&gt;" persistJMSRedelivered="${isPersistent}"/>
        </policyEntries>
      </policyMap>
    </destinationPolicy>
${isPersistent ? journal(folder) : ""}
    <sslContext>
      <sslContext keyStore="file:${folder}/broker.p12" keyStoreType="PKCS12" keyStorePassword="${STORE_PASSWORD}"
        trustStore="file:${folder}/trusted.p12" trustStoreType="PKCS12" trustStorePassword="${STORE_PASSWORD}"/>
    </sslContext>
    <transportConnectors>
      <transportConnector name="stomp" uri="stomp://127.0.0.1:${ports.stomp}"/>
      <transportConnector name="stomps" uri="stomp+nio+ssl://127.0.0.1:${ports.stompTls}?needClientAuth=true"/>
      ${
    hasWebSocket
      ? `<transportConnector name="ws" uri="ws://127.0.0.1:${ports.webSocket}"/>`
      : ""
  }
      <transportConnector name="openwire" uri="tcp://127.0.0.1:${ports.jms}"/>
    </transportConnectors>
  </broker>
</beans>
`;
}

/** A second broker looks often whether it can have the lock. */
function journal(folder: string): string {
  return `    <persistenceAdapter>
      <kahaDB directory="${folder}/journal" lockKeepAlivePeriod="500">
        <locker><shared-file-locker lockAcquireSleepInterval="200"/></locker>
      </kahaDB>
    </persistenceAdapter>`;
}

const LOGGING = `appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d %-5level %msg%n%throwable{5}
rootLogger.level = info
rootLogger.appenderRef.console.ref = console
`;
