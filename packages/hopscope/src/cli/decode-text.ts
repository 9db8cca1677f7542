/** A file's bytes as text, or why they are none. */
export interface Decoded {
  readonly text: string;
  readonly trouble?: { readonly problem: string; readonly line?: number; readonly column?: number };
}

/** Archives that people hand over instead of what is in them, by their first bytes. */
const PACKED: readonly (readonly [readonly number[], string])[] = [
  [[0x1f, 0x8b], "a gzip archive: unpack it first"],
  [[0x50, 0x4b, 0x03, 0x04], "a zip archive: unpack it first"],
  [[0x28, 0xb5, 0x2f, 0xfd], "a zstd archive: unpack it first"],
];

/**
 * Decodes UTF-8, and UTF-16 that says so by its mark, as PowerShell writes it. Bytes that are no text are located.
 *
 * @example
 * decodeText(new TextEncoder().encode("kind: Pod")).text // "kind: Pod"
 */
export function decodeText(bytes: Uint8Array): Decoded {
  const packed = PACKED.find(([start]) => start.every((byte, index) => bytes[index] === byte));
  if (packed !== undefined) return { text: "", trouble: { problem: `is ${packed[1]}` } };
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return { text: new TextDecoder("utf-16le").decode(bytes) };
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return { text: new TextDecoder("utf-16be").decode(bytes) };
  if (bytes.length > 262 && new TextDecoder("latin1").decode(bytes.subarray(257, 262)) === "ustar") return { text: "", trouble: { problem: "is a tar archive: unpack it first" } };
  const zero = bytes.indexOf(0);
  if (zero !== -1) return { text: "", trouble: { problem: "is a binary file: it holds a zero byte", ...placeAt(bytes, zero) } };
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch {
    return { text: "", trouble: { problem: "holds bytes that are no UTF-8", ...firstBadByte(bytes) } };
  }
}

/** Where the first such byte stands, counted in the text with U+FFFD in its place. */
function firstBadByte(bytes: Uint8Array): { readonly line: number; readonly column: number } {
  const text = new TextDecoder("utf-8").decode(bytes);
  return placeIn(text.slice(0, text.indexOf("\uFFFD")));
}

const placeAt = (bytes: Uint8Array, offset: number): { readonly line: number; readonly column: number } => placeIn(new TextDecoder("utf-8").decode(bytes.subarray(0, offset)));

const placeIn = (before: string): { readonly line: number; readonly column: number } => ({ line: before.split("\n").length, column: before.length - before.lastIndexOf("\n") });
