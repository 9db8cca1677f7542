import { typed } from "../cluster/tls-context.ts";
import type { Json } from "../types.ts";

/** A value of a policy as Envoy's string matcher: exact, `prefix*`, `*suffix`, or `*` for any text that is not empty. */
export function stringMatcher(value: string, before = ""): Json {
  if (value === "*") return regexMatcher(".+");
  if (value.startsWith("*")) return before === "" ? { suffix: value.slice(1) } : regexMatcher(`${before}.*${value.slice(1)}`);
  if (value.endsWith("*")) return { prefix: before + value.slice(0, -1) };
  return { exact: before + value };
}

export const regexMatcher = (regex: string): Json => ({ safeRegex: { regex } });

/** The same for a header, in the fields of Envoy's older header matcher. */
export function headerMatcher(name: string, value: string): Json {
  if (value === "*") return { name, presentMatch: true };
  if (value.startsWith("*")) return { name, suffixMatch: value.slice(1) };
  if (value.endsWith("*")) return { name, prefixMatch: value.slice(0, -1) };
  return { name, exactMatch: value };
}

/** The same for the Host header, whatever its case. */
export function hostMatcher(value: string): Json {
  if (value === "*") return { name: ":authority", presentMatch: true };
  return { name: ":authority", stringMatch: { ignoreCase: true, ...stringMatcher(value) } };
}

/** Values of an ext_authz provider's header lists. */
export const headerPatterns = (values: readonly string[] | undefined): Json | undefined =>
  values === undefined || values.length === 0 ? undefined : {
    patterns: values.map((value) => ({ ignoreCase: true, ...(value.startsWith("*") ? { suffix: value.slice(1) } : value.endsWith("*") ? { prefix: value.slice(0, -1) } : { exact: value }) })),
  };

/** Dynamic metadata of the authn filter: a text, or one entry of a list. */
export const metadataMatcher = (filter: string, keys: readonly string[], value: Json, inList: boolean): Json => ({
  metadata: { filter, path: keys.map((key) => ({ key })), value: inList ? { listMatch: { oneOf: { stringMatch: value } } } : { stringMatch: value } },
});

const V4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/;

/** An address or CIDR as a range; undefined where it is neither. The address keeps its host bits, as istiod leaves them. */
export function cidrRange(text: string): Json | undefined {
  const [address = "", length] = text.split("/");
  const v6 = address.includes(":");
  if (!v6 && V4.exec(address)?.slice(1).every((part) => Number(part) < 256) !== true) return undefined;
  const bits = v6 ? 128 : 32;
  const prefixLen = length === undefined ? bits : /^\d+$/.test(length) ? Number(length) : bits + 1;
  return prefixLen > bits ? undefined : { addressPrefix: v6 ? address.toLowerCase() : address, prefixLen };
}

export const httpRbac = (fields: Json): Json => typed("envoy.filters.http.rbac", "envoy.extensions.filters.http.rbac.v3.RBAC", fields);
export const tcpRbac = (fields: Json): Json => typed("envoy.filters.network.rbac", "envoy.extensions.filters.network.rbac.v3.RBAC", { ...fields, statPrefix: "tcp." });
