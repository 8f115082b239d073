// webstomp-client at the embedded broker, on Node: a ws:// URL.
// By names that only Node looks up.
const load = (name) => import(name);
const { default: webstomp } = await load("webstomp-client");
const { WebSocket } = await load("ws");

const [url] = process.argv.slice(2);
for (const binary of [false, true]) {
  const socket = new WebSocket(url, ["v12.stomp", "v11.stomp", "v10.stomp"]);
  // It wants to be handed text, or arrays of octets.
  const client = webstomp.over(socket, {
    debug: false,
    binary,
    heartbeat: { incoming: 500, outgoing: 500 },
  });
  await new Promise((resolve, reject) =>
    client.connect(
      { login: "guest", passcode: "guest", host: "/" },
      resolve,
      reject,
    )
  );
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
    client: (message, isLast) => isLast && message.ack(),
    "client-individual": (message) => message.ack(),
  };
  const kind = binary ? "binary" : "text";
  for (const [mode, settle] of Object.entries(settles)) {
    const destination = `/queue/webstomp-${kind}-${mode}`;
    for (const body of ["1", "2", "3"]) client.send(destination, body);
    const messages = await take(destination, mode, 3, settle);
    const bodies = messages.map(({ body }) => body).join();
    if (bodies !== "1,2,3") throw new Error(`${mode}: ${bodies}`);
    console.log(`ok ${kind} ack mode ${mode}`);
  }
  const destination = `/queue/webstomp-${kind}`;
  const receipt = new Promise((resolve) => client.onreceipt = resolve);
  client.send(destination, "grüße", { receipt: "r-1" });
  if ((await receipt).headers["receipt-id"] !== "r-1") throw new Error("r-1");
  console.log(`ok ${kind} receipt`);
  const committed = client.begin();
  client.send(destination, "committed", { transaction: committed.id });
  committed.commit();
  const aborted = client.begin();
  client.send(destination, "aborted", { transaction: aborted.id });
  aborted.abort();
  client.send(destination, "last");
  const messages = await take(destination, "auto", 3, settles.auto);
  const bodies = messages.map(({ body }) => body).join();
  if (bodies !== "grüße,committed,last") throw new Error(bodies);
  console.log(`ok ${kind} transactions`);
  await new Promise((resolve) => setTimeout(resolve, 2000));
  if (!client.connected) throw new Error("disconnected");
  console.log(`ok ${kind} heart-beats`);
  await new Promise((resolve) => client.disconnect(resolve));
}
console.log("ok done");
process.exit(0);
