// stompit at the embedded broker, on Node: HOST PORT.
// By a name that only Node looks up.
const load = (name) => import(name);
const { default: stompit } = await load("stompit");

const [host, port] = process.argv.slice(2);
const client = await new Promise((resolve, reject) =>
  stompit.connect({
    host,
    port: Number(port),
    connectHeaders: {
      host: "/",
      login: "guest",
      passcode: "guest",
      "heart-beat": "500,500",
    },
  }, (error, client) => error ? reject(error) : resolve(client))
);

const send = (destination, body, headers = {}) =>
  new Promise((resolve, reject) => {
    const frame = client.send({ destination, ...headers }, {
      onReceipt: resolve,
      onError: reject,
    });
    frame.end(body);
  });

/** Takes so many messages; `settle` says how each is acknowledged. */
const take = (destination, ack, count, settle) =>
  new Promise((resolve, reject) => {
    const bodies = [];
    const subscription = client.subscribe(
      { destination, ack },
      (error, message) => {
        if (error) return reject(error);
        const chunks = [];
        message.on("data", (chunk) => chunks.push(chunk));
        message.on("end", () => {
          bodies.push(Buffer.concat(chunks));
          settle(message, bodies.length === count);
          if (bodies.length < count) return;
          subscription.unsubscribe();
          resolve(bodies);
        });
      },
    );
  });

const SETTLES = {
  auto: () => {},
  client: (message, isLast) => isLast && client.ack(message),
  "client-individual": (message) => client.ack(message),
};
for (const [mode, settle] of Object.entries(SETTLES)) {
  const queue = `/queue/stompit-${mode}`;
  for (const text of ["1", "2", "3"]) await send(queue, text);
  const bodies = await take(queue, mode, 3, settle);
  if (bodies.join() !== "1,2,3") throw new Error(`${mode}: ${bodies}`);
  console.log(`ok receipts and ack mode ${mode}`);
}

const queue = "/queue/stompit";
const committed = client.begin();
committed.send({ destination: queue }).end("committed");
committed.commit();
const aborted = client.begin();
aborted.send({ destination: queue }).end("aborted");
aborted.abort();
const octets = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
await send(queue, octets, { "content-length": 256 });
const bodies = await take(queue, "auto", 2, SETTLES.auto);
if (bodies[0].toString() !== "committed" || !bodies[1].equals(octets)) {
  throw new Error(`${bodies}`);
}
console.log("ok transactions and octets");

await new Promise((resolve) => setTimeout(resolve, 2000));
await send(queue, "alive");
console.log("ok heart-beats");
await new Promise((resolve, reject) =>
  client.disconnect((error) => error ? reject(error) : resolve())
);
console.log("ok done");
