import type { MapEntry } from "./program.ts";

const compiled = new WeakMap<readonly MapEntry[], readonly RegExp[]>();

/** A key as a regular expression; one that is no expression matches nothing. */
const regexOf = (key: string): RegExp => {
  try {
    return new RegExp(key, "s");
  } catch {
    return /(?!)/;
  }
};

/**
 * The first entry of a `map_reg` map whose key matches.
 *
 * Lines are tried in the order of the file; nothing is normalised before.
 */
export function lookup(entries: readonly MapEntry[], text: string): MapEntry | undefined {
  let regexes = compiled.get(entries);
  if (regexes === undefined) {
    regexes = entries.map((entry) => regexOf(entry.key));
    compiled.set(entries, regexes);
  }
  const index = regexes.findIndex((regex) => regex.test(text));
  return index < 0 ? undefined : entries[index];
}
