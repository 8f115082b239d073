/** The one TypeScript that builds the npm package, and lowers what Node 22 does not know yet. */
export { default as typescript } from "npm:typescript@5.9.3";
