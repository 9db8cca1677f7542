import { protoDuration } from "../cluster/traffic-policy.ts";
import type { Json } from "../types.ts";

/** Fields of one message of which at most one is set. */
const ONE_OF: readonly (readonly string[])[] = [
  ["route", "redirect", "directResponse", "filterAction", "nonForwardingAction"],
  ["prefix", "path", "safeRegex", "connectMatcher", "pathSeparatedPrefix", "pathMatchPolicy", "exact", "suffix", "contains"],
  ["cluster", "clusterHeader", "weightedClusters", "clusterSpecifierPlugin", "inlineClusterSpecifierPlugin"],
  ["hostRewriteLiteral", "autoHostRewrite", "hostRewriteHeader", "hostRewritePathRegex"],
  ["type", "clusterType"],
  ["ringHashLbConfig", "maglevLbConfig", "originalDstLbConfig", "leastRequestLbConfig", "roundRobinLbConfig"],
  ["localityWeightedLbConfig", "zoneAwareLbConfig"],
  ["socketAddress", "pipe", "envoyInternalAddress"],
  ["rds", "routeConfig", "scopedRoutes"],
  ["validationContext", "validationContextSdsSecretConfig", "combinedValidationContext"],
  ["stringMatch", "presentMatch", "exactMatch", "safeRegexMatch", "rangeMatch", "prefixMatch", "suffixMatch", "containsMatch"],
  ["explicitHttpConfig", "useDownstreamProtocolConfig", "autoConfig"],
  ["inlineString", "inlineBytes", "filename", "environmentVariable"],
  ["fixedDelay", "headerDelay"], ["httpStatus", "grpcStatus", "headerAbort"],
  ["typedConfig", "configDiscovery"],
];
/** The same, where the fields are one-of only inside one kind of message. */
const ONE_OF_IN: Readonly<Record<string, readonly string[]>> = {
  explicitHttpConfig: ["httpProtocolOptions", "http2ProtocolOptions", "http3ProtocolOptions"],
  redirect: ["pathRedirect", "prefixRewrite", "regexRewrite"],
};
const SIBLINGS = new Map(ONE_OF.flatMap((group) => group.map((field) => [field, group.filter((other) => other !== field)] as const)));

/** Maps from the user's keys to messages: an entry replaces the one before. */
const MAPS = new Set(["filterMetadata", "typedFilterMetadata", "typedPerFilterConfig", "typedExtensionProtocolOptions", "policies", "headersToAddMap"]);

const isMessage = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * Merges one message into another as protobuf does: scalars replace, lists grow, messages merge field by field.
 *
 * A field of a one-of takes the place of its siblings, and a packed message (`@type`) is replaced whole.
 *
 * @see istio 1.18 pkg/proto/merge
 */
export function mergeMessage(into: Json, from: Json, field = ""): void {
  for (const [key, value] of Object.entries(from)) {
    const siblings = ONE_OF_IN[field]?.includes(key) === true ? (ONE_OF_IN[field] ?? []).filter((other) => other !== key) : (SIBLINGS.get(key) ?? []);
    for (const sibling of siblings) delete into[sibling];
    const known = into[key];
    if (Array.isArray(value)) into[key] = [...(Array.isArray(known) ? (known as unknown[]) : []), ...(structuredClone(value) as unknown[])];
    else if (!isMessage(value)) into[key] = value;
    else if (MAPS.has(key)) into[key] = { ...(known as Json | undefined), ...structuredClone(value) };
    else if (isMessage(known) && value["@type"] === undefined) mergeMessage(known, value, key);
    else into[key] = structuredClone(value);
  }
}

/** Merges what is packed in two fields of the same type. */
export function mergePacked(into: Json, from: Json): void {
  const { "@type": _type, ...fields } = from;
  mergeMessage(into, fields);
}

const camel = (key: string): string => (/^[a-z][a-z0-9_]*$/.test(key) ? key.replace(/_([a-z0-9])/g, (_all, letter: string) => letter.toUpperCase()) : key);

/** Writes a patch's value as proto3 JSON prints it: camelCase names, durations in their one form; free structures stay as they are. */
export function canonical(value: unknown, key = ""): unknown {
  if (Array.isArray(value)) return value.map((item) => canonical(item));
  if (typeof value === "string") return /^\d+(\.\d+)?s$/.test(value) ? protoDuration(value) : value;
  if (!isMessage(value)) return value;
  if (key === "filterMetadata") return value;
  const struct = typeof value["@type"] === "string" && value["@type"].endsWith("TypedStruct");
  const out: Json = {};
  for (const [name, item] of Object.entries(value)) {
    const written = MAPS.has(key) ? name : camel(name);
    if (item === undefined || item === null) continue;
    out[written] = struct && written === "value" ? item : canonical(item, written);
  }
  return out;
}
