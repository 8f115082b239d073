import { isVersion, type Version, VERSIONS } from "../codec/mod.ts";
import { ProtocolError, quoted, UsageError } from "../errors.ts";

/**
 * Puts the versions that a caller offers into the order of `accept-version`.
 *
 * @throws {UsageError} if there is none, or one that does not exist.
 */
export function offeredVersions(
  versions: readonly string[] = VERSIONS,
): readonly Version[] {
  if (!Array.isArray(versions) || versions.length === 0) {
    throw new UsageError(
      `The option "versions" must list at least one of ${VERSIONS.join(", ")}.`,
    );
  }
  for (const version of versions) {
    if (!isVersion(version)) {
      throw new UsageError(
        `${quoted(version)} is not a version of STOMP: offer some of ${
          VERSIONS.join(", ")
        }.`,
      );
    }
  }
  return VERSIONS.filter((version) => versions.includes(version));
}

/**
 * The version that a CONNECTED frame settles on; no header means 1.0.
 *
 * @throws {ProtocolError} if it was not offered.
 */
export function settledVersion(
  header: string | undefined,
  offered: readonly Version[],
): Version {
  const version = header ?? "1.0";
  if (isVersion(version) && offered.includes(version)) return version;
  throw new ProtocolError(
    `The broker chose STOMP ${quoted(version)}${
      header === undefined ? " (its CONNECTED names no version)" : ""
    }, but ${offered.join(", ")} was offered: offer a version it speaks.`,
  );
}

/**
 * What a server answers to `accept-version`: the highest version both speak,
 * or `undefined` if there is none. No header means 1.0.
 */
export function highestCommonVersion(
  acceptVersion: string | undefined,
): Version | undefined {
  const accepted = (acceptVersion ?? "1.0").split(",");
  return VERSIONS.findLast((version) => accepted.includes(version));
}

/** What these versions are called among WebSocket's subprotocols, the best first. */
export function subprotocols(versions: readonly Version[]): string[] {
  return versions.map((version) => `v${version.replace(".", "")}.stomp`)
    .toReversed();
}
