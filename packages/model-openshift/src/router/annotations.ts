import { isAddressOrPrefix } from "../haproxy/addresses.ts";

const PREFIX = "haproxy.router.openshift.io/";

/** Reads a Route's annotations the way the router's template does. */
export const haproxyAnnotation = (annotations: Readonly<Record<string, string>>, name: string): string => annotations[PREFIX + name] ?? "";

const anchored = (pattern: string): RegExp => new RegExp(`^(?:${pattern})$`);

export const BALANCE = anchored("roundrobin|leastconn|source|random");
export const TIME = anchored("[1-9][0-9]*(us|ms|s|m|h|d)?");
export const COOKIE_NAME = anchored("[a-zA-Z0-9_-]+");
export const FORWARDED = anchored("append|replace|if-none|never");
export const REWRITE = anchored("/.*");
export const SAME_SITE = anchored("Lax|Strict|None");
const blank = "[\\t\\n\\f\\r ]*";
const token = "(?:includeSubDomains|preload)";
export const HSTS = new RegExp(`^(?:${token}${blank}[;]${blank})*max-age${blank}=${blank}(?:\\d+|"\\d+")(?:${blank}[;]${blank}${token})*$`, "i");

/** The first value that the pattern matches as a whole, or nothing. */
export const firstMatch = (pattern: RegExp, ...values: readonly (string | undefined)[]): string =>
  values.find((value) => value !== undefined && pattern.test(value)) ?? "";

/** Go's `strconv.ParseBool`, for true. */
export const isTrue = (value: string): boolean => ["1", "t", "T", "TRUE", "true", "True"].includes(value);

/** Go's `strconv.Atoi` succeeds. */
export const isInteger = (value: string): boolean => /^[+-]?[0-9]+$/.test(value) && Number.isSafeInteger(Number(value));

const UNITS: Readonly<Record<string, bigint>> = {
  us: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
  d: 86_400_000_000_000n,
};
const MAX_TIMEOUT = 2_147_483_647n * 1_000_000n;

/** Nanoseconds of an HAProxy time value; milliseconds where no unit is given. */
function timeValue(value: string): bigint | undefined {
  const match = /^([0-9]+)(us|ms|s|m|h|d)?$/.exec(value);
  return match === null ? undefined : BigInt(match[1] ?? "0") * (UNITS[match[2] ?? "ms"] ?? 1n);
}

/** Keeps a time value, or cuts it to the longest that HAProxy takes. */
export function clipTimeout(value: string): string {
  const nanoseconds = timeValue(value);
  if (nanoseconds === undefined) return "";
  return nanoseconds > MAX_TIMEOUT ? "2147483647ms" : value;
}

/**
 * The list of addresses of `ip_whitelist`, or nothing where it is not valid.
 *
 * One bad item, or a blank at either end, makes the whole list count for nothing: the route is then open to all.
 *
 * @see openshift/router release-4.14, pkg/router/template/template_helper.go parseIPList
 */
export function addressList(value: string): readonly string[] | undefined {
  const trimmed = value.trim();
  if (trimmed === "" || trimmed !== value) return undefined;
  const items = value.split(/\s+/);
  return items.every(isAddressOrPrefix) ? items : undefined;
}

/** Takes runs of a rune out or in, minding backslashes; `stop` ends the text there. */
function walk(value: string, each: (rune: string, escaped: boolean) => string | undefined): { readonly text: string; readonly stopped: boolean } {
  let out = "";
  let escaped = false;
  for (const rune of value) {
    const next = each(rune, escaped);
    if (next === undefined) return { text: out, stopped: true };
    out += next;
    escaped = rune === "\\" && !escaped;
  }
  return { text: out, stopped: false };
}

/**
 * Second argument of `replace-path` for a rewrite target.
 *
 * Values were once written without quotes, so what HAProxy's own parser did to them (comment marks, quotes,
 * backslashes) is kept: `#` cuts the value and the rest of the path, quotes vanish.
 *
 * @see openshift/router release-4.14, pkg/router/template/util/rewritetarget/rewritetarget.go
 */
export function rewriteTarget(value: string): string {
  const cut = walk(value, (rune, escaped) => (rune === "#" && !escaped ? undefined : rune));
  const noDouble = walk(cut.text, (rune, escaped) => (rune === '"' && !escaped ? "" : rune)).text;
  const noSingle = walk(noDouble, (rune, escaped) => (rune !== "'" ? rune : escaped ? "'\\\\''" : "")).text;
  const percent = noSingle.replace(/%+/g, (run) => (run.length % 2 === 1 ? run + run : run));
  const single = percent.replace(/\\+/g, (run) => (run.length === 1 ? "" : run));
  return single.replaceAll("\\\\", "\\") + (cut.stopped ? "" : "\\1");
}

/** Escapes for use inside single quotes, as a shell would; line ends vanish. */
export const escapeSingleQuotes = (value: string): string => value.replaceAll("'", "'\\''").replace(/[\r\n]/g, "");
