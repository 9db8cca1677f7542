/**
 * Splits a rule's text into words as iptables-restore does: blanks part, double quotes hold together, `\` escapes inside them.
 *
 * @internal
 */
export function wordsOf(text: string): readonly string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? "";
    if (quote !== "") {
      if (char === "\\" && quote === '"') word = (word ?? "") + (text[++at] ?? "");
      else if (char === quote) quote = "";
      else word = (word ?? "") + char;
    } else if (char === '"' || char === "'") {
      quote = char;
      word ??= "";
    } else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? "") + char;
  }
  if (word !== undefined) words.push(word);
  return words;
}

/** Writes a word so that `wordsOf` reads it back. @internal */
export const quoted = (word: string): string => (/^[\w@%+=:,./!-]+$/.test(word) && word !== "!" ? word : `"${word.replaceAll(/["\\]/g, "\\$&")}"`);

/** Reads decimal, hexadecimal or octal numbers; `undefined` for anything else. @internal */
export function numberOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^0x[0-9a-f]{1,8}$/i.test(text)) return Number.parseInt(text, 16);
  if (/^0[0-7]+$/.test(text)) return Number.parseInt(text, 8);
  return /^\d{1,10}$/.test(text) ? Number(text) : undefined;
}

/** Goes through the words of one rule. @internal */
export interface Reader {
  readonly words: readonly string[];
  at: number;
}
export const peek = (reader: Reader): string | undefined => reader.words[reader.at];
export const take = (reader: Reader): string | undefined => reader.words[reader.at++];
