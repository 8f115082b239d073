// Connects, subscribes, sends, and shows what comes and what happens meanwhile.

import { connect } from "@stompest/core/async";

/** Older lines make room. */
const MOST_LINES = 200;

/** @type {import("@stompest/core/async").Client | undefined} */
let client;
let received = 0;
let confirmed = 0;

const element = (id) => document.getElementById(id);
const field = (form, name) => element(form).elements[name].value;

element("connection").addEventListener("submit", (event) => {
  event.preventDefault();
  start();
});

element("close").addEventListener("click", () => client?.close());

element("message").addEventListener("submit", (event) => {
  event.preventDefault();
  send(field("message", "text"));
});

element("many").addEventListener("click", () => {
  for (let i = 1; i <= 1000; i++) send(`${field("message", "text")} (${i})`);
});

async function start() {
  show("connecting");
  problem("");
  try {
    client = await connect(field("connection", "url"), {
      login: field("connection", "login"),
      passcode: field("connection", "passcode"),
      // RabbitMQ 3.10 hangs up on WebSockets that promise heart-beats and send
      // faster than it stores. Its own heart-beats are enough for us.
      heartBeat: [0, 10_000],
    });
  } catch (error) {
    show("failed");
    return problem(error.message);
  }
  show("connected");
  tell(`connected to ${client.server ?? "a broker"}, STOMP ${client.version}`);
  watch(client);
  read(client.subscribe(field("connection", "destination")));
  client.closed.then(({ cause }) => {
    show(cause === undefined ? "offline" : "failed");
    if (cause !== undefined) problem(cause.message);
  });
}

/** The loop waits while the broker is away, and goes on when it is back. */
async function read(subscription) {
  try {
    for await (const message of subscription) {
      element("received").textContent = String(++received);
      line("messages", message.text());
    }
  } catch (error) {
    problem(error.message);
  }
}

async function send(text) {
  try {
    await client.send(field("connection", "destination"), text, {
      receipt: true,
    });
    element("confirmed").textContent = String(++confirmed);
  } catch (error) {
    problem(error.message);
  }
}

async function watch(client) {
  for await (const event of client.status()) {
    if (event.type === "connected") show("connected");
    if (event.type === "disconnected") show("connecting");
    tell(
      [
        event.type,
        "delay" in event ? `in ${event.delay} ms` : "",
        "cause" in event && event.cause ? event.cause.message : "",
      ].filter((part) => part !== "").join(": "),
    );
  }
}

function show(state) {
  element("state").textContent = state;
  element("state").dataset.state = state;
  const isUp = state === "connected";
  const isThere = isUp || state === "connecting";
  element("connect").disabled = isThere;
  element("close").disabled = !isThere;
  element("send").disabled = element("many").disabled = !isUp;
}

function problem(text) {
  element("problem").textContent = text;
  element("problem").hidden = text === "";
}

function tell(text) {
  line("events", text);
}

function line(list, text) {
  const time = document.createElement("time");
  time.textContent = new Date().toLocaleTimeString();
  const item = document.createElement("li");
  item.append(time, text);
  element(list).prepend(item);
  element(list).children[MOST_LINES]?.remove();
}
