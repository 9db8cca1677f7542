/** A time in words, two significant digits: `310 µs`, `1.8 ms`, `5.0 s`. */
export function duration(nanoseconds: number): string {
  if (nanoseconds === 0) return "0";
  const [value, unit] =
    nanoseconds >= 999.5e6 ? [nanoseconds / 1e9, "s"] : nanoseconds >= 999.5e3 ? [nanoseconds / 1e6, "ms"] : nanoseconds >= 999.5 ? [nanoseconds / 1e3, "µs"] : [nanoseconds, "ns"];
  return `${value >= 99.5 ? Math.round(value) : value >= 9.95 ? value.toFixed(0) : value.toFixed(1)} ${unit}`;
}

/** Replaces what could steer a terminal: cluster text is data, never markup. */
export function plain(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Shortens to `width` with an ellipsis in the middle, so that both ends stay readable. */
export function shorten(text: string, width: number): string {
  if (text.length <= width) return text;
  const keep = width - 1;
  const head = Math.ceil(keep * 0.6);
  return `${text.slice(0, head)}…${text.slice(text.length - (keep - head))}`;
}

/** Breaks text into lines of at most `width`, at spaces where there are any. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ").flatMap((part) => part.match(new RegExp(`.{1,${width}}`, "gu")) ?? [""])) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return line === "" ? lines : [...lines, line];
}
