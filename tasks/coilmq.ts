import { download, downloadFolder, runQuietly } from "./downloads.ts";
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

const VERSION = "1.1.0";
const FOLDER = downloadFolder(`coilmq-${VERSION}`);

/** A small broker written in Python, from PyPI. */
export const coilMQ: BrokerKind = {
  name: "coilmq",
  installHint: "deno task brokers --install coilmq (needs Python 3 and pip)",
  isInstalled: () => isFile(`${FOLDER}/coilmq/start.py`),
  install: () =>
    download(FOLDER, (folder) =>
      runQuietly([
        "python3",
        ...["-m", "pip", "install", "--quiet"],
        ...["--target", folder, `coilmq==${VERSION}`],
      ])),
  start: startCoilMQ,
};

async function startCoilMQ(
  { signal }: StartOptions = {},
): Promise<RunningBroker> {
  await using resources = new AsyncDisposableStack();
  const folder = await tempFolder("coilmq", resources);
  const own = processes(resources);
  const { stomp } = freePorts("stomp");
  const { login, passcode } = ACCOUNT;
  const accounts = `${folder}/accounts.ini`;
  await Deno.writeTextFile(accounts, `[auth]\n${login} = ${passcode}\n`);
  await Deno.writeTextFile(
    `${folder}/coilmq.ini`,
    `[coilmq]
listen_addr = 127.0.0.1
listen_port = ${stomp}
auth.factory = coilmq.auth.simple.make_simple
auth.simple.file = ${accounts}
`,
  );
  const node = await brokerNode(() =>
    startService("python3", {
      name: "coilmq",
      args: [
        "-c",
        "from coilmq.start import main; main()",
        ...["--config", `${folder}/coilmq.ini`],
      ],
      env: { PYTHONPATH: FOLDER, PYTHONDONTWRITEBYTECODE: "1" },
      cwd: folder,
      resources: own,
      signal,
      isReady: (attempt) =>
        answersStomp({ port: stomp, version: "1.1", ...ACCOUNT }, attempt),
    })
  );
  return runningBroker("coilmq", urlOf(stomp), resources.move(), {
    nodes: [node],
  });
}
