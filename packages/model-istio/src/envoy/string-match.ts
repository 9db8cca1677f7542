import { flag, isObject, type Json, numberOf, object, text } from "./json.ts";
import { fullMatch } from "./regex.ts";
import { type Headers, valuesOf } from "./headers.ts";

/** type.matcher.v3.StringMatcher. */
export function stringMatches(matcher: Json, value: string): boolean {
  const fold = flag(matcher["ignore_case"]) ? (input: string): string => input.toLowerCase() : (input: string): string => input;
  const pattern = (field: string): string | undefined => {
    const found = text(matcher[field]);
    return found === undefined ? undefined : fold(found);
  };
  const exact = pattern("exact");
  if (exact !== undefined) return fold(value) === exact;
  const prefix = pattern("prefix");
  if (prefix !== undefined) return fold(value).startsWith(prefix);
  const suffix = pattern("suffix");
  if (suffix !== undefined) return fold(value).endsWith(suffix);
  const contains = pattern("contains");
  if (contains !== undefined) return fold(value).includes(contains);
  if (isObject(matcher["safe_regex"])) return fullMatch(text(matcher["safe_regex"]["regex"]) ?? "", value);
  return fold(value) === "";
}

function valueMatcher(matcher: Json): ((value: string) => boolean) | undefined {
  if (isObject(matcher["string_match"])) {
    const inner = matcher["string_match"];
    return (value) => stringMatches(inner, value);
  }
  for (const field of ["exact_match", "prefix_match", "suffix_match", "contains_match"]) {
    const wanted = text(matcher[field]);
    if (wanted !== undefined && (wanted !== "" || field === "exact_match")) return (value) => stringMatches({ [field.slice(0, -6)]: wanted }, value);
  }
  if (isObject(matcher["safe_regex_match"])) {
    const regex = matcher["safe_regex_match"];
    return (value) => fullMatch(text(regex["regex"]) ?? "", value);
  }
  if (isObject(matcher["range_match"])) {
    const start = numberOf(matcher["range_match"]["start"]) ?? 0;
    const end = numberOf(matcher["range_match"]["end"]) ?? 0;
    return (value) => /^\s*[+-]?\d+$/.test(value) && Number(value) >= start && Number(value) < end;
  }
  return undefined;
}

/**
 * Whether a request's headers satisfy one HeaderMatcher.
 *
 * A header that is absent fails the matcher also when it is inverted, unless it is treated as empty.
 * A header sent several times satisfies it when one of its values does.
 *
 * @see Envoy 1.40, source/common/http/header_utility.cc (1.26 joins repeated values with a comma)
 */
export function headerMatches(matcher: Json, headers: Headers): boolean {
  const found = valuesOf(headers, (text(matcher["name"]) ?? "").toLowerCase());
  const invert = flag(matcher["invert_match"]);
  const asEmpty = flag(matcher["treat_missing_header_as_empty"]);
  const test = valueMatcher(matcher);
  if (test === undefined) {
    const wanted = matcher["present_match"] === undefined ? true : flag(matcher["present_match"]);
    return (wanted === (found.length > 0 || asEmpty)) !== invert;
  }
  if (found.length === 0 && !asEmpty) return false;
  return (found.length === 0 ? [""] : found).some(test) !== invert;
}

/** config.route.v3.QueryParameterMatcher; names and values are compared undecoded, the first of a name counts. */
export function queryMatches(matcher: Json, parameters: ReadonlyMap<string, string>): boolean {
  const value = parameters.get(text(matcher["name"]) ?? "");
  if (isObject(matcher["string_match"])) return value !== undefined && stringMatches(object(matcher["string_match"]), value);
  if (matcher["present_match"] !== undefined) return flag(matcher["present_match"]) === (value !== undefined);
  return value !== undefined;
}

/** The parameters after `?`, the first of each name. */
export function queryOf(path: string): ReadonlyMap<string, string> {
  const result = new Map<string, string>();
  const at = path.indexOf("?");
  if (at < 0) return result;
  for (const part of path.slice(at + 1).split("&")) {
    const cut = part.indexOf("=");
    const name = cut < 0 ? part : part.slice(0, cut);
    if (!result.has(name)) result.set(name, cut < 0 ? "" : part.slice(cut + 1));
  }
  return result;
}
