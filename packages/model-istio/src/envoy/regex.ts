import { RE2JS } from "re2js";

const compiled = new Map<string, RE2JS | undefined>();

/** Compiles in RE2's syntax; `undefined` for an expression that RE2 refuses. Envoy reads paths as bytes, dot matches no newline. */
function compile(pattern: string): RE2JS | undefined {
  if (compiled.has(pattern)) return compiled.get(pattern);
  let regex: RE2JS | undefined;
  try {
    regex = RE2JS.compile(pattern);
  } catch {
    regex = undefined;
  }
  if (compiled.size > 5000) compiled.clear();
  compiled.set(pattern, regex);
  return regex;
}

/** RE2 full match, as every `safe_regex` of Envoy asks for. */
export const fullMatch = (pattern: string, input: string): boolean => compile(pattern)?.matches(input) ?? false;

/** RE2 global replacement; `\1` in the substitution stands for a group. */
export function replaceAll(pattern: string, substitution: string, input: string): string {
  const regex = compile(pattern);
  if (regex === undefined) return input;
  const matcher = regex.matcher(input);
  let out = "";
  let from = 0;
  while (matcher.find()) {
    out += input.slice(from, matcher.start());
    out += substitution.replace(/\\(\d|\\)/g, (_, group: string) => (group === "\\" ? "\\" : (Number(group) <= matcher.groupCount() ? (matcher.group(Number(group)) ?? "") : "")));
    from = matcher.end();
  }
  return out + input.slice(from);
}
