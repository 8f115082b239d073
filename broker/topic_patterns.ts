import { Refusal } from "./refusal.ts";

/** The parts of a topic's name that stand for others, in the words of a dialect. */
export interface Wildcards {
  /** Stands for one part. */
  readonly one: string;
  /** Stands for any number of parts. */
  readonly any: string;
  /** Whether that is the last part of a name. */
  readonly isAnyLast: boolean;
  /** What stands for others elsewhere, and would never match here: refused. */
  readonly foreign: readonly string[];
}

/** More parts than anybody names bound what one message can make us look at. */
const MOST_PARTS = 128;

/**
 * The parts of a topic's name.
 *
 * @throws {Refusal} if they are too many.
 */
export function partsOf(name: string): string[] {
  const parts = name.split(".");
  if (parts.length <= MOST_PARTS) return parts;
  throw new Refusal(
    `The name of a topic may have ${MOST_PARTS} parts, not ${parts.length}.`,
    { isFatal: true },
  );
}

interface Node<T> {
  readonly children: Map<string, Node<T>>;
  readonly values: Set<T>;
  /** Whether it was reached by the wildcard for any number of parts. */
  readonly isAny: boolean;
}

/**
 * What subscribes to patterns of topics. Finding what a name matches costs what
 * its parts and the patterns that they touch cost, however many others there are.
 */
export class TopicPatterns<T> {
  readonly #wildcards: Wildcards;
  readonly #root = newNode<T>(false);
  #size = 0;

  /** Begins empty. */
  constructor(wildcards: Wildcards) {
    this.#wildcards = wildcards;
  }

  /** How many values there are. */
  get size(): number {
    return this.#size;
  }

  /** Adds what subscribes to a pattern. */
  add(pattern: readonly string[], value: T): void {
    let node = this.#root;
    for (const part of pattern) {
      let child = node.children.get(part);
      if (child === undefined) {
        child = newNode(part === this.#wildcards.any);
        node.children.set(part, child);
      }
      node = child;
    }
    node.values.add(value);
    this.#size++;
  }

  /** Removes it, and what nothing else needs. */
  delete(pattern: readonly string[], value: T): void {
    const path = [this.#root];
    for (const part of pattern) {
      const node = path.at(-1)!.children.get(part);
      if (node === undefined) return;
      path.push(node);
    }
    if (!path.at(-1)!.values.delete(value)) return;
    this.#size--;
    for (let at = pattern.length; at > 0; at--) {
      const node = path[at]!;
      if (node.values.size + node.children.size > 0) return;
      path[at - 1]!.children.delete(pattern[at - 1]!);
    }
  }

  /** What subscribes to patterns that a name matches. */
  *matching(name: readonly string[]): Iterable<T> {
    const { one, any } = this.#wildcards;
    let nodes = new Set<Node<T>>();
    const reach = (node: Node<T> | undefined, into: Set<Node<T>>) => {
      for (; node !== undefined; node = node.children.get(any)) into.add(node);
    };
    reach(this.#root, nodes);
    for (const part of name) {
      const next = new Set<Node<T>>();
      for (const node of nodes) {
        reach(node.children.get(part), next);
        if (part !== one) reach(node.children.get(one), next);
        if (node.isAny) next.add(node);
      }
      nodes = next;
    }
    for (const { values } of nodes) yield* values;
  }
}

function newNode<T>(isAny: boolean): Node<T> {
  return { children: new Map(), values: new Set(), isAny };
}
