/**
 * Tries `examples/browser/` in Chromium: messages both ways, a broker that is killed, a reload, a wrong passcode.
 *
 * @module
 */

import { chromium, type Page } from "npm:playwright-core@1.65.1";
import { connect } from "../mod.ts";
import { serve } from "../broker/mod.ts";
import { freePorts } from "./free_ports.ts";
import { isFile } from "./is_file.ts";
import { buildForNpm } from "./npm.ts";
import { rabbitMQ } from "./rabbitmq.ts";
import { ACCOUNT } from "./running_broker.ts";
import { NOTHING, oneIf, type Tally, total } from "./tally.ts";
import { tempFolder } from "./temp_folder.ts";
import type { Workbench } from "./workbench.ts";

const CHROMIUM = "/usr/bin/chromium";

/** No GPU, nothing of its own on the network, and it is run by root here. */
const SWITCHES = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const MESSAGES = 1000;

/** A broker that the page talks to, and that can be killed. */
interface Victim {
  readonly name: string;
  /** Where the page connects to, without login and passcode. */
  readonly webSocket: string;
  /** Where we do, with both. */
  readonly url: string;
  kill(): Promise<void>;
  start(): Promise<void>;
}

/** The gate's step. */
export async function browserPage(bench: Workbench): Promise<Tally> {
  if (!isFile(CHROMIUM)) {
    bench.say("Chromium is not installed: apt-get install -y chromium");
    const isRequired = Deno.env.get("STOMPEST_REQUIRE_BROKERS") === "1";
    return isRequired ? oneIf(false) : NOTHING;
  }
  await buildForNpm();
  await using resources = new AsyncDisposableStack();
  const folder = await tempFolder("chromium", resources);
  const context = await chromium.launchPersistentContext(folder, {
    executablePath: CHROMIUM,
    args: SWITCHES,
  });
  resources.defer(() => context.close());
  const pages = servePages();
  resources.defer(() => pages.shutdown());
  const address = `http://127.0.0.1:${pages.addr.port}/examples/browser/`;
  const tried = async (victim: Victim): Promise<Tally> => {
    bench.signal.throwIfAborted();
    const page = await context.newPage();
    try {
      await tryPage(page, address, victim);
      bench.say(`the page and ${victim.name}: ok`);
      return oneIf(true);
    } catch (error) {
      bench.say(`the page and ${victim.name}: ${error}`);
      return oneIf(false);
    } finally {
      await page.close();
    }
  };
  return total([
    await withEmbedded(tried),
    rabbitMQ.isInstalled() ? await withRabbitMQ(bench, tried) : NOTHING,
  ]);
}

async function withEmbedded(
  work: (victim: Victim) => Promise<Tally>,
): Promise<Tally> {
  const { stomp, web } = freePorts("stomp", "web");
  const start = () =>
    serve({
      port: stomp,
      webSocketPort: web,
      credentials: { [ACCOUNT.login]: ACCOUNT.passcode },
    });
  let broker = await start();
  try {
    return await work({
      name: "the embedded broker",
      webSocket: broker.webSocketUrl!,
      url: `stomp://${ACCOUNT.login}:${ACCOUNT.passcode}@127.0.0.1:${stomp}`,
      kill: () => broker.close(),
      start: async () => {
        broker = await start();
      },
    });
  } finally {
    await broker.close();
  }
}

async function withRabbitMQ(
  bench: Workbench,
  work: (victim: Victim) => Promise<Tally>,
): Promise<Tally> {
  await using broker = await rabbitMQ.start({ signal: bench.signal });
  const [node] = broker.nodes;
  return await work({
    name: "RabbitMQ",
    webSocket: broker.webSocket!.replace(/\/\/.*@/, "//"),
    url: broker.url,
    kill: () => node!.kill(),
    start: () => node!.start(),
  });
}

/** Everything that a user of the page would do. */
async function tryPage(
  page: Page,
  address: string,
  victim: Victim,
): Promise<void> {
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(error.message));
  await page.goto(address);
  const destination = `/queue/page-${Date.now()}`;
  await page.fill("[name=url]", victim.webSocket);
  await page.fill("[name=destination]", destination);

  await page.fill("[name=passcode]", "wrong");
  await page.click("#connect");
  await page.waitForSelector("#state[data-state=failed]");
  await expectText(page, "#problem", /refused/);

  await page.fill("[name=passcode]", ACCOUNT.passcode);
  await page.click("#connect");
  await isConnected(page);

  // What the page sends comes back to it, through the broker.
  await page.click("#many");
  await expectText(page, "#confirmed", String(MESSAGES));
  await expectText(page, "#received", String(MESSAGES));
  await send(victim.url, destination, MESSAGES);
  await expectText(page, "#received", String(2 * MESSAGES));

  await keepsTimeWhileHidden(page);

  await victim.kill();
  await page.waitForSelector("#state[data-state=connecting]");
  await victim.start();
  await isConnected(page);
  await send(victim.url, destination, 1);
  await expectText(page, "#received", String(2 * MESSAGES + 1));
  if (screenshots !== undefined) {
    await page.screenshot({ path: `${screenshots}/${victim.name}.png` });
  }

  await page.reload();
  await page.fill("[name=url]", victim.webSocket);
  await page.fill("[name=destination]", destination);
  await page.click("#connect");
  await isConnected(page);
  await page.click("#send");
  await expectText(page, "#received", "1");
  await page.click("#close");
  await page.waitForSelector("#state[data-state=offline]");
  if (problems.length > 0) throw new Error(problems.join("; "));
}

/** A hidden page has a worker that keeps its time, and no longer than that. */
async function keepsTimeWhileHidden(page: Page): Promise<void> {
  const hide = (isHidden: boolean) =>
    page.evaluate(`
      Object.defineProperty(document, "hidden", {
        value: ${isHidden},
        configurable: true,
      });
      document.dispatchEvent(new Event("visibilitychange"));
    `);
  const started = page.waitForEvent("worker");
  await hide(true);
  const worker = await started;
  const ended = worker.waitForEvent("close");
  await hide(false);
  await ended;
}

async function isConnected(page: Page): Promise<void> {
  await page.waitForSelector("#state[data-state=connected]");
}

async function expectText(
  page: Page,
  selector: string,
  text: string | RegExp,
): Promise<void> {
  await page.locator(selector, {
    hasText: typeof text === "string" ? new RegExp(`^${text}$`) : text,
  }).waitFor();
}

async function send(
  url: string,
  destination: string,
  count: number,
): Promise<void> {
  await using client = await connect(url);
  await Promise.all(
    Array.from(
      { length: count },
      (_, i) => client.send(destination, `${i}`, { receipt: true }),
    ),
  );
}

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html;charset=utf-8",
  css: "text/css",
  js: "text/javascript",
  map: "application/json",
};

/** Serves what the page needs of the project's folder. */
function servePages(): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      const { pathname } = new URL(request.url);
      const path = pathname.endsWith("/") ? `${pathname}index.html` : pathname;
      const type = TYPES[path.slice(path.lastIndexOf(".") + 1)];
      const isOurs = /^\/(examples\/browser|npm)\//.test(path);
      try {
        if (!isOurs || type === undefined) throw new Deno.errors.NotFound();
        const body = await Deno.readFile(`.${path}`);
        return new Response(body, { headers: { "content-type": type } });
      } catch {
        return new Response("There is nothing.\n", { status: 404 });
      }
    },
  );
}

/** Where pictures of the page go, for somebody who wants to look at it. */
const screenshots = Deno.env.get("STOMPEST_SCREENSHOTS");
