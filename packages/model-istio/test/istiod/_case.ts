import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import type { Resource } from "@hopscope/model-kubernetes";
import { parseAllDocuments } from "yaml";
import { compileProxy } from "../../src/istiod/compile.ts";
import type { Json } from "../../src/istiod/types.ts";

const base = process.env["HOPSCOPE_CORPORA"] ?? fileURLToPath(new URL("../../../../../shared/corpora", import.meta.url));
export const folder = `${base}/istiod-xds/curated`;
export const present = existsSync(folder);
export const cases = present ? readdirSync(folder).sort() : [];
const randomFolder = `${base}/istiod-xds/random`;
export const randomCases = existsSync(randomFolder) ? readdirSync(randomFolder).sort() : [];

interface Spec { readonly name: string; readonly type: "sidecar" | "router"; readonly id: string; readonly ips: string[]; readonly metadata: { readonly NAMESPACE: string; readonly LABELS?: Record<string, string>; readonly NODE_NAME?: string; readonly INTERCEPTION_MODE?: "REDIRECT"; readonly UNPRIVILEGED_POD?: string; readonly DNS_CAPTURE?: string; readonly DNS_AUTO_ALLOCATE?: string; readonly ENVOY_STATUS_PORT?: number; readonly ENVOY_PROMETHEUS_PORT?: number } }

const KINDS = ["listeners", "routes", "clusters", "endpoints"] as const;
const TELEMETRY = new Set(["tracing", "accessLog", "statPrefix", "decorator", "altStatName"]);

function normal(value: unknown, key = ""): unknown {
  if (Array.isArray(value)) {
    const list = value.map((item) => normal(item));
    if (key !== "filterChains" && key !== "virtualHosts" && key !== "domains") return list;
    return list.map((item) => JSON.stringify(item)).sort();
  }
  if (typeof value !== "object" || value === null) return value;
  const out: Json = {};
  const record = value as Json;
  if (record["name"] === "istio.stats") return { name: "istio.stats" };
  for (const name of Object.keys(record).sort()) {
    if (TELEMETRY.has(name)) continue;
    const item = normal(record[name], name);
    if (name === "filterMetadata") {
      const { istio: _istio, ...rest } = item as Json;
      out[name] = rest;
    } else if (name === "metadata" && JSON.stringify(item) === '{"filterMetadata":{}}') continue;
    else out[name] = item;
  }
  return out["metadata"] !== undefined && JSON.stringify(out["metadata"]) === '{"filterMetadata":{}}' ? (({ metadata: _m, ...rest }) => rest)(out) : out;
}

interface Info { readonly env: Record<string, string>; readonly meshConfig: Record<string, unknown>; readonly proxies: readonly Spec[] }
type Kind = (typeof KINDS)[number];

/** What differs between the compiled and the recorded configuration of a curated case, one line each. */
export function differences(name: string): string[] {
  const at = `${folder}/${name}`;
  const info = JSON.parse(readFileSync(`${at}/case.json`, "utf8")) as Info;
  return compare(info, readFileSync(`${at}/config.yaml`, "utf8"), (proxy, kind) => JSON.parse(readFileSync(`${at}/expect/${proxy}/${kind}.json`, "utf8")) as Json[]);
}

/** The same of a random case. */
export function randomDifferences(name: string): string[] {
  const recorded = JSON.parse(gunzipSync(readFileSync(`${randomFolder}/${name}`)).toString("utf8")) as { readonly case: Info; readonly config: string; readonly expect: Record<string, Record<Kind, Json[]>> };
  return compare(recorded.case, recorded.config, (proxy, kind) => recorded.expect[proxy]?.[kind] ?? []);
}

function compare(info: Info, config: string, expected: (proxy: string, kind: Kind) => Json[]): string[] {
  const resources = parseAllDocuments(config).map((document) => document.toJS() as Resource | null).filter((resource): resource is Resource => resource !== null);
  const out: string[] = [];
  for (const spec of info.proxies) {
    const { metadata } = spec;
    const compiled = compileProxy({ resources }, {
      type: spec.type, name: spec.id.split(".")[0] ?? "", namespace: metadata.NAMESPACE, labels: metadata.LABELS ?? {}, ips: spec.ips,
      ...(metadata.NODE_NAME === undefined ? {} : { node: metadata.NODE_NAME }), unprivileged: metadata.UNPRIVILEGED_POD === "true",
      ...(metadata.INTERCEPTION_MODE === undefined ? {} : { interceptionMode: metadata.INTERCEPTION_MODE }),
      dnsCapture: metadata.DNS_CAPTURE === "true", dnsAutoAllocate: metadata.DNS_AUTO_ALLOCATE === "true",
      reservedPorts: [metadata.ENVOY_STATUS_PORT, metadata.ENVOY_PROMETHEUS_PORT].filter((port): port is number => port !== undefined),
    }, info);
    for (const kind of KINDS) {
      const field = kind === "endpoints" ? "clusterName" : "name";
      const want = new Map(expected(spec.name, kind).map((item) => [item[field], item]));
      const have = new Map(compiled[kind].map((item) => [item[field], item]));
      for (const key of new Set([...want.keys(), ...have.keys()])) {
        const [w, h] = [want.get(key), have.get(key)];
        const label = `${spec.name} ${kind} ${String(key)}`;
        if (w === undefined) out.push(`${label}: extra`);
        else if (h === undefined) out.push(`${label}: missing`);
        else if (JSON.stringify(normal(w)) !== JSON.stringify(normal(h))) out.push(`${label}: differs\n   want ${JSON.stringify(normal(w))}\n   have ${JSON.stringify(normal(h))}`);
      }
    }
  }
  return out;
}
