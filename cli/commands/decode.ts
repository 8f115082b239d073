import {
  type Frame,
  FrameDecoder,
  FrameError,
  isVersion,
} from "../../codec/mod.ts";
import { UsageError } from "../../mod.ts";
import { type Command, EXIT } from "../command.ts";
import { unreadable } from "../connection_options.ts";
import { counted } from "../progress.ts";
import { wordsOf } from "../words.ts";

/** Shows a captured stream. */
export const decode: Command = {
  name: "decode",
  usage: "[FILE]",
  summary: "show a captured stream as frames, and what is wrong at which octet",
  connects: false,
  options: {
    version: {
      value: "VERSION",
      help: "1.0, 1.1 or 1.2; what CONNECTED says by default",
    },
    lenient: { help: "mend what can be mended, as the clients do" },
  },
  examples: ["stompest decode capture.bin", "nc -l 61613 | stompest decode"],
  async run(context) {
    const { args, isJson, output, terminal } = context;
    const [path] = wordsOf(context, 0, 1, "decode [FILE]");
    const version = args.text("version");
    if (version !== undefined && !isVersion(version)) {
      throw new UsageError(
        `--version takes 1.0, 1.1 or 1.2, not ${JSON.stringify(version)}.`,
      );
    }
    const octets = path === undefined || path === "-"
      ? terminal.input()
      : await terminal.openFile(path).catch((cause) => {
        throw unreadable(path, "decode", cause);
      });
    const options = { version, lenient: args.isSet("lenient") };
    const decoder = new FrameDecoder(options);
    // It follows one piece behind, to find the octet in the piece that is wrong.
    const follower = new FrameDecoder(options);
    let frames = 0;
    let at = 0;
    for await (const piece of octets) {
      try {
        decoder.push(piece);
        for (const frame of decoder) {
          frames++;
          await output.line(
            isJson ? JSON.stringify(recordOf(frame)) : show(frame),
          );
        }
      } catch (error) {
        if (!(error instanceof FrameError)) throw error;
        context.note(
          `${counted(frames, "frame")}, then octet ${
            at + offsetOf(follower, piece)
          }:`,
        );
        throw error;
      }
      follower.push(piece);
      for (const _ of follower);
      at += piece.length;
    }
    try {
      decoder.end();
    } catch (error) {
      context.note(`${counted(frames, "frame")}, then the end at octet ${at}:`);
      throw error;
    }
    for (const frame of decoder) await output.line(show(frame));
    context.note(`${counted(frames, "frame")}, ${counted(at, "octet")}.`);
    return EXIT.done;
  },
};

/** Which octet of a piece is the first that proves that it is wrong. */
function offsetOf(decoder: FrameDecoder, piece: Uint8Array): number {
  for (let i = 0; i < piece.length; i++) {
    decoder.push(piece.subarray(i, i + 1));
    try {
      for (const _ of decoder);
    } catch {
      return i;
    }
  }
  return piece.length;
}

function recordOf(frame: Frame): object {
  const headers = frame.headerList.map((
    [name, value],
  ) => [name, name === "passcode" ? "…" : value]);
  return {
    command: frame.command,
    headers,
    octets: frame.body.length,
    flaws: frame.flaws,
  };
}

function show(frame: Frame): string {
  const lines = [
    frame.command,
    ...frame.headerList.map(([name, value]) =>
      `  ${name}: ${name === "passcode" ? "…" : JSON.stringify(value)}`
    ),
    ...frame.flaws.map((flaw) => `  (mended: ${flaw})`),
  ];
  if (frame.body.length > 0) {
    lines.push(`  ${counted(frame.body.length, "octet")} of body`);
  }
  return lines.join("\n");
}
