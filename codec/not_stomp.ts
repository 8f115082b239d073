import { commandsOf, type Version } from "./grammar.ts";

const LF = 0x0a;
const CR = 0x0d;

/** What other protocols open with, as far as it can be told from a command. */
const STRANGERS: readonly (readonly [prefix: string, protocol: string])[] = [
  ["\x15", "TLS"],
  ["\x16", "TLS"],
  ["AM", "AMQP"],
  ["SS", "SSH"],
  ["H", "HTTP"],
  ["G", "HTTP"],
  ["P", "HTTP"],
];

/**
 * The sentence for a command line that no STOMP frame begins with. It depends
 * on nothing but the octets up to the first one that proves it, so that it is
 * the same however the octets arrive.
 */
export function describeNotStomp(
  octets: Uint8Array,
  version: Version | undefined,
): string {
  const text = Array.from(octets, (octet) => String.fromCharCode(octet))
    .join("");
  const stranger = STRANGERS.find(([prefix]) => text.startsWith(prefix));
  const last = octets.at(-1)!;
  const printable = last >= 0x20 && last < 0x7f || last === LF || last === CR;
  const reason = stranger !== undefined
    ? `the peer seems to speak ${stranger[1]}, so check the port and the scheme`
    : printable
    ? `it has ${commandsOf(version).map((rule) => rule.command).join(", ")}`
    : "the peer seems to speak a binary protocol, so check the port, or a " +
      "frame before this one ended early";
  return `Cannot decode frame: ${show(text)} begins no command of STOMP ${
    version ?? "1.0 to 1.2"
  }; ${reason}.`;
}

/** Shows one octet in a message: as a character where it is one. */
export function showOctet(octet: number): string {
  return octet > 0x20 && octet < 0x7f
    ? `"${String.fromCharCode(octet)}"`
    : `0x${octet.toString(16).padStart(2, "0")}`;
}

function show(text: string): string {
  return JSON.stringify(text).replace(
    /[\x7f-\xff]/g,
    (octet) => `\\u00${octet.charCodeAt(0).toString(16)}`,
  );
}
