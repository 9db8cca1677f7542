import type { Resource } from "@hopscope/model-kubernetes";
import { prefixLength } from "../../src/envoy/address.ts";
import { inspect } from "../../src/envoy/inspect.ts";
import { flag, isObject, type Json, list, normalise, numberOf, object, text } from "../../src/envoy/json.ts";
import { pickFilterChain } from "../../src/envoy/filter-chain.ts";
import { isDisabled, isFilter } from "../../src/envoy/listener.ts";
import { managerOf } from "../../src/envoy/machine.ts";
import { findRoute, findVirtualHost } from "../../src/envoy/route-match.ts";
import { compileProxy } from "../../src/istiod/compile.ts";
import type { Proxy } from "../../src/istiod/types.ts";
import { objectsOf } from "./_corpora.ts";

export interface Call {
  readonly address?: string; readonly port: number; readonly path?: string; readonly protocol: "http" | "http2" | "tcp"; readonly tls?: "plaintext" | "tls" | "mtls";
  readonly alpn?: string; readonly sni?: string; readonly hostHeader?: string; readonly callMode?: "gateway" | "outbound" | "inbound"; readonly mtlsSecretConfigName?: string;
}
export interface Outcome { error?: string; listener?: string; filterChain?: string; route?: string; routeConfig?: string; virtualHost?: string; cluster?: string; strict?: boolean }
export interface Scenario {
  readonly suite: string; readonly name: string; readonly config?: string; readonly kubeConfig?: string; readonly mesh?: Json; readonly features?: Json;
  readonly proxy?: { readonly type?: "router"; readonly labels?: Record<string, string>; readonly configNamespace?: string; readonly metadata?: { readonly namespace?: string; readonly labels?: Record<string, string>; readonly dnsCapture?: boolean; readonly dnsAutoAllocate?: boolean } };
  readonly calls?: readonly { readonly name: string; readonly call: Call; readonly expect: Outcome }[];
  readonly routeName?: string; readonly expectedVirtualHostClusters?: Readonly<Record<string, readonly string[] | null>>; readonly expectNoRouteConfig?: boolean;
}
interface Program { readonly listeners: readonly Json[]; readonly routes: readonly Json[] }

/** In the corpus only Kubernetes objects know of a domain: a short host stands for HOST.NAMESPACE. */
function expand(resource: Resource): Resource {
  const namespace = resource.metadata.namespace ?? "default";
  const full = (value: unknown, key = ""): unknown => {
    if (key === "host" && typeof value === "string" && !value.includes(".") && !value.startsWith("*")) return `${value}.${namespace}`;
    if (Array.isArray(value)) return value.map((item) => full(item));
    return isObject(value) ? Object.fromEntries(Object.entries(value).map(([name, item]) => [name, full(item, name)])) : value;
  };
  const spec = /VirtualService|DestinationRule/.test(resource.kind) ? full(resource["spec"]) : resource["spec"];
  return { ...resource, metadata: { ...resource.metadata, namespace }, ...(spec === undefined ? {} : { spec }) } as Resource;
}

const meshOf = ({ outboundTrafficPolicy, ...rest }: Json): Json => ({ ...rest, ...(outboundTrafficPolicy === undefined ? {} : { outboundTrafficPolicy: { mode: outboundTrafficPolicy } }) });

/** Compiles a scenario's proxy. */
export function compileScenario(scenario: Scenario): Program {
  const { proxy = {} } = scenario;
  const resources = [...objectsOf(scenario.config ?? "").map(expand), ...objectsOf(scenario.kubeConfig ?? "")];
  const spec: Proxy = {
    type: proxy.type ?? "sidecar", name: "app", namespace: proxy.configNamespace ?? proxy.metadata?.namespace ?? "default", labels: proxy.labels ?? proxy.metadata?.labels ?? {}, ips: ["1.1.1.1"], unprivileged: false,
    dnsCapture: proxy.metadata?.dnsCapture === true, dnsAutoAllocate: proxy.metadata?.dnsAutoAllocate === true,
  };
  const env = Object.fromEntries(Object.entries(scenario.features ?? {}).map(([key, value]) => [key, String(value)]));
  const built = compileProxy({ resources }, spec, { env: { PILOT_ENABLE_GATEWAY_API: "true", ...env }, meshConfig: meshOf(scenario.mesh ?? {}) });
  return { listeners: list(normalise(built.listeners)), routes: list(normalise(built.routes)) };
}

/** The clusters behind each domain of a route configuration, or nothing if there is none. */
export function clustersByDomain({ routes }: Program, name: string): Readonly<Record<string, readonly string[]>> | undefined {
  const found = routes.find((route) => route["name"] === name);
  if (found === undefined) return undefined;
  return Object.fromEntries(list(found["virtual_hosts"]).flatMap((host) => {
    const clusters = list(host["routes"]).flatMap((route) => text(object(route["route"])["cluster"]) ?? []).sort();
    return (host["domains"] as readonly string[]).map((domain) => [domain, clusters] as const);
  }));
}

const MTLS = { http: ["istio-http/1.1"], http2: ["istio-h2"], tcp: ["istio"] };
const TLS = { http: ["http/1.1"], http2: ["h2"], tcp: [] };

const socketOf = (listener: Json): Json => object(object(listener["address"])["socket_address"]);
function listenerFor(listeners: readonly Json[], call: Call, address: string): Json | undefined {
  const named = (name: string): Json | undefined => listeners.find((listener) => listener["name"] === name);
  if (call.callMode === "inbound") return named("virtualInbound");
  const at = (wanted: string): Json | undefined => listeners.find((listener) => socketOf(listener)["address"] === wanted && numberOf(socketOf(listener)["port_value"]) === call.port);
  return at(address) ?? at("0.0.0.0") ?? named("virtualOutbound");
}

/** Istio's simulation prefers no longer prefix: chains that differ in nothing else are equally good to it. */
const rangesOf = (chain: Json): readonly Json[] => list(object(chain["filter_chain_match"])["prefix_ranges"]);
const rest = (chain: Json): string => JSON.stringify({ ...object(chain["filter_chain_match"]), prefix_ranges: rangesOf(chain).length > 0 });

function requiresMtls(chain: Json, secret: string): boolean {
  const context = object(object(chain["transport_socket"])["typed_config"]);
  return list(object(context["common_tls_context"])["tls_certificate_sds_secret_configs"])[0]?.["name"] === secret && flag(context["require_client_certificate"]);
}

/**
 * Follows a call through compiled configuration as istio's own simulation of Envoy reports it.
 * @see istio 1.18 pilot/pkg/simulation/traffic.go
 */
export function simulate(program: Program, call: Call): Outcome {
  const { tls = "plaintext", address = "1.3.3.7", path = "/", hostHeader = "" } = call;
  const listener = listenerFor(program.listeners, call, address);
  if (listener === undefined) return { error: "no listener matched" };
  const sni = call.sni ?? (tls === "tls" ? hostHeader : "");
  const alpn = call.alpn === undefined ? (tls === "mtls" ? MTLS : TLS)[call.protocol] : [call.alpn];
  const local = { address, port: call.port };
  const downstream = {
    source: { address: "9.9.9.9", port: 40000 }, local, original: local,
    ...(tls === "plaintext" ? {} : { tls: { sni, alpn, peer: undefined } }),
    ...(call.protocol === "tcp" ? { data: "" } : { http: { version: call.protocol === "http2" ? ("2" as const) : ("1.1" as const), method: "GET", authority: hostHeader, path, headers: [] } }),
  };
  const inspectsTls = list(listener["listener_filters"]).some((filter) => isFilter(filter, "tls_inspector") && !isDisabled(filter, call.port));
  const detected = inspect(listener, downstream, call.port);
  const picked = pickFilterChain(listener, { source: downstream.source, destination: local, detected: inspectsTls ? detected : { ...detected, sni } });
  const out: Outcome = { listener: text(listener["name"]) ?? "" };
  if (picked.type === "none") return { ...out, error: "no filter chains matched" };
  const { chain } = picked;
  const twins = list(listener["filter_chains"]).filter((other) => rest(other) === rest(chain) && rangesOf(other).some((range) => prefixLength(range, address) >= 0) === rangesOf(chain).length > 0);
  if (twins.length > 1) return { ...out, error: "multiple filter chains matched" };
  out.filterChain = text(chain["name"]) ?? "";
  if (chain["transport_socket"] !== undefined && tls === "plaintext") return { ...out, error: "invalid TLS" };
  if (chain["transport_socket"] !== undefined && requiresMtls(chain, call.mtlsSecretConfigName ?? "default") !== (tls === "mtls")) return { ...out, error: "invalid mTLS" };
  const manager = managerOf(chain);
  if (manager === undefined) {
    const proxy = list(chain["filters"]).map((filter) => text(object(filter["typed_config"])["cluster"])).find((cluster) => cluster !== undefined);
    return { ...out, ...(proxy === undefined ? {} : { cluster: proxy }) };
  }
  if ((tls !== "plaintext" && chain["transport_socket"] === undefined) || call.protocol === "tcp") return { ...out, error: "protocol error" };
  return { ...out, ...followRoute(program, manager, hostHeader, path, tls !== "plaintext") };
}

function followRoute(program: Program, manager: Json, host: string, path: string, tls: boolean): Outcome {
  const inline = manager["route_config"];
  const name = text(object(manager["rds"])["route_config_name"]) ?? "";
  const routes = isObject(inline) ? inline : program.routes.find((route) => route["name"] === name);
  const out: Outcome = isObject(inline) ? {} : { routeConfig: name };
  const virtualHost = routes === undefined ? undefined : findVirtualHost(routes, host);
  if (virtualHost === undefined) return { ...out, error: "no virtual host matched" };
  out.virtualHost = text(virtualHost["name"]) ?? "";
  if (virtualHost["require_tls"] === "ALL" && !tls) return { ...out, error: "tls required, sending 301" };
  const headers = [[":method", "GET"], [":scheme", tls ? "https" : "http"], [":authority", host], [":path", path]] as const;
  const route = findRoute(virtualHost, { headers, certificate: false, runtime: new Map(), choose: () => 0 });
  if (route === undefined) return { ...out, error: "no route matched" };
  const cluster = text(object(route["route"])["cluster"]);
  return { ...out, route: text(route["name"]) ?? "", ...(cluster === undefined ? {} : { cluster }) };
}
