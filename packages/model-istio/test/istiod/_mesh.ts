import type { Resource } from "@hopscope/model-kubernetes";
import { admit, loadEnvoyConfig, type Run, serve } from "../../src/envoy/index.ts";
import type { Headers } from "../../src/envoy/headers.ts";
import { compileProxy } from "../../src/istiod/compile.ts";
import type { CompiledProxy, CompileOptions, Json, Proxy } from "../../src/istiod/types.ts";

const GROUPS: Readonly<Record<string, string>> = {
  Service: "v1", Pod: "v1", Namespace: "v1", EndpointSlice: "discovery.k8s.io/v1", Ingress: "networking.k8s.io/v1",
  PeerAuthentication: "security.istio.io/v1beta1", AuthorizationPolicy: "security.istio.io/v1beta1", RequestAuthentication: "security.istio.io/v1beta1",
};

interface Meta { readonly namespace?: string; readonly labels?: Readonly<Record<string, string>>; readonly at?: number; readonly annotations?: Readonly<Record<string, string>> }

/** An object of namespace shop, unless stated; a larger `at` is younger. */
export const object = (kind: string, name: string, spec: unknown, { namespace = "shop", labels = {}, at = 0, annotations = {} }: Meta = {}): Resource => ({
  apiVersion: GROUPS[kind] ?? (kind.endsWith("Route") ? "gateway.networking.k8s.io/v1beta1" : "networking.istio.io/v1beta1"), kind,
  metadata: { name, namespace, labels, annotations, creationTimestamp: `2024-01-01T00:00:${String(at).padStart(2, "0")}Z` }, spec,
});

export interface ServicePort { readonly name?: string; readonly port: number; readonly targetPort?: number; readonly appProtocol?: string }

/** A Service that selects `app: NAME`, at an address of its own. */
export const service = (name: string, address: string, ports: readonly ServicePort[], namespace = "shop"): Resource =>
  object("Service", name, { clusterIP: address, clusterIPs: [address], selector: { app: name }, ports: ports.map((port) => ({ protocol: "TCP", targetPort: port.port, ...port })) }, { namespace });

/** A ready pod of an app with a sidecar, and its slice of the app's Service. */
export function pod(app: string, address: string, port: number, { version = "v1", namespace = "shop", portName = "http", node = "a" } = {}): readonly Resource[] {
  const labels = { app, version, "security.istio.io/tlsMode": "istio" };
  const ready = { conditions: [{ type: "Ready", status: "True" }], phase: "Running", podIP: address, podIPs: [{ ip: address }] };
  return [
    { ...object("Pod", `${app}-${version}`, { nodeName: node, serviceAccountName: app, containers: [{ name: app }, { name: "istio-proxy" }] }, { namespace, labels }), status: ready },
    {
      apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice", metadata: { name: `${app}-${version}`, namespace, labels: { "kubernetes.io/service-name": app } }, addressType: "IPv4",
      ports: [{ name: portName, port, protocol: "TCP" }], endpoints: [{ addresses: [address], conditions: { ready: true }, nodeName: node, targetRef: { kind: "Pod", name: `${app}-${version}`, namespace } }],
    } as Resource,
  ];
}

/** Compiles a sidecar of shop's web, unless stated. */
export const compile = (resources: readonly Resource[], proxy: Partial<Proxy> = {}, options: CompileOptions = {}): CompiledProxy =>
  compileProxy({ resources }, { type: "sidecar", name: "web", namespace: "shop", labels: { app: "web" }, ips: ["10.0.0.5"], ...proxy }, options);

/** The item of a name, `{}` if there is none. */
export const named = (items: readonly Json[], name: string): Json => items.find((item) => item["name"] === name) ?? {};
export const names = (items: readonly Json[]): readonly unknown[] => items.map((item) => item["name"]);

/** One value inside a resource, by field names and positions. */
export const at = (value: unknown, ...path: readonly (string | number)[]): unknown => path.reduce<unknown>((inner, key) => (inner as Record<string | number, unknown> | undefined)?.[key], value);

/** The routes of one virtual host. */
export const routesOf = (compiled: CompiledProxy, routeConfig: string, host: string): readonly Json[] =>
  ((named(compiled.routes, routeConfig)["virtualHosts"] ?? []) as readonly Json[]).filter((virtualHost) => (virtualHost["domains"] as readonly string[]).includes(host)).flatMap((virtualHost) => virtualHost["routes"] as readonly Json[]);

export interface Sent { readonly to: string; readonly port: number; readonly inbound?: boolean; readonly host?: string; readonly path?: string; readonly method?: string; readonly headers?: Headers; readonly peer?: string; readonly sni?: string; readonly tls?: boolean; readonly tcp?: boolean }

/** Sends a request or connection into a compiled proxy, with mTLS if `peer` says who. */
export function send(compiled: CompiledProxy, { to, port, inbound = false, host, path = "/", method = "GET", headers = [], peer, sni, tls = false, tcp = false }: Sent) {
  const notes: string[] = [];
  const caveats: string[] = [];
  const run: Run = {
    config: loadEnvoyConfig(compiled), choose: () => 0, attempt: () => ({ type: "response", status: 200, headers: [] }), wait: () => undefined,
    note: (stage, decision) => void notes.push(`${stage}: ${decision.rule ?? ""} ${decision.verdict}`), caveat: ({ code }) => void caveats.push(code), finding: () => undefined,
  };
  const original = { address: to, port };
  const redirected = names(compiled.listeners).includes("virtualOutbound");
  const downstream = {
    source: { address: "10.0.0.77", port: 40000 }, original, local: { address: to, port: !redirected ? port : inbound ? 15006 : 15001 },
    ...(peer === undefined && !tls ? {} : { tls: { sni, alpn: peer === undefined ? [] : [tcp ? "istio" : "istio-http/1.1"], peer } }),
    ...(tcp ? { data: "x" } : { http: { version: "1.1" as const, method, authority: host ?? to, path, headers } }),
  };
  const admission = admit(run, downstream);
  return { verdict: admission === undefined ? undefined : serve(run, admission, downstream), notes, caveats };
}
