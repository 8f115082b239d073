/**
 * Picks one free port of 127.0.0.1 for each name.
 *
 * They are all held before any is given back, so that no two are the same. Another program may still take one before
 * its owner binds it; that owner then fails to start and says so.
 */
export function freePorts<const Name extends string>(
  ...names: readonly Name[]
): Record<Name, number> {
  const listeners = names.map(() =>
    Deno.listen({ hostname: "127.0.0.1", port: 0 })
  );
  const ports = listeners.map((listener, index) =>
    [names[index], listener.addr.port] as const
  );
  for (const listener of listeners) listener.close();
  return Object.fromEntries(ports) as Record<Name, number>;
}
