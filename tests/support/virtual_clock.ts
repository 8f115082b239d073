export { settled, VirtualClock } from "../../testing/mod.ts";
