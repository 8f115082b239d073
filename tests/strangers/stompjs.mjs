// @stomp/stompjs at the embedded broker, on Node: HOST PORT, or a ws:// URL.
// By names that only Node looks up.
const load = (name) => import(name);
const { Client, Versions } = await load("@stomp/stompjs");
const { TCPWrapper } = await load("@stomp/tcp-wrapper");
const { WebSocket } = await load("ws");

const [where, port] = process.argv.slice(2);
Object.assign(globalThis, { WebSocket });
const isWeb = port === undefined;
const versions = ["1.0", "1.1", "1.2"];
for (const version of versions) {
  const name = `stompjs-${isWeb ? "ws" : "tcp"}-${version}`;
  const client = new Client({
    ...isWeb
      ? { brokerURL: where }
      : { webSocketFactory: () => new TCPWrapper(where, Number(port)) },
    stompVersions: new Versions([version]),
    connectHeaders: { login: "guest", passcode: "guest", host: "/" },
    heartbeatIncoming: 500,
    heartbeatOutgoing: 500,
    reconnectDelay: 0,
  });
  await new Promise((resolve, reject) => {
    client.onConnect = resolve;
    client.onStompError = reject;
    client.onWebSocketError = reject;
    client.activate();
  });
  const receipts = new Map();
  let lastReceipt = 0;
  const confirmed = (options) =>
    new Promise((resolve) => {
      const receipt = `r-${++lastReceipt}`;
      client.watchForReceipt(receipt, () => resolve(receipts));
      client.publish({ ...options, headers: { ...options.headers, receipt } });
    });
  const take = (destination, ack, count, settle) =>
    new Promise((resolve) => {
      const messages = [];
      const subscription = client.subscribe(destination, (message) => {
        messages.push(message);
        settle(message, messages.length === count);
        if (messages.length < count) return;
        subscription.unsubscribe();
        resolve(messages);
      }, { ack });
    });
  const settles = {
    auto: () => {},
    client: (message, isLast) => (isLast || version === "1.0") && message.ack(),
    ...version === "1.0"
      ? {}
      : { "client-individual": (message) => message.ack() },
  };
  for (const [mode, settle] of Object.entries(settles)) {
    const destination = `/queue/${name}-${mode}`;
    for (const body of ["1", "2", "3"]) client.publish({ destination, body });
    const messages = await take(destination, mode, 3, settle);
    const bodies = messages.map(({ body }) => body).join();
    if (bodies !== "1,2,3") throw new Error(`${mode}: ${bodies}`);
    console.log(`ok ${version} ack mode ${mode}`);
  }
  const destination = `/queue/${name}`;
  await confirmed({ destination, body: "confirmed" });
  console.log(`ok ${version} receipt`);
  const committed = client.begin();
  const headers = { transaction: committed.id };
  client.publish({ destination, headers, body: "committed" });
  committed.commit();
  const aborted = client.begin();
  client.publish({
    destination,
    headers: { transaction: aborted.id },
    body: "aborted",
  });
  aborted.abort();
  const octets = Uint8Array.from({ length: 256 }, (_, i) => i);
  client.publish({ destination, binaryBody: octets });
  const messages = await take(destination, "auto", 3, settles.auto);
  const last = messages[2].binaryBody;
  const isWell = messages[0].body === "confirmed" &&
    messages[1].body === "committed" && last.length === 256 &&
    last.every((octet, i) => octet === i);
  if (!isWell) throw new Error(messages.map(String).join());
  console.log(`ok ${version} transactions and octets`);
  await new Promise((resolve) => setTimeout(resolve, 2000));
  await confirmed({ destination, body: "alive" });
  console.log(`ok ${version} heart-beats`);
  await client.deactivate();
}
console.log("ok done");
process.exit(0);
