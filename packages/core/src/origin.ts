/**
 * Where a rule, an object or a value comes from.
 *
 * Compilers fill `object` and, where they can, `path`; `file` and `document` name the source the object was read from.
 * Line and column are found late, by the loader's `locate`, since reading YAML with positions is slow.
 *
 * @example
 * const origin: Origin = { object: "VirtualService demo/shop", path: "spec.http[0].route[0]", file: "shop.yaml", document: 1 };
 */
export interface Origin {
  /** `Kind namespace/name` or `Kind name`; for what no object made, the system's own name of it (`br-ex`, `default`). */
  readonly object: string;
  /** Field path inside the object: `spec.http[0].match[1].uri`. */
  readonly path?: string;
  readonly file?: string;
  /** Index of the YAML document in the file, from 0. */
  readonly document?: number;
  /** Index in a `kind: List`'s items, from 0. */
  readonly item?: number;
  /** From 1. */
  readonly line?: number;
  /** From 1. */
  readonly column?: number;
}

/** Prints an origin as `file:line:column`, as far as it is known. */
export function printOrigin(origin: Origin): string {
  if (origin.file === undefined) return origin.object;
  return [origin.file, origin.line, origin.column].filter((part) => part !== undefined).join(":");
}
