import type { Interception } from "../../../testing/mod.ts";
import type { PlainFrame } from "../../support/frames.ts";
import { raw, RawPeer } from "../../support/raw_peer.ts";
import { message } from "../../support/scripted_broker.ts";

/** The broker's side of connections, one after the other, as a script wants it. */
export class ScriptedPeer {
  /** The commands and destinations that have come. */
  readonly heard: string[] = [];
  readonly #interception: Interception;
  #peer: RawPeer | undefined;
  #last: PlainFrame | undefined;

  constructor(interception: Interception) {
    this.#interception = interception;
  }

  /** Takes the next connection and lets it in. */
  async accept(headers: Record<string, string> = {}): Promise<void> {
    await this.acceptOnly();
    await this.expect("CONNECT");
    await this.say(raw("CONNECTED", { version: "1.2", ...headers }));
  }

  /** Takes the next connection and says nothing. */
  async acceptOnly(): Promise<void> {
    const { link } = await this.#interception.accept();
    this.#peer = new RawPeer(link);
  }

  /** Waits for a frame, which must be this one. */
  async expect(command: string): Promise<PlainFrame> {
    const frame = await this.#peer!.next();
    if (frame?.command !== command) {
      throw new Error(
        `expected ${command}, got ${frame?.command ?? "the end"}`,
      );
    }
    const destination = this.header(frame, "destination");
    this.heard.push([command, destination].filter(Boolean).join(" "));
    this.#last = frame;
    return frame;
  }

  /** Says octets, a character each. */
  say(text: string): Promise<void> {
    return this.#peer!.write(text);
  }

  /** The receipt that the last frame asked for. */
  get lastReceipt(): string | undefined {
    return this.header(this.#last!, "receipt");
  }

  /** Answers it. */
  confirm(): Promise<void> {
    return this.say(raw("RECEIPT", { "receipt-id": this.lastReceipt }));
  }

  /** Waits for a frame and answers its receipt. */
  async expectAndConfirm(command: string): Promise<void> {
    await this.expect(command);
    await this.confirm();
  }

  /** Waits until the client ends the connection. */
  async expectEnd(): Promise<void> {
    const frame = await this.#peer!.next();
    if (frame !== undefined) throw new Error(`got ${frame.command} at the end`);
    this.heard.push("the end");
    await this.hangUp();
  }

  /** Notes some headers of the last frame. */
  hear(...headers: readonly string[]): void {
    const values = headers.map((name) => this.header(this.#last!, name));
    this.heard.push(values.join(" "));
  }

  /** Notes how many EOLs stood before the last frame. */
  async hearEols(): Promise<void> {
    const text = await this.#peer!.octets();
    const eols = /\n*(?=SEND)/.exec(text)![0];
    this.heard.push(String(eols.length));
  }

  /** Reads no more. */
  pause(): void {
    this.#peer!.pause();
  }

  /** Reads on. */
  resume(): void {
    this.#peer!.resume();
  }

  /** Says messages without end, until the client is gone. */
  async flood(subscription: string): Promise<void> {
    const block = message(subscription, 1).repeat(200);
    const flooding = (async () => {
      for (;;) await this.say(block);
    })();
    // It ends with the connection, in one way or the other.
    await flooding.catch(() => {});
    this.heard.push("the end");
  }

  /** Sends back what comes, on the next connection. */
  async echo(): Promise<void> {
    const { link } = await this.#interception.accept();
    for (let octets; (octets = await link.read()) !== undefined;) {
      await link.write(octets);
    }
    link.close();
  }

  /** Drops the connection. */
  async hangUp(): Promise<void> {
    await this.#peer!.close();
  }

  /** The value of a frame's header. */
  header(frame: PlainFrame, name: string): string | undefined {
    return frame.headers.find(([key]) => key === name)?.[1];
  }
}
