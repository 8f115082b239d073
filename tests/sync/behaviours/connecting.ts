import { BrokerError, connectSync, type Version } from "../../../sync.ts";
import {
  assert,
  assertEquals,
  assertFalse,
  assertStringIncludes,
  assertThrows,
} from "../../support/assert.ts";
import { type Behaviour, newQueue, take, withClient } from "./behaviour.ts";

const VERSIONS: readonly Version[] = ["1.0", "1.1", "1.2"];

/** How connections begin, live and end. */
export const CONNECTING: readonly Behaviour[] = [
  ...VERSIONS.map((version): Behaviour => ({
    name: `${version}: a message makes its way there and back`,
    run: (broker) =>
      withClient(broker, (client) => {
        assertEquals(client.version, version);
        const queue = newQueue();
        client.send(queue, "hello", { receipt: true });
        const id = client.subscribe(queue);
        const [message] = take(client, 1);
        assertEquals(message!.text(), "hello");
        assertEquals(message!.headers.get("destination"), queue);
        assert(client.ack(message!, { receipt: true }));
        assert(client.ack(message!), "once more changes nothing");
        client.unsubscribe(id);
      }, { versions: [version] }),
  })),
  {
    name: "a wrong passcode is refused, and shown nowhere",
    run: (broker) => {
      const error = assertThrows(
        () => connectSync(broker.url, { passcode: "sesame-sesame" }),
        BrokerError,
        "refused",
      );
      const shown = `${error.stack} ${JSON.stringify(error)}`;
      assertFalse(shown.includes("sesame-sesame"), shown);
    },
  },
  {
    name: "a wrong virtual host is refused by name",
    on: ["rabbitmq"],
    run: (broker) => {
      const error = assertThrows(
        () => connectSync(`${broker.url}/no-such-host`),
        BrokerError,
      );
      const said = new TextDecoder().decode(error.frame.body);
      assertStringIncludes(error.message + said, "no-such-host");
    },
  },
  {
    name: "any virtual host will do",
    on: ["embedded", "activemq"],
    run: (broker) => withClient(broker, () => {}, { host: "no-such-host" }),
  },
  {
    name: "a connection lives on by heart-beats while the program computes",
    on: ["rabbitmq", "activemq"],
    run: (broker) =>
      withClient(broker, (client) => {
        const [send, receive] = client.heartBeat;
        assert(send > 0 && receive > 0);
        const end = performance.now() + 3 * Math.max(send, receive);
        while (performance.now() < end);
        client.send(newQueue(), "still here", { receipt: true });
      }, { heartBeat: [1000, 1000] }),
  },
  {
    name: "several clients do not disturb each other",
    run: (broker) =>
      withClient(broker, (first) =>
        withClient(broker, (second) => {
          const queue = newQueue();
          first.subscribe(queue);
          second.send(queue, "from the second");
          assertEquals(take(first, 1)[0]!.text(), "from the second");
          assertFalse(second.canRead());
        })),
  },
  {
    name: "a failover URI leads to the broker that is there",
    run: (broker) => {
      const nobody = "stomp://127.0.0.1:1";
      const uri = `failover:(${nobody},${broker.url})?randomize=false`;
      using client = connectSync(uri);
      client.send(newQueue(), "x", { receipt: true });
    },
  },
];
