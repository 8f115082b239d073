import { connect } from "../mod.ts";
import { activeMQHome, activeMQJar } from "./activemq.ts";
import type { Workbench } from "./workbench.ts";
import { tempFolder } from "./temp_folder.ts";

/** A place that has both kinds of clients. */
export interface JmsAccess {
  /** Where STOMP clients connect. */
  readonly url: string;
  /** Where consumers written in Java do, such as `tcp://127.0.0.1:61616`. */
  readonly jms: string;
}

const QUEUE = "texts";
const LOGGING = `log4j.rootLogger=INFO, console
log4j.appender.console=org.apache.log4j.ConsoleAppender
log4j.appender.console.layout=org.apache.log4j.PatternLayout
log4j.appender.console.layout.ConversionPattern=%m%n
`;

/**
 * Whether a consumer by another protocol gets our strings as text and our octets as octets: ActiveMQ's own consumer
 * shows texts, and the ids of other messages.
 */
export async function javaReadsOurTexts(
  bench: Workbench,
  { url, jms }: JmsAccess,
): Promise<boolean> {
  await using resources = new AsyncDisposableStack();
  const folder = await tempFolder("jms", resources);
  await Deno.writeTextFile(`${folder}/log4j.properties`, LOGGING);
  await using client = await connect(url);
  const octets = new TextEncoder().encode("octets");
  for (const body of ["a text: grüße", octets]) {
    await client.send(`/queue/${QUEUE}`, body, { receipt: true });
  }
  const { username, password } = new URL(url);
  const { output } = await bench.run([
    "java",
    `-Dlog4j.configuration=file:${folder}/log4j.properties`,
    `-Dactivemq.home=${activeMQHome}`,
    `-Dactivemq.base=${folder}`,
    "-jar",
    activeMQJar,
    "consumer",
    ...["--brokerUrl", jms, "--user", username, "--password", password],
    ...["--destination", `queue://${QUEUE}`, "--messageCount", "2"],
  ]);
  const received = output.split("\n").filter((line) => /Received/.test(line));
  return received.length === 2 && received[0]!.endsWith("a text: grüße") &&
    !received[1]!.includes("octets");
}
