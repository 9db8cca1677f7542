import { RE2JS } from "re2js";
import type { Origin } from "@hopscope/core";
import type { Line } from "./program.ts";
import { countsTraffic, expand, holds, KNOWN_SAMPLES, parseFormat, type Fragment, type Header, type SampleContext } from "./sample.ts";
import { words } from "./words.ts";

/** The tests behind `if`: all have to hold. */
interface Condition {
  readonly tests: readonly { readonly negated: boolean; readonly words: readonly string[] }[];
}

type Rule = { readonly condition: Condition } & (
  | { readonly verb: "add-header" | "set-header"; readonly name: string; readonly value: readonly Fragment[] }
  | { readonly verb: "del-header"; readonly name: string }
  | { readonly verb: "replace-path"; readonly pattern: RE2JS | undefined; readonly replacement: readonly Fragment[] }
  | { readonly verb: "deny" | "reject" }
  | { readonly verb: "ignored" }
);

function parseCondition(tokens: readonly string[]): Condition {
  const tests: { negated: boolean; words: readonly string[] }[] = [];
  for (let index = 0; index < tokens.length; index++) {
    let token = tokens[index] ?? "";
    const negated = token.startsWith("!");
    if (negated) token = token.slice(1);
    if (token === "{") {
      const close = tokens.indexOf("}", index);
      tests.push({ negated, words: tokens.slice(index + 1, close) });
      index = close;
    } else {
      tests.push({ negated, words: [token] });
    }
  }
  return { tests };
}

const attempt = (pattern: string): RE2JS | undefined => {
  try {
    return RE2JS.compile(pattern);
  } catch {
    return undefined;
  }
};

/**
 * Compiles a pattern of HAProxy (PCRE) without its risk of running for ever.
 *
 * @remarks Differs: a possessive quantifier (`c++`, what a path of that name becomes) is taken as a greedy one.
 */
const compileRegex = (pattern: string): RE2JS | undefined => attempt(pattern) ?? attempt(pattern.replace(/(?<!\\)([*+?}])\+/g, "$1"));

/** What PCRE knows and RE2 does not; such a pattern is no reason to refuse a configuration. */
const PCRE_ONLY = /\(\?[=!<>|#&PR+-]|\\[1-9gGkKRXZ]|[*+?}]\+/;

/** Whether brackets of a pattern cannot be closed: a text says what HAProxy would complain of. */
function refusedPattern(pattern: string): string | undefined {
  if (compileRegex(pattern) !== undefined || PCRE_ONLY.test(pattern)) return undefined;
  return `regex '${pattern}' is invalid`;
}

const cache = new Map<string, Rule | string>();

/** Parses a line of `http-request`, `http-response` or `tcp-request`; a text result is HAProxy's complaint. */
function parseRule(line: string): Rule | string {
  const known = cache.get(line);
  if (known !== undefined) return known;
  if (cache.size > 10_000) cache.clear();
  const rule = readRule(words(line));
  cache.set(line, rule);
  return rule;
}

function readRule(all: readonly string[]): Rule | string {
  const tokens = all[0] === "content" ? all.slice(1) : all;
  const at = tokens.indexOf("if");
  const body = at < 0 ? tokens : tokens.slice(0, at);
  const condition = parseCondition(at < 0 ? [] : tokens.slice(at + 1));
  const [verb, first = "", second = ""] = body;
  switch (verb) {
    case "add-header":
    case "set-header": {
      const value = parseFormat(second);
      return typeof value === "string" ? value : { verb, name: first.toLowerCase(), value, condition };
    }
    case "del-header":
      return { verb, name: first.toLowerCase(), condition };
    case "replace-path": {
      const refused = refusedPattern(first);
      const replacement = parseFormat(second);
      if (refused !== undefined) return refused;
      return typeof replacement === "string" ? replacement : { verb, pattern: compileRegex(first), replacement, condition };
    }
    case "deny":
    case "reject":
      return { verb, condition };
    default:
      return { verb: "ignored", condition };
  }
}

/** Why HAProxy would refuse the line, and with it the whole configuration. */
export function refusedLine(line: string): string | undefined {
  const rule = parseRule(line);
  return typeof rule === "string" ? `HAProxy refuses "${line}": ${rule}` : undefined;
}

/** Puts groups of a match into a replacement: `\1`, `\x41`, and any other character after a backslash as it is. */
const substitute = (template: string, groups: readonly string[]): string =>
  template.replace(/\\(?:x([0-9a-fA-F]{2})|([\s\S]))/g, (_, hex: string | undefined, char: string | undefined) =>
    hex !== undefined ? String.fromCharCode(Number.parseInt(hex, 16)) : /[0-9]/.test(char ?? "") ? (groups[Number(char)] ?? "") : (char ?? ""),
  );

/** A message while rules change it. `path` has no query. */
export interface Message {
  readonly headers: readonly Header[];
  readonly path: string;
}

export interface Applied extends Message {
  /** A deny or reject rule that held. */
  readonly stopped?: { readonly line: Line };
  /** Lines that changed the message. */
  readonly used: readonly Line[];
  /** Lines that depend on what this model does not see: other traffic of the client, samples it cannot read. */
  readonly unknown: readonly { readonly text: string; readonly origin: Origin }[];
}

export interface RuleScope {
  readonly acls: readonly Line[];
  readonly lists: Readonly<Record<string, readonly string[]>>;
  /** Whether `headers` is the response's. */
  readonly response?: boolean;
}

/** Runs rules over a message in order, until one denies. */
export function applyRules(lines: readonly Line[], message: Message, context: SampleContext, scope: RuleScope): Applied {
  let { headers, path } = message;
  const used: Line[] = [];
  const unknown: Line[] = [];
  const acls = new Map(scope.acls.map((line) => [words(line.text)[0] ?? "", words(line.text).slice(1)]));
  for (const line of lines) {
    const rule = parseRule(line.text);
    if (typeof rule === "string" || rule.verb === "ignored") continue;
    const now = scope.response === true ? { ...context, response: headers } : { ...context, request: headers };
    const results = rule.condition.tests.map(({ negated, words: test }) => {
      const result = holds(acls.get(test[0] ?? "") ?? test, now, scope.lists);
      return result === undefined ? undefined : result !== negated;
    });
    if (rule.condition.tests.some(({ words: test }) => countsTraffic(test))) unknown.push(line);
    if (results.includes(false)) continue;
    if (results.includes(undefined)) {
      unknown.push(line);
      continue;
    }
    const before = headers;
    switch (rule.verb) {
      case "deny":
      case "reject":
        return { headers, path, stopped: { line }, used, unknown };
      case "del-header":
        headers = headers.filter(([name]) => name !== rule.name);
        if (headers.length !== before.length) used.push(line);
        continue;
      case "add-header":
      case "set-header": {
        if (rule.value.some((fragment) => (fragment.type === "sample" && !KNOWN_SAMPLES.has(fragment.fetch)) || fragment.type === "variable")) unknown.push(line);
        const kept = rule.verb === "set-header" ? headers.filter(([name]) => name !== rule.name) : headers;
        headers = [...kept, [rule.name, expand(rule.value, now)]];
        used.push(line);
        continue;
      }
      case "replace-path": {
        if (rule.pattern === undefined) {
          unknown.push(line);
          continue;
        }
        const matcher = rule.pattern.matcher(path);
        if (!matcher.find()) continue;
        const groups = Array.from({ length: matcher.groupCount() + 1 }, (_, index) => matcher.group(index) ?? "");
        path = substitute(expand(rule.replacement, now), groups);
        used.push(line);
        continue;
      }
      default: {
        const rest: never = rule;
        return rest;
      }
    }
  }
  return { headers, path, used, unknown };
}
