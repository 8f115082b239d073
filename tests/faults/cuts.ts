import process from "node:process";

/**
 * How many times a trial cuts connections; `STOMPEST_CUTS` says otherwise.
 */
export const CUTS = Number(process.env["STOMPEST_CUTS"] ?? 200);
