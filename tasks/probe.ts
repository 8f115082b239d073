/** Where a broker listens on 127.0.0.1, and who may log in there. */
export interface StompAddress {
  readonly port: number;
  readonly login: string;
  readonly passcode: string;
  /** What it is asked for. @default {"1.2"} */
  readonly version?: string;
}

/** Tells whether somebody accepts connections on a port of 127.0.0.1. */
export async function accepts(port: number): Promise<boolean> {
  try {
    using _connection = await Deno.connect({ hostname: "127.0.0.1", port });
    return true;
  } catch {
    return false;
  }
}

/**
 * Tells whether a broker answers CONNECT with CONNECTED.
 *
 * An open port proves too little: brokers accept connections before they can log anyone in. The bytes are written by
 * hand, so that starting a broker does not depend on the library that is tested against it.
 */
export async function answersStomp(
  { port, login, passcode, version = "1.2" }: StompAddress,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port });
    using hangingUp = new DisposableStack();
    const hangUp = () => connection[Symbol.dispose]();
    signal.addEventListener("abort", hangUp);
    hangingUp.defer(() => signal.removeEventListener("abort", hangUp));

    await connection.write(
      encode(
        `CONNECT\naccept-version:${version}\nhost:/\nlogin:${login}\npasscode:${passcode}\n\n\0`,
      ),
    );
    const answer = new Uint8Array(1024);
    const length = await connection.read(answer) ?? 0;
    await connection.write(encode("DISCONNECT\n\n\0"));
    return new TextDecoder().decode(answer.subarray(0, length)).startsWith(
      "CONNECTED\n",
    );
  } catch {
    return false;
  }
}

function encode(frame: string): Uint8Array {
  return new TextEncoder().encode(frame);
}
