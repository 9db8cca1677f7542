const PLAIN: Readonly<Record<string, string>> = { '"': '"', "\\": "\\", "/": "/", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };

/**
 * Undoes the escapes of a quoted string's inside; `problem` says what is wrong with it.
 *
 * @see Open vSwitch 3.2, lib/json.c, json_string_unescape
 */
export function unquote(inside: string): { readonly text: string } | { readonly problem: string } {
  if (!inside.includes("\\")) return { text: inside };
  let text = "";
  for (let at = 0; at < inside.length; at++) {
    const character = inside.charAt(at);
    if (character !== "\\") {
      text += character;
      continue;
    }
    const escape = inside.charAt(++at);
    if (escape === "") return { problem: "quoted string may not end with backslash" };
    const plain = PLAIN[escape];
    if (plain !== undefined) text += plain;
    else if (escape === "u") {
      const digits = inside.slice(at + 1, at + 5);
      if (!/^[0-9a-fA-F]{4}$/.test(digits)) return { problem: "malformed \\u escape" };
      const code = parseInt(digits, 16);
      if (code === 0) return { problem: "null bytes not supported in quoted strings" };
      text += String.fromCharCode(code);
      at += 4;
    } else return { problem: `bad escape \\${escape}` };
  }
  return { text };
}

/** Writes a string in quotes, with the escapes that {@link unquote} undoes. */
export const quote = (text: string): string => JSON.stringify(text);
