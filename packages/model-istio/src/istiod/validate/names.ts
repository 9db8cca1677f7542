import { RE2JS } from "re2js";
import { bitsOf } from "../../envoy/address.ts";
import { knownProtocol } from "../mesh/protocol.ts";
import type { Json, Labels } from "../types.ts";

/** What is wrong, in istiod's words; nothing where all is well. */
export type Problems = readonly string[];

const LABEL = "[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?";
const QUALIFIED = "(?:[A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const DNS_LABEL = new RegExp(`^${LABEL}$`);
const WILDCARD_LABEL = new RegExp(`^(?:\\*|(?:\\*|\\*-)?${LABEL})$`);
const KEY = new RegExp(`^(?:${LABEL}(?:\\.${LABEL})*/)?(?:${QUALIFIED})$`);
const VALUE = new RegExp(`^(?:${QUALIFIED})?$`);

export const isLabel = (text: string): boolean => text.length <= 63 && DNS_LABEL.test(text);
export const isAddress = (text: string): boolean => bitsOf(text) !== undefined && !/(^|\.)0\d/.test(text);
export const each = <T>(items: readonly T[] | undefined, check: (item: T, index: number) => Problems): Problems => (items ?? []).flatMap(check);
export const when = (bad: boolean, problem: string): Problems => (bad ? [problem] : []);

/** Wrong in a port number. */
export const badPort = (port: number): Problems => when(!(port >= 1 && port <= 65535), `port number ${port} must be in the range 1..65535`);

function badLabels(rest: string, domain: string): Problems {
  const parts = rest.split(".");
  const top = parts.at(-1) ?? "";
  if (/^[+-]?\d+$/.test(top)) return [`domain name "${rest}" invalid (top level domain "${top}" cannot be all-numeric)`];
  const wrong = parts.find((label, index) => !(index === parts.length - 1 && label === "") && !isLabel(label));
  return wrong === undefined ? [] : [`domain name "${domain}" invalid (label "${wrong}" invalid)`];
}

const badLength = (name: string): Problems => (name.length > 255 ? [`domain name "${name}" too long (max 255)`] : when(name === "", "empty domain name not allowed"));

/** Wrong in a full name. */
export function badName(name: string): Problems {
  const wrong = badLength(name);
  return wrong.length > 0 ? wrong : badLabels(name, name);
}

/** Wrong in a name whose first label may be or begin with a wildcard. */
export function badWildcard(name: string): Problems {
  const wrong = badLength(name);
  if (wrong.length > 0) return wrong;
  const [first = "", ...rest] = name.split(".");
  if (first.length > 63 || !WILDCARD_LABEL.test(first)) return [`domain name "${name}" invalid (label "${first}" invalid)`];
  return rest.length === 0 ? [] : badLabels(rest.join("."), rest.join("."));
}

export const badAddress = (text: string): Problems => when(!isAddress(text), `${text} is not a valid IP`);

/** Wrong in an address, or a range of them. */
export function badSubnet(text: string): Problems {
  const parts = text.split("/");
  if (parts.length !== 2) return badAddress(text);
  const bits = bitsOf(parts[0] ?? "");
  return when(bits === undefined || !/^\d{1,3}$/.test(parts[1] ?? "") || Number(parts[1]) > bits.width, `${text} is not a valid CIDR block`);
}

/** Wrong in the labels of a selector or subset. */
export const badSelectorLabels = (labels: Labels | undefined): Problems =>
  Object.entries(labels ?? {}).flatMap(([key, value]) => [...when(!KEY.test(key), `invalid tag key: "${key}"`), ...when(!VALUE.test(value), `invalid tag value: "${value}"`)]);

/** Wrong in the labels of a workload selector. */
export const badSelector = (labels: Labels | undefined): Problems => Object.entries(labels ?? {}).flatMap(([key, value]) => [
  ...when(key === "", `empty key is not supported in selector: "${key}=${value}"`), ...when(`${key}${value}`.includes("*"), `wildcard is not supported in selector: "${key}=${value}"`),
]);

/** Wrong in a duration: at least a millisecond, in whole ones. */
export function badDuration(text: unknown): Problems {
  if (text === undefined) return [];
  const units: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1, us: 0.001, ns: 0.000001 };
  const total = [...String(text).matchAll(/([\d.]+)(h|ms|m|s|us|ns)/g)].reduce((sum, [, number = "", unit = "s"]) => sum + Number(number) * (units[unit] ?? 0), 0);
  if (total < 1) return ["duration must be greater than 1ms"];
  return when(Math.abs(total - Math.round(total)) > 1e-9, "only durations to ms precision are supported");
}

export const badPortName = (name: string | undefined): Problems => when(!isLabel(name ?? ""), `invalid port name: ${name ?? ""}`);
export const badProtocol = (protocol: string | undefined): Problems => when((protocol ?? "") !== "" && knownProtocol(protocol ?? "") === undefined, `unsupported protocol: ${protocol ?? ""}`);

/** Wrong in a regular expression. */
export function badRegex(match: unknown, where: string): Problems {
  const regex = (match as Json | undefined)?.["regex"];
  if (typeof regex !== "string") return [];
  if (regex === "") return [`"${where}": regex string match should not be empty`];
  if (regex.length > 1024) return [`"${where}": regex is too large, max length allowed is 1024`];
  try {
    RE2JS.compile(regex);
    return [];
  } catch (error) {
    return [`"${where}": ${error instanceof Error ? error.message : String(error)}; Istio uses RE2 style regex-based match (https://github.com/google/re2/wiki/Syntax)`];
  }
}

/** Wrong in an exportTo list. */
export function badExportTo(namespace: string, exportTo: readonly string[] = [], { serviceEntry = false, selected = false } = {}): Problems {
  const out: string[] = [];
  const seen = new Set<string>();
  for (const entry of exportTo) {
    const key = entry === "." ? namespace : entry;
    if (seen.has(key)) out.push(key === entry ? `duplicate entries in exportTo for entry ${entry}` : `duplicate entries in exportTo: . and current namespace ${namespace}`);
    else if (entry === "*" || (entry === "~" && serviceEntry) || isLabel(key)) seen.add(key);
    else out.push(`only .,*, or a valid DNS 1123 label is allowed as exportTo entry: ${key}`);
  }
  if (selected && seen.size > 0) {
    if (!seen.has(namespace)) out.push("destination rule with workload selector cannot have exportTo beyond current namespace");
    else if (seen.size > 1) out.push("destination rule with workload selector cannot have multiple entries in exportTo");
  }
  if (seen.has("*") && exportTo.length > 1) out.push("cannot have both public (*) and non-public exportTo values for a resource");
  if (seen.has("~") && exportTo.length > 1) out.push("cannot export service entry to no one (~) and someone");
  return out;
}
