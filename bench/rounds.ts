import type { Player } from "./player.ts";

/** How long to measure, in ms. */
export interface Effort {
  /** How long each player runs before anything counts. */
  readonly warmUp: number;
  /** How long each player runs in a round, about. */
  readonly round: number;
  readonly rounds: number;
}

/**
 * How many a second each player does: the median of some rounds. The players
 * take turns, so that what else the machine does hits all of them.
 */
export async function rates(
  players: readonly Player[],
  caseName: string,
  effort: Effort,
): Promise<Map<string, number>> {
  const trials = [];
  for (const player of players) {
    const count = await calibrate(player, caseName, effort);
    trials.push({ player, count, rates: [] as number[] });
  }
  for (let turn = 0; turn < effort.rounds; turn++) {
    for (const { player, count, rates } of trials) {
      const timing = await player.run({ caseName, count });
      rates.push(1000 * timing.count / timing.milliseconds);
    }
  }
  return new Map(
    trials.map(({ player, rates }) => [player.name, median(rates)]),
  );
}

/** Warms a player up, and finds out how many it does in a round. */
async function calibrate(
  player: Player,
  caseName: string,
  { warmUp, round }: Effort,
): Promise<number> {
  let spent = 0;
  for (let wanted = 1;;) {
    const { count, milliseconds } = await player.run({
      caseName,
      count: wanted,
    });
    spent += milliseconds;
    if (spent > warmUp && milliseconds > round / 4) {
      return Math.ceil(count * round / milliseconds);
    }
    if (milliseconds < round) wanted = 2 * count;
  }
}

/** The one in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}
