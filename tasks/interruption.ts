/**
 * A signal that is aborted when the user, or whoever started us, asks us to end. Without it we would end at once and
 * leave behind what we started.
 */
export function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    Deno.addSignalListener(
      name,
      () => controller.abort(new Error(`Interrupted by ${name}`)),
    );
  }
  return controller.signal;
}
