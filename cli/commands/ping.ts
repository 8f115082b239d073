import { type Command, EXIT } from "../command.ts";
import { duration } from "../progress.ts";
import { wordsOf } from "../words.ts";

/** Says whether the broker answers. */
export const ping: Command = {
  name: "ping",
  usage: "",
  summary: "say whether the broker answers, and how fast",
  connects: true,
  options: {},
  examples: ["stompest ping -u stomps://broker.example:61614 --timeout 3s"],
  async run(context) {
    wordsOf(context, 0, 0, "ping");
    const began = performance.now();
    const client = await context.connect();
    const connected = performance.now();
    const { server, version, heartBeat, session } = client;
    // DISCONNECT is what every broker confirms.
    const { graceful, cause } = await client.close();
    const roundTrip = performance.now() - connected;
    if (!graceful) {
      throw cause ??
        new Error("The broker has not confirmed the end of the session.");
    }
    const result = {
      server,
      version,
      heartBeat,
      session,
      connectMs: connected - began,
      roundTripMs: roundTrip,
    };
    await context.output.line(
      context.isJson ? JSON.stringify(result) : [
        `${
          server ?? "a broker that does not say what it is"
        }, STOMP ${version}`,
        `connected in ${duration(result.connectMs)}, round trip ${
          duration(roundTrip)
        }`,
        `heart-beats: ${
          heartBeat.map((ms) => ms === 0 ? "none" : duration(ms)).join(" out, ")
        } in`,
      ].join("\n"),
    );
    return EXIT.done;
  },
};
