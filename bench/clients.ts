import { connect } from "../async.ts";
import { type BenchClient, type Connect, DESTINATION } from "./client.ts";
import { stompit, type StompitClient } from "./peers/stompit.ts";
import {
  stompjs,
  type StompjsClient,
  type StompjsSocket,
  tcpWrapper,
} from "./peers/stompjs.ts";

const HOST = "127.0.0.1";

/** How many frames are handed to a client that queues them by itself. */
const BATCH = 256;

/** Above this many octets that the socket has not taken, we wait. */
const HIGH_WATER = 256 * 1024;

const SUBSCRIPTION = {
  id: "bench",
  ack: "client-individual",
} as const;

/** Ours. */
export const connectStompest: Connect = async (port): Promise<BenchClient> => {
  const client = await connect(`stomp://${HOST}:${port}`, {
    heartBeat: [0, 0],
  });
  return {
    async send(body, count) {
      while (count-- > 0) await client.send(DESTINATION, body);
    },
    confirm(body, confirmed) {
      void client.send(DESTINATION, body, { receipt: true }).then(confirmed);
    },
    async consume(headers, count) {
      const options = { ...SUBSCRIPTION, headers };
      for await (const message of client.subscribe(DESTINATION, options)) {
        if (--count > 0) continue;
        await message.ack();
        break;
      }
    },
    close: () => Promise.resolve(client.abort()),
  };
};

/** Callbacks and streams. */
export const connectStompit: Connect = async (port): Promise<BenchClient> => {
  const client = await new Promise<StompitClient>((resolve, reject) =>
    stompit.connect(
      { host: HOST, port, connectHeaders: { "heart-beat": "0,0" } },
      (error, client) => error === null ? resolve(client) : reject(error),
    )
  );
  client.on("error", () => {});
  const headers = { destination: DESTINATION };
  return {
    async send(body, count) {
      while (count > 0) {
        await new Promise<void>((written) => {
          for (let left = Math.min(BATCH, count); left > 0; left--, count--) {
            client.send({ ...headers })
              .end(body, left === 1 ? written : undefined);
          }
        });
      }
    },
    confirm(body, confirmed) {
      client.send({ ...headers }, { onReceipt: confirmed }).end(body);
    },
    consume(more, count) {
      return new Promise((resolve, reject) =>
        client.subscribe(
          { ...headers, ...SUBSCRIPTION, ...more },
          (error, message) => {
            if (error !== null) return reject(error);
            message.on("data", () => {});
            message.on("end", () => {
              client.ack(message);
              if (--count === 0) resolve();
            });
          },
        )
      );
    },
    close: () => Promise.resolve(client.destroy()),
  };
};

/** Callbacks, made for WebSockets. */
export const connectStompjs: Connect = async (port): Promise<BenchClient> => {
  let wrapper!: StompjsSocket;
  const client = await new Promise<StompjsClient>((resolve) => {
    const client = new stompjs.Client({
      webSocketFactory: () => wrapper = new tcpWrapper.TCPWrapper(HOST, port),
      onConnect: () => resolve(client),
      connectHeaders: {},
      heartbeatIncoming: 0,
      heartbeatOutgoing: 0,
      reconnectDelay: 0,
    });
    client.activate();
  });
  let receipts = 0;
  return {
    async send(body, count) {
      // It never waits; without this everything would pile up in memory.
      const { socket } = wrapper;
      while (count-- > 0) {
        client.publish({ destination: DESTINATION, body });
        if (socket.writableLength > HIGH_WATER) {
          await new Promise<void>((drained) =>
            socket.once("drain", () => drained())
          );
        }
      }
    },
    confirm(body, confirmed) {
      const receipt = `receipt-${++receipts}`;
      client.watchForReceipt(receipt, confirmed);
      client.publish({ destination: DESTINATION, body, headers: { receipt } });
    },
    consume(headers, count) {
      return new Promise((resolve) =>
        client.subscribe(DESTINATION, (message) => {
          message.ack();
          if (--count === 0) resolve();
        }, { ...SUBSCRIPTION, ...headers })
      );
    },
    close: () => client.deactivate({ force: true }),
  };
};
