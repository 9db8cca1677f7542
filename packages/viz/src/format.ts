/** A time in words, two significant digits: `310 µs`, `1.8 ms`, `5.0 s`. */
export function duration(nanoseconds: number): string {
  if (nanoseconds === 0) return "0";
  const [value, unit] =
    nanoseconds >= 999.5e6 ? [nanoseconds / 1e9, "s"] : nanoseconds >= 999.5e3 ? [nanoseconds / 1e6, "ms"] : nanoseconds >= 999.5 ? [nanoseconds / 1e3, "µs"] : [nanoseconds, "ns"];
  return `${value >= 99.5 ? Math.round(value) : value >= 9.95 ? value.toFixed(0) : value.toFixed(1)} ${unit}`;
}

/** Replaces what could steer a terminal, turn the direction of text or break a document: cluster text is data, never markup. */
export function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\ufffe\uffff]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}

const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{10000}-\u{10ffff}]/u;

/** Columns of a terminal that a text takes; East Asian letters and pictures take two. */
export function columns(text: string): number {
  let sum = 0;
  for (const character of text) sum += WIDE.test(character) ? 2 : 1;
  return sum;
}

/** Fills with spaces up to `width` columns. */
export const pad = (text: string, width: number): string => `${text}${" ".repeat(Math.max(0, width - columns(text)))}`;

/** The longest start of a text that fits into `width` columns. */
function fitting(characters: readonly string[], width: number): number {
  let [sum, count] = [0, 0];
  while (count < characters.length && sum + columns(characters[count] ?? "") <= width) sum += columns(characters[count++] ?? "");
  return count;
}

/** Shortens to `width` columns with an ellipsis in the middle, so that both ends stay readable. */
export function shorten(text: string, width: number): string {
  if (columns(text) <= width) return text;
  const characters = [...text];
  const keep = Math.max(0, width - 1);
  const head = fitting(characters, Math.ceil(keep * 0.6));
  const tail = fitting([...characters].reverse(), keep - columns(characters.slice(0, head).join("")));
  return `${characters.slice(0, head).join("")}…${tail === 0 ? "" : characters.slice(-tail).join("")}`;
}

/** Breaks text into lines of at most `width` columns, at spaces where there are any. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ").flatMap((part) => pieces(part, width))) {
    if (line !== "" && columns(line) + 1 + columns(word) > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return line === "" ? lines : [...lines, line];
}

function pieces(word: string, width: number): readonly string[] {
  if (columns(word) <= width) return [word];
  const characters = [...word];
  const out: string[] = [];
  while (characters.length > 0) out.push(characters.splice(0, Math.max(1, fitting(characters, width))).join(""));
  return out;
}

/** An address with its port; an IPv6 address stands in brackets. */
export const socket = (address: string, port: number): string => `${address.includes(":") ? `[${address}]` : address}:${port}`;
