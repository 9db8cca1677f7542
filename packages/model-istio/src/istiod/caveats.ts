import type { Caveat } from "@hopscope/core";
import type { Resource, Snapshot } from "@hopscope/model-kubernetes";
import { objectName, originOf, resourcesOf } from "@hopscope/model-kubernetes";
import { controlPlane } from "./mesh.ts";
import type { CompileOptions } from "./types.ts";

const KINDS = ["EnvoyFilter", "WasmPlugin", "ProxyConfig", "Telemetry"];
const GATEWAY_API = ["Gateway", "HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute"];

interface Uncompiled { readonly what: string; readonly found: readonly { readonly resource: Resource; readonly path: string }[] }
interface ListenerSpec { readonly captureMode?: string; readonly bind?: string }
interface SidecarSpec { readonly ingress?: readonly ListenerSpec[]; readonly egress?: readonly ListenerSpec[] }
interface GatewaySpec { readonly servers?: readonly { readonly tls?: { readonly mode?: string } }[] }
interface IngressSpec { readonly ingressClassName?: string }

const INGRESS_CLASS = "kubernetes.io/ingress.class";

function ingresses(seen: Pick<Snapshot, "resources">, mode: unknown): readonly Resource[] {
  if (mode === "OFF") return [];
  const classes = new Set(resourcesOf(seen, "IngressClass").filter((entry) => (entry.spec as { controller?: string } | undefined)?.controller === "istio.io/ingress-controller").map((entry) => entry.metadata.name));
  return resourcesOf(seen, "Ingress", { group: "networking.k8s.io" }).filter((entry) => {
    const name = entry.metadata.annotations?.[INGRESS_CLASS] ?? ((entry.spec ?? {}) as IngressSpec).ingressClassName;
    return name === undefined ? mode === "DEFAULT" : name === "istio" || classes.has(name);
  });
}

/** What istiod would compile of these objects and this model does not, said once for each kind. */
export function modelCaveats(seen: Pick<Snapshot, "resources">, options: CompileOptions): readonly Caveat[] {
  const ossm = controlPlane(seen) !== undefined;
  const whole = (resources: readonly Resource[], path = ""): Uncompiled["found"] => resources.map((resource) => ({ resource, path }));
  const gatewayApi = options.env?.["PILOT_ENABLE_GATEWAY_API"] ?? String(!ossm);
  const sidecars = resourcesOf(seen, "Sidecar").flatMap((resource) => (["ingress", "egress"] as const).flatMap((side) =>
    (((resource.spec ?? {}) as SidecarSpec)[side] ?? []).map((listener, index) => ({ resource, side, listener, path: `spec.${side}[${index}]` }))));
  const servers = resourcesOf(seen, "Gateway", { group: "networking.istio.io" }).flatMap((resource) =>
    (((resource.spec ?? {}) as GatewaySpec).servers ?? []).map((server, index) => ({ resource, server, path: `spec.servers[${index}].tls.mode` })));
  const all: readonly Uncompiled[] = [
    ...KINDS.map((kind) => ({ what: kind, found: whole(resourcesOf(seen, kind)) })),
    ...(gatewayApi === "true" ? GATEWAY_API.map((kind) => ({ what: `${kind} of the Gateway API`, found: whole(resourcesOf(seen, kind, { group: "gateway.networking.k8s.io" })) })) : []),
    { what: "Ingress", found: whole(ingresses(seen, options.meshConfig?.["ingressControllerMode"] ?? (ossm ? "OFF" : "STRICT")), "spec") },
    { what: "Gateway server with tls.mode AUTO_PASSTHROUGH", found: servers.filter(({ server }) => server.tls?.mode === "AUTO_PASSTHROUGH") },
    { what: "Sidecar listener with captureMode NONE", found: sidecars.filter(({ listener }) => listener.captureMode === "NONE") },
    { what: "Sidecar egress listener with bind", found: sidecars.filter(({ side, listener }) => side === "egress" && (listener.bind ?? "") !== "").map((entry) => ({ ...entry, path: `${entry.path}.bind` })) },
    { what: "Pod with interceptionMode NONE", found: whole(resourcesOf(seen, "Pod").filter((pod) => pod.metadata.annotations?.["sidecar.istio.io/interceptionMode"] === "NONE"), "metadata.annotations") },
  ];
  const out = all.flatMap(({ what, found }): Caveat[] => {
    const first = found[0];
    if (first === undefined) return [];
    const more = found.length === 1 ? "" : ` and ${found.length - 1} more`;
    return [{ code: "mesh/kind-not-compiled", problem: `${what} is not compiled into the proxies' configuration: ${objectName(first.resource)}${more}`, origin: originOf(first.resource, first.path === "" ? undefined : first.path) }];
  });
  const port = options.meshConfig?.["proxyHttpPort"];
  return typeof port === "number" && port > 0 ? [...out, { code: "mesh/kind-not-compiled", problem: `meshConfig.proxyHttpPort ${port} is not compiled: the sidecars lack the HTTP proxy listener on it` }] : out;
}
