import { freePorts } from "./free_ports.ts";
import { isFile } from "./is_file.ts";
import { answersStomp } from "./probe.ts";
import {
  ACCOUNT,
  type BrokerKind,
  brokerNode,
  type RunningBroker,
  runningBroker,
  type StartOptions,
  urlOf,
} from "./running_broker.ts";
import { processes, startService } from "./service.ts";
import { tempFolder } from "./temp_folder.ts";

/** Where the package is. */
export const activeMQHome = "/usr/share/activemq";
/** What is run of it: the broker, or one of its tools. */
export const activeMQJar = `${activeMQHome}/bin/activemq.jar`;

/** ActiveMQ Classic as Debian packages it. */
export const activeMQ: BrokerKind = {
  name: "activemq",
  installHint: "apt-get install -y --no-install-recommends activemq",
  isInstalled: () => isFile(activeMQJar),
  start: startActiveMQ,
};

/** Starts ActiveMQ, with its messages in memory unless they are to survive a crash. */
export async function startActiveMQ(
  { signal, isPersistent = false }: StartOptions = {},
): Promise<RunningBroker> {
  await using resources = new AsyncDisposableStack();
  const folder = await tempFolder("activemq", resources);
  const { stomp, jms } = freePorts("stomp", "jms");
  await Deno.writeTextFile(
    `${folder}/activemq.xml`,
    configuration({ stomp, jms }, isPersistent),
  );
  await Deno.writeTextFile(`${folder}/log4j2.properties`, LOGGING);
  await Deno.mkdir(`${folder}/tmp`);
  const own = processes(resources);
  const start = () =>
    startService("java", {
      name: "ActiveMQ",
      args: [
        // Otherwise Java leaves a folder in /tmp.
        "-XX:-UsePerfData",
        "-Xmx512m",
        `-Djava.io.tmpdir=${folder}/tmp`,
        `-Dlog4j2.configurationFile=${folder}/log4j2.properties`,
        `-Dactivemq.home=${activeMQHome}`,
        `-Dactivemq.base=${folder}`,
        `-Dactivemq.conf=${folder}`,
        `-Dactivemq.data=${folder}/data`,
        "-jar",
        activeMQJar,
        "start",
        `xbean:file:${folder}/activemq.xml`,
      ],
      cwd: folder,
      resources: own,
      signal,
      isReady: (attempt) => answersStomp({ port: stomp, ...ACCOUNT }, attempt),
    });
  const node = await brokerNode(start);
  return runningBroker("activemq", urlOf(stomp), resources.move(), {
    nodes: [node],
    jms: `tcp://127.0.0.1:${jms}`,
  });
}

/**
 * The authentication plugin is what makes it refuse a wrong passcode; everything is allowed to whoever logged in. Without
 * the policy it would forget in a crash what it has delivered, and not mark what it delivers again.
 */
function configuration(
  ports: { readonly stomp: number; readonly jms: number },
  isPersistent: boolean,
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
    <transportConnectors>
      <transportConnector name="stomp" uri="stomp://127.0.0.1:${ports.stomp}"/>
      <transportConnector name="openwire" uri="tcp://127.0.0.1:${ports.jms}"/>
    </transportConnectors>
  </broker>
</beans>
`;
}

const LOGGING = `appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d %-5level %msg%n%throwable{5}
rootLogger.level = info
rootLogger.appenderRef.console.ref = console
`;
