/** The part of `node:os` that we use; Node's types are not a dependency. */
interface NodeOs {
  hostname(): string;
  networkInterfaces(): Record<
    string,
    readonly { readonly address: string }[] | undefined
  >;
}

/** This machine's own host name and addresses, as the operating system has them. */
export function nodeHostNames(): readonly string[] {
  const { process } = globalThis as unknown as {
    process: { getBuiltinModule(name: string): NodeOs };
  };
  const os = process.getBuiltinModule("node:os");
  const addresses = Object.values(os.networkInterfaces())
    .flatMap((ofOne) => ofOne ?? [])
    .map(({ address }) => address);
  return [os.hostname(), ...addresses];
}
