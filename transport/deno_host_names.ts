/**
 * This machine's own host name and addresses, as far as this program may ask for
 * them: nobody is bothered for a permission.
 */
export async function denoHostNames(): Promise<readonly string[]> {
  const names: string[] = [];
  if (await isGranted("hostname")) names.push(Deno.hostname());
  if (await isGranted("networkInterfaces")) {
    names.push(...Deno.networkInterfaces().map(({ address }) => address));
  }
  return names;
}

async function isGranted(
  kind: "hostname" | "networkInterfaces",
): Promise<boolean> {
  const { state } = await Deno.permissions.query({ name: "sys", kind });
  return state === "granted";
}
