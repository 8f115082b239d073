/**
 * What becomes of a message that was delivered: the client is done with it; it
 * is to be delivered again; it is to be given up.
 */
export type Outcome = "accepted" | "released" | "rejected";
