import type { BrokerNode } from "./running_broker.ts";

const COMMANDS: Readonly<
  Record<string, (node: BrokerNode) => Promise<void> | void>
> = {
  kill: (node) => node.kill(),
  start: (node) => node.start(),
  freeze: (node) => node.freeze(true),
  thaw: (node) => node.freeze(false),
};

/** By which the tests of another process make a broker suffer. */
export interface Control extends AsyncDisposable {
  /** The port of 127.0.0.1 where it listens. */
  readonly port: number;
}

/**
 * Takes orders from the tests, one a connection: `kill 0`, `start 0`, `freeze 0` or `thaw 0`, where 0 is a node's number,
 * and a line feed. It answers `ok` once that is done, or what went wrong, and closes.
 */
export function listenForOrders(nodes: readonly BrokerNode[]): Control {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    for await (const connection of listener) void serve(connection, nodes);
  })();
  return {
    port: listener.addr.port,
    [Symbol.asyncDispose]: async () => {
      listener.close();
      await serving;
    },
  };
}

async function serve(
  connection: Deno.Conn,
  nodes: readonly BrokerNode[],
): Promise<void> {
  try {
    const octets = new Uint8Array(100);
    const length = await connection.read(octets) ?? 0;
    const order = new TextDecoder().decode(octets.subarray(0, length)).trim();
    const [command = "", number] = order.split(" ");
    const node = nodes[Number(number)];
    let answer = "ok";
    try {
      if (node === undefined) throw new Error(`no node ${number}`);
      await COMMANDS[command]!(node);
    } catch (error) {
      answer = `${order}: ${error}`;
    }
    await connection.write(new TextEncoder().encode(`${answer}\n`));
  } finally {
    connection.close();
  }
}
