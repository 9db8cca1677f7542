/** A protobuf message in its JSON form, field names in snake_case. */
export type Json = Readonly<Record<string, unknown>>;

const EMPTY: Json = {};

export const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value);
export const object = (value: unknown): Json => (isObject(value) ? value : EMPTY);
export const maybe = (value: unknown): Json | undefined => (isObject(value) ? value : undefined);
export const values = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
export const list = (value: unknown): readonly Json[] => values(value).filter(isObject);
export const texts = (value: unknown): readonly string[] => values(value).filter((item): item is string => typeof item === "string");
export const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
export const flag = (value: unknown): boolean => value === true || (isObject(value) && value["value"] === true);

/** A number, a 64-bit number printed as text, or a wrapped number. */
export function numberOf(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value === "string" && value !== "" && Number.isFinite(Number(value))) return Number(value);
  return isObject(value) ? numberOf(value["value"]) : undefined;
}

/** A Duration (`1.5s` or `{seconds, nanos}`) in nanoseconds. */
export function nanoseconds(value: unknown): number | undefined {
  if (typeof value === "string") {
    const found = /^(-?\d+(?:\.\d+)?)s$/.exec(value);
    return found === null ? undefined : Math.round(Number(found[1]) * 1e9);
  }
  if (!isObject(value)) return undefined;
  return (numberOf(value["seconds"]) ?? 0) * 1e9 + (numberOf(value["nanos"]) ?? 0);
}

const DENOMINATORS: Readonly<Record<string, number>> = { HUNDRED: 100, TEN_THOUSAND: 10_000, MILLION: 1_000_000 };

/** A FractionalPercent as a share from 0 to 1. */
export function share(value: unknown): number {
  const { numerator, denominator } = object(value);
  return Math.min(1, (numberOf(numerator) ?? 0) / (DENOMINATORS[text(denominator) ?? "HUNDRED"] ?? 100));
}

/** The last part of a message's `@type` (`HttpConnectionManager`). */
export function typeOf(value: unknown): string {
  const type = text(object(value)["@type"]) ?? "";
  return type.slice(type.lastIndexOf("/") + 1);
}

/** Fields whose value is a free structure: its keys are the user's own. */
const STRUCTS = new Set(["filter_metadata", "static_layer", "default_subset", "default_value_struct"]);
/** Fields whose value is a map from the user's keys to messages. */
const MAPS = new Set(["typed_per_filter_config", "typed_extension_protocol_options", "policies", "typed_filter_metadata"]);

const snake = (key: string): string =>
  /^[a-z][a-zA-Z0-9]*$/.test(key) && /[A-Z]/.test(key)
    ? key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`).replace(/http10$/, "http_10")
    : key;

/**
 * Brings a resource to the one form that the machine reads: snake_case names, typed structs unwrapped.
 *
 * Keys inside metadata, runtime layers and other free structures are the user's and stay as they are.
 *
 * @see protobuf JSON mapping: parsers accept both lowerCamelCase and the original field names
 */
export function normalise(value: unknown, field = ""): unknown {
  if (Array.isArray(value)) return value.map((item) => normalise(item, field));
  if (!isObject(value)) return value;
  if (STRUCTS.has(field)) return value;
  if (typeOf(value).endsWith("TypedStruct")) {
    const inner = object(normalise(value["value"]));
    return { "@type": text(value["type_url"] ?? value["typeUrl"]) ?? "", ...inner };
  }
  const result: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const [key, item] of Object.entries(value)) {
    if (MAPS.has(field)) result[key] = normalise(item);
    else {
      const name = snake(key);
      result[name] = field === "transport_socket_matches" && name === "match" ? item : normalise(item, name);
    }
  }
  return result;
}
