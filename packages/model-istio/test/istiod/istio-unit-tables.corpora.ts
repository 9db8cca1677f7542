import { readFileSync } from "node:fs";
import type { Resource } from "@hopscope/model-kubernetes";
import { describe, expect, it } from "vitest";
import { matchConflict, mergeMatches } from "../../src/istiod/route/delegate.ts";
import { expandHost, hostIsSubset, hostMatches, mostSpecificHost } from "../../src/istiod/mesh/host.ts";
import { DEFAULT_MESH } from "../../src/istiod/mesh/mesh.ts";
import { readPeerAuthentications } from "../../src/istiod/policy/peer-authentication.ts";
import { selectProtocol } from "../../src/istiod/mesh/protocol.ts";
import { shortForms } from "../../src/istiod/route/vhost-domains.ts";
import type { HttpMatch } from "../../src/istiod/route/virtual-service.ts";
import { readVirtualServices } from "../../src/istiod/route/virtual-services.ts";
import { corpus, plain } from "./_corpora.ts";

const { folder, present } = corpus("istio-unit-tables");

/** The rows of a table; none where it is not here. */
function rows<T>(name: string): readonly T[] {
  return present ? (JSON.parse(readFileSync(`${folder}/${name}.json`, "utf8")) as { readonly cases: readonly T[] }).cases : [];
}

/** Go's field names as those of the objects; a match type stands for its one field. */
function fields(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(fields);
  if (typeof value !== "object" || value === null) return value;
  const { MatchType } = value as { readonly MatchType?: object };
  if (MatchType !== undefined) return fields(MatchType);
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== null).map(([name, item]) => [/^[A-Z]/.test(name) ? name.charAt(0).toLowerCase() + name.slice(1) : name, fields(item)]));
}

/** The table's words for now and a second before. */
const TIMES: Readonly<Record<string, string>> = { T: "2024-03-01T08:00:01Z", "T-1s": "2024-03-01T08:00:00Z" };

interface Config { readonly Meta: { readonly Name: string; readonly Namespace: string; readonly CreationTimestamp?: string }; readonly Spec: unknown }
const resource = (kind: string, apiVersion: string, { Meta, Spec }: Config): Resource =>
  ({ apiVersion, kind, metadata: { name: Meta.Name, namespace: Meta.Namespace, ...(Meta.CreationTimestamp === undefined ? {} : { creationTimestamp: TIMES[Meta.CreationTimestamp] ?? Meta.CreationTimestamp }) }, spec: fields(Spec) });

describe.skipIf(!present)("host names", () => {
  it.each(rows<{ name: string; a: string; b: string; out: boolean }>("host-matches"))("match: $name", ({ a, b, out }) => { expect(hostMatches(a, b)).toBe(out); });
  it.each(rows<{ name: string; a: string; b: string; out: boolean }>("host-subset-of"))("are a subset: $name", ({ a, b, out }) => { expect(hostIsSubset(a, b)).toBe(out); });
  it.each(rows<{ needle: string; in: readonly string[]; want: string }>("most-specific-host"))("best match for $needle is $want", (row) => { expect(mostSpecificHost(row.needle, row.in) ?? "").toBe(row.want); });
  it.each(rows<{ name: string; meta: { Namespace?: string; Domain?: string }; out: string }>("shortname-to-fqdn"))("$name in full is $out", ({ name, meta, out }) => { expect(expandHost(name, meta.Namespace ?? "", meta.Domain ?? "cluster.local")).toBe(out); });
  it.each(rows<{ name: string; node: { DNSDomain: string }; service: { Hostname: string; Resolution?: string }; want: readonly string[] }>("sidecar-vhost-domains"))("of a virtual host: $name", ({ node, service, want }) => {
    const names = [service.Hostname, ...shortForms(service.Hostname, node.DNSDomain)];
    expect(service.Resolution === "Passthrough" ? [...names, ...names.map((name) => `*.${name}`)] : names).toEqual(want);
  });
});

const PROTOCOLS: Readonly<Record<string, string>> = { Unsupported: "UnsupportedProtocol", GRPCWeb: "GRPC-Web" };

describe.skipIf(!present)("a Service port's protocol", () => {
  it.each(rows<{ name: string; port?: number; portName?: string; proto?: string; appProto?: string; expectedProto: string }>("protocol-selection"))("$name", (row) => {
    expect(selectProtocol(row.port ?? 0, row.portName, row.proto, row.appProto)).toBe(PROTOCOLS[row.expectedProto] ?? row.expectedProto);
  });
});

describe.skipIf(!present)("a delegate's match", () => {
  it.each(rows<{ name: string; root: unknown; leaf: unknown; expected: boolean }>("http-match-conflict"))("conflicts with the root's: $name", ({ root, leaf, expected }) => {
    expect(matchConflict(fields(root) as HttpMatch, fields(leaf) as HttpMatch)).toBe(expected);
  });
  it.each(rows<{ name: string; root: readonly unknown[]; delegate: readonly unknown[]; expected: readonly unknown[] | null }>("http-match-merge"))("merges with the root's: $name", (row) => {
    const list = (matches: readonly unknown[] | null | undefined): readonly HttpMatch[] => (matches ?? []).map((match) => fields(match) as HttpMatch);
    expect(plain(mergeMatches(list(row.root), list(row.delegate)) ?? null)).toEqual(row.expected === null ? null : plain(list(row.expected)));
  });
});

describe.skipIf(!present)("delegates", () => {
  interface Row { readonly name: string; readonly defaultExportTo: Record<string, boolean>; readonly virtualServices: readonly Config[]; readonly expectedVirtualServices: readonly Config[] }
  it.each(rows<Row>("virtualservice-delegate-merge"))("merge: $name", (row) => {
    const resources = row.virtualServices.map((config) => resource("VirtualService", "networking.istio.io/v1alpha3", config));
    const { virtualServices } = readVirtualServices({ resources }, { ...DEFAULT_MESH, defaultVirtualServiceExportTo: Object.keys(row.defaultExportTo) });
    const shown = virtualServices.map((vs) => ({ hosts: vs.hosts, http: vs.http.map(({ path: _path, from: _from, ...item }) => item) }));
    const want = row.expectedVirtualServices.map((config) => { const spec = fields(config.Spec) as { hosts: readonly string[]; http: readonly unknown[] }; return { hosts: spec.hosts, http: spec.http }; });
    expect(plain(shown)).toEqual(plain(want));
  });
});

describe.skipIf(!present)("PeerAuthentications", () => {
  interface Row { readonly name: string; readonly configs: readonly Config[]; readonly want: { readonly Mtls: { readonly Mode: string }; readonly PortLevelMtls?: Record<string, { readonly Mode: string }> } }
  it.each(rows<Row>("peer-authentication-compose"))("compose: $name", ({ configs, want }) => {
    const namespace = configs.map(({ Meta }) => Meta.Namespace).find((name) => name !== "root-namespace") ?? "my-ns";
    const labels = Object.assign({}, ...configs.map(({ Spec }) => (fields(Spec) as { selector?: { matchLabels?: object } }).selector?.matchLabels ?? {})) as Record<string, string>;
    const { mode, ports } = readPeerAuthentications({ resources: configs.map((config) => resource("PeerAuthentication", "security.istio.io/v1beta1", config)) }, "root-namespace").workload(namespace, labels);
    expect({ mode, ports: Object.fromEntries(ports) }).toEqual({ mode: want.Mtls.Mode, ports: Object.fromEntries(Object.entries(want.PortLevelMtls ?? {}).map(([port, mtls]) => [port, mtls.Mode])) });
  });
});
