import { freePorts } from "./free_ports.ts";
import { isFile } from "./is_file.ts";
import { answersStomp } from "./probe.ts";
import {
  ACCOUNT,
  type BrokerKind,
  brokerNode,
  type RunningBroker,
  runningBroker,
  type StartOptions,
  urlOf,
} from "./running_broker.ts";
import { processes, startService } from "./service.ts";
import { tempFolder } from "./temp_folder.ts";

const LIBRARY = "/usr/lib/ruby/vendor_ruby/stomp_server.rb";
const LAUNCHER = new URL("stompserver.rb", import.meta.url).pathname;

/** A small broker of STOMP 1.0 written in Ruby, as Debian packages it. */
export const stompserver: BrokerKind = {
  name: "stompserver",
  installHint: "apt-get install -y --no-install-recommends stompserver",
  isInstalled: () => isFile(LIBRARY),
  start: startStompserver,
};

async function startStompserver(
  { signal }: StartOptions = {},
): Promise<RunningBroker> {
  await using resources = new AsyncDisposableStack();
  const folder = await tempFolder("stompserver", resources);
  const own = processes(resources);
  const { stomp } = freePorts("stomp");
  const { login, passcode } = ACCOUNT;
  await Deno.writeTextFile(
    `${folder}/stompserver.conf`,
    [
      "---",
      ...[":daemon: false", ":debug: false", ":queue: memory", ":auth: true"],
      ...[":host: 127.0.0.1", `:port: ${stomp}`, ":checkpoint: 0"],
      ...[`:working_dir: ${folder}`, ":storage: storage", ":logdir: log"],
      ...[":etcdir: etc", ":logfile: log", ":pidfile: pid", ""],
    ].join("\n"),
  );
  await Deno.mkdir(`${folder}/etc`);
  await Deno.writeTextFile(`${folder}/etc/.passwd`, `${login}:${passcode}\n`);
  const node = await brokerNode(() =>
    startService("/usr/bin/ruby", {
      name: "stompserver",
      args: [LAUNCHER, `--config=${folder}/stompserver.conf`],
      cwd: folder,
      resources: own,
      signal,
      isReady: (attempt) => answersStomp({ port: stomp, ...ACCOUNT }, attempt),
    })
  );
  return runningBroker("stompserver", urlOf(stomp), resources.move(), {
    nodes: [node],
  });
}
