/** A new folder that goes, with all that was put into it, when `resources` do. */
export async function tempFolder(
  name: string,
  resources: AsyncDisposableStack,
): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: `stompest-${name}-` });
  resources.defer(() => Deno.remove(folder, { recursive: true }));
  return folder;
}
