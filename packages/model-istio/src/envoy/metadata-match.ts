import { flag, isObject, type Json, list, numberOf, object, text } from "./json.ts";
import { stringMatches } from "./string-match.ts";

function valueMatches(matcher: Json, value: unknown): boolean {
  if (matcher["present_match"] !== undefined) return flag(matcher["present_match"]) === (value !== undefined);
  if (value === undefined) return false;
  if (isObject(matcher["string_match"])) return typeof value === "string" && stringMatches(matcher["string_match"], value);
  if (matcher["bool_match"] !== undefined) return value === flag(matcher["bool_match"]);
  if (isObject(matcher["double_match"])) return typeof value === "number" && numberOf(matcher["double_match"]["exact"]) === value;
  if (isObject(matcher["or_match"])) return list(matcher["or_match"]["value_matchers"]).some((item) => valueMatches(item, value));
  if (isObject(matcher["list_match"])) {
    const one = object(matcher["list_match"]["one_of"]);
    return Array.isArray(value) && value.some((item) => valueMatches(one, item));
  }
  return false;
}

/** type.matcher.v3.MetadataMatcher on a request's dynamic metadata, by filter name. */
export function metadataMatches(matcher: Json, metadata: Json): boolean {
  const value = list(matcher["path"]).reduce<unknown>((at, step) => (isObject(at) ? at[text(step["key"]) ?? ""] : undefined), metadata[text(matcher["filter"]) ?? ""]);
  return valueMatches(object(matcher["value"]), value) !== flag(matcher["invert"]);
}
