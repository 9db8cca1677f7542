/** What a field may hold. An `address` is an IP address, a `cidr` one with a prefix length; empty text stands for "not said". */
export type Shape = "list" | "mapping" | "text" | "number" | "boolean" | "port" | "address" | "cidr" | "mac" | "number or text";

/** Shapes by field path; `[]` is every entry of a list, `*` every value of a mapping. */
export type Shapes = Readonly<Record<string, Shape>>;

/** A list of mappings. */
export const list = (at: string): Shapes => ({ [at]: "list", [`${at}[]`]: "mapping" });
/** A list of texts. */
export const texts = (at: string): Shapes => ({ [at]: "list", [`${at}[]`]: "text" });
/** Paths of one shape. */
export const all = (shape: Shape, ...paths: readonly string[]): Shapes => Object.fromEntries(paths.map((path) => [path, shape]));
/** A mapping of texts. */
export const labels = (at: string): Shapes => ({ [at]: "mapping", [`${at}.*`]: "text" });
/** The same shapes below a path. */
export const below = (at: string, shapes: Shapes): Shapes => Object.fromEntries(Object.entries(shapes).map(([path, shape]) => [`${at}.${path}`, shape]));
