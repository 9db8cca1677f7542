const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };

/**
 * Splits a configuration line into words as HAProxy does: single quotes keep all, double quotes keep blanks,
 * a backslash keeps the next character, `#` begins a comment.
 *
 * @see HAProxy 2.6 configuration manual, 2.2 "Quoting and escaping"
 */
export function words(line: string): readonly string[] {
  const out: string[] = [];
  let word: string | undefined;
  let quote: "'" | '"' | undefined;
  for (let index = 0; index < line.length; index++) {
    const char = line[index] ?? "";
    if (quote === "'") {
      if (char === "'") quote = undefined;
      else word += char;
      continue;
    }
    if (char === "\\" && index + 1 < line.length) {
      const next = line[++index] ?? "";
      word = (word ?? "") + (ESCAPES[next] ?? next);
    } else if (char === '"') {
      quote = quote === undefined ? '"' : undefined;
      word ??= "";
    } else if (quote !== undefined) {
      word += char;
    } else if (char === "'") {
      quote = "'";
      word ??= "";
    } else if (char === "#") {
      break;
    } else if (char === " " || char === "\t") {
      if (word !== undefined) out.push(word);
      word = undefined;
    } else {
      word = (word ?? "") + char;
    }
  }
  if (word !== undefined) out.push(word);
  return out;
}
