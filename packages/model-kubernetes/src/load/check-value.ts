import type { PathStep } from "./field-path.ts";

/** Why a parsed value is not taken in. */
export interface ValueTrouble {
  readonly code: "input/unsafe-key" | "input/alias-bomb" | "input/too-deep";
  readonly path: readonly PathStep[];
  readonly problem: string;
}

const DEEPEST = 500;
const UNSAFE = new Set(["__proto__", "constructor", "prototype"]);
/** Aliases may repeat what is written up to this many times over. */
const REPEAT = 100;
const ALLOWANCE = 10_000;

class Fault extends Error {
  readonly trouble: ValueTrouble;
  constructor(trouble: ValueTrouble) {
    super(trouble.problem);
    this.trouble = trouble;
  }
}

/**
 * Looks for what must not come from a file: keys that reach into JavaScript's own objects, aliases that unfold into more than memory holds or into themselves.
 *
 * Parsers share what an alias names, so a bomb is small until somebody walks it; its unfolded size is counted here without unfolding.
 */
export function checkValue(value: unknown): ValueTrouble | undefined {
  const sizes = new Map<object, number>();
  const open = new Set<object>();
  const path: PathStep[] = [];
  let written = 0;
  const size = (node: unknown): number => {
    if (typeof node !== "object" || node === null) {
      written++;
      return 1;
    }
    const known = sizes.get(node);
    if (known !== undefined) return known;
    if (open.has(node)) throw new Fault({ code: "input/alias-bomb", path: [...path], problem: "an alias contains itself" });
    if (path.length > DEEPEST) throw new Fault({ code: "input/too-deep", path: path.slice(0, 20), problem: `the value is nested deeper than ${DEEPEST} levels` });
    open.add(node);
    written++;
    let sum = 1;
    if (Array.isArray(node)) {
      for (const [index, entry] of node.entries()) {
        path.push(index);
        sum += size(entry);
        path.pop();
      }
    } else {
      for (const key of Object.keys(node)) {
        path.push(key);
        if (UNSAFE.has(key)) throw new Fault({ code: "input/unsafe-key", path: [...path], problem: `the key "${key}" is refused` });
        sum += size((node as Readonly<Record<string, unknown>>)[key]);
        path.pop();
      }
    }
    open.delete(node);
    sizes.set(node, sum);
    return sum;
  };
  try {
    const unfolded = size(value);
    const limit = ALLOWANCE + REPEAT * written;
    if (unfolded <= limit) return undefined;
    return { code: "input/alias-bomb", path: heaviest(value, sizes, limit), problem: "the aliases unfold into too many values" };
  } catch (error) {
    if (error instanceof Fault) return error.trouble;
    throw error;
  }
}

/** The path to the innermost value that is still too large by itself. */
function heaviest(value: unknown, sizes: ReadonlyMap<object, number>, limit: number): readonly PathStep[] {
  const path: PathStep[] = [];
  let node = value;
  for (;;) {
    if (typeof node !== "object" || node === null) return path;
    const entries: readonly (readonly [PathStep, unknown])[] = Array.isArray(node) ? [...node.entries()] : Object.entries(node);
    const next = entries.find(([, entry]) => typeof entry === "object" && entry !== null && (sizes.get(entry) ?? 0) > limit);
    if (next === undefined) return path;
    path.push(next[0]);
    node = next[1];
  }
}
