// @stomp/rx-stomp at the embedded broker, on Node: a ws:// URL.
// By names that only Node looks up.
const load = (name) => import(name);
const { RxStomp, RxStompState } = await load("@stomp/rx-stomp");
const { RxStompRPC } = await load("@stomp/rx-stomp");
const { firstValueFrom, take, timeout, toArray, filter } = await load("rxjs");
const { WebSocket } = await load("ws");
Object.assign(globalThis, { WebSocket });

const [brokerURL] = process.argv.slice(2);

function made(options = {}) {
  const client = new RxStomp();
  client.configure({
    brokerURL,
    connectHeaders: { login: "guest", passcode: "guest", host: "/" },
    reconnectDelay: 100,
    ...options,
  });
  client.activate();
  return client;
}

const soon = (observable) => firstValueFrom(observable.pipe(timeout(5000)));

function assert(isWell, what) {
  if (!isWell) throw new Error(what);
}

const CONVERSATIONS = {
  "what is published before there is a connection goes out with it":
    async () => {
      const client = made();
      const destination = "/queue/rx-early";
      client.publish({ destination, body: "early" });
      const { body } = await soon(client.watch(destination));
      assert(body === "early", body);
      return client;
    },
  "messages in order, each acknowledged": async () => {
    const client = made();
    const destination = "/queue/rx-order";
    const bodies = Array.from({ length: 100 }, (_, i) => String(i));
    for (const body of bodies) client.publish({ destination, body });
    const came = await soon(
      client.watch(destination, { ack: "client-individual" })
        .pipe(take(100), toArray()),
    );
    for (const message of came) message.ack();
    const got = came.map(({ body }) => body).join();
    assert(got === bodies.join(), got);
    return client;
  },
  "a receipt is watched for": async () => {
    const client = made();
    await soon(client.connected$);
    const confirmed = new Promise((resolve) =>
      client.watchForReceipt("rx-receipt", resolve)
    );
    client.publish({
      destination: "/queue/rx-receipt",
      headers: { receipt: "rx-receipt" },
      body: "x",
    });
    await confirmed;
    return client;
  },
  "a request is answered": async () => {
    const [service, client] = [made(), made()];
    const destination = "/topic/rx-rpc";
    await soon(service.connected$);
    service.watch(destination, { receipt: "rpc" }).subscribe((question) => {
      service.publish({
        destination: question.headers["reply-to"],
        body: String(2 * Number(question.body)),
        headers: { "correlation-id": question.headers["correlation-id"] },
      });
    });
    await new Promise((resolve) => setTimeout(resolve, 200));
    const rpc = new RxStompRPC(client);
    for (const [question, answer] of [["21", "42"], ["4", "8"]]) {
      const { body } = await soon(rpc.rpc({ destination, body: question }));
      assert(body === answer, body);
    }
    await service.deactivate();
    return client;
  },
  "it comes again after a connection that was lost": async () => {
    const client = made();
    await soon(client.connected$);
    const destination = "/topic/rx-again";
    const came = [];
    client.watch(destination).subscribe(({ body }) => came.push(body));
    client.stompClient.forceDisconnect();
    await soon(
      client.connectionState$.pipe(filter((s) => s === RxStompState.CLOSED)),
    );
    await soon(
      client.connectionState$.pipe(filter((s) => s === RxStompState.OPEN)),
    );
    client.publish({ destination, body: "again" });
    for (let i = 0; i < 300 && came.length === 0; i++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert(came.join() === "again", came.join());
    return client;
  },
};

for (const [name, talk] of Object.entries(CONVERSATIONS)) {
  try {
    await (await talk()).deactivate();
  } catch (error) {
    console.log(`not ok ${name}: ${error.message}`);
    process.exit(1);
  }
  console.log(`ok ${name}`);
}
console.log("ok done");
process.exit(0);
