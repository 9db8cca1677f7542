import type { Resource, Snapshot } from "@hopscope/model-kubernetes";
import { matchesSelector, resourcesOf } from "@hopscope/model-kubernetes";
import { byAge } from "../mesh/config-order.ts";
import { apiRoutes } from "./gateway-api-routes.ts";
import type { Allowed, GatewaySpec, ListenerSpec, Parent } from "./gateway-api-types.ts";
import { GATEWAY_GROUP } from "./gateway-api-types.ts";
import { madeFrom } from "./made.ts";
import type { Json } from "../types.ts";

const CONTROLLER = "istio.io/gateway-controller";
const CLASS = "istio";

/** The Gateways and VirtualServices that istiod makes out of the Gateway API's objects. */
export interface GatewayApi { readonly gateways: readonly Resource[]; readonly virtualServices: readonly Resource[] }

const kindOf = (group: string | undefined, kind: string): string => `${group ?? ""}/${kind}`;

function grants(seen: Pick<Snapshot, "resources">): Allowed {
  interface Spec { readonly from?: readonly { readonly group: string; readonly kind: string; readonly namespace: string }[]; readonly to?: readonly { readonly group: string; readonly kind: string; readonly name?: string }[] }
  const all = [...resourcesOf(seen, "ReferenceGrant"), ...resourcesOf(seen, "ReferencePolicy")].map((resource) => ({ namespace: resource.metadata.namespace, spec: (resource.spec ?? {}) as Spec }));
  return (from, fromNamespace, to, toNamespace, name) => all.some(({ namespace, spec }) =>
    namespace === toNamespace
    && (spec.from ?? []).some((item) => kindOf(item.group, item.kind) === kindOf(GATEWAY_GROUP, from) && item.namespace === fromNamespace)
    && (spec.to ?? []).some((item) => item.group === "" && item.kind === to && (item.name === undefined || item.name === name)));
}

/** The classes istiod serves; `istio` needs no object. */
function classesOf(seen: Pick<Snapshot, "resources">): ReadonlySet<string> {
  const all = resourcesOf(seen, "GatewayClass");
  const own = all.filter((entry) => (entry.spec as { controllerName?: string } | undefined)?.controllerName === CONTROLLER).map((entry) => entry.metadata.name);
  return new Set(all.some((entry) => entry.metadata.name === CLASS) ? own : [...own, CLASS]);
}

function servicesOf(gateway: Resource, spec: GatewaySpec, domain: string): readonly string[] {
  const { namespace = "default" } = gateway.metadata;
  const addresses = spec.addresses ?? [];
  const first = addresses[0];
  const managed = first === undefined || (addresses.length === 1 && (first.type === undefined || first.type === "IPAddress"));
  const full = (name: string): string => (name.includes(".") ? name : `${name}.${namespace}.svc.${domain}`);
  if (managed) return [`${gateway.metadata.annotations?.["gateway.istio.io/name-override"] ?? `${gateway.metadata.name}-${spec.gatewayClassName ?? ""}`}.${namespace}.svc.${domain}`];
  return addresses.filter(({ type }) => type === undefined || type === "Hostname").map(({ value }) => full(value));
}

function namespacesOf(listener: ListenerSpec, home: string, seen: Pick<Snapshot, "resources">): readonly string[] {
  const rule = listener.allowedRoutes?.namespaces;
  if (rule?.from === undefined || rule.from === "Same") return [home];
  const { selector } = rule;
  if (rule.from === "All" || selector === undefined) return ["*"];
  return resourcesOf(seen, "Namespace").filter(({ metadata }) => matchesSelector(selector, { ...metadata.labels, "kubernetes.io/metadata.name": metadata.name })).map(({ metadata }) => metadata.name).sort();
}

/** Undefined where the listener's certificate cannot be used. */
function tlsOf(listener: ListenerSpec, gateway: Resource, allowed: Allowed): Json | undefined {
  const { tls } = listener;
  const { namespace = "default", labels } = gateway.metadata;
  if (tls === undefined) return {};
  if (tls.mode === "Passthrough") {
    const crossing = labels?.["topology.istio.io/network"] !== undefined && String(listener.port) === (labels["networking.istio.io/gatewayPort"] ?? "15443");
    return { tls: { mode: crossing ? "AUTO_PASSTHROUGH" : "PASSTHROUGH" } };
  }
  const [ref, ...more] = tls.certificateRefs ?? [];
  if (ref === undefined || more.length > 0 || (ref.group ?? "") !== "" || (ref.kind ?? "Secret") !== "Secret") return undefined;
  const owner = ref.namespace ?? namespace;
  if (owner !== namespace && !allowed("Gateway", namespace, "Secret", owner, ref.name)) return undefined;
  return { tls: { mode: tls.options?.["gateway.istio.io/tls-terminate-mode"] === "MUTUAL" ? "MUTUAL" : "SIMPLE", credentialName: `kubernetes-gateway://${owner}/${ref.name}` } };
}

function kindsOf({ protocol, tls, allowedRoutes }: ListenerSpec): readonly string[] {
  const supported = protocol === "HTTP" || protocol === "HTTPS" ? ["HTTPRoute"] : protocol === "TCP" ? ["TCPRoute"] : protocol === "TLS" ? [tls?.mode === "Passthrough" ? "TLSRoute" : "TCPRoute"] : [];
  const wanted = allowedRoutes?.kinds ?? [];
  return wanted.length === 0 ? supported : supported.filter((kind) => wanted.some((item) => item.kind === kind && (item.group ?? GATEWAY_GROUP) === GATEWAY_GROUP));
}

/**
 * Converts the Gateway API's objects: each listener becomes a Gateway, each host of a route a VirtualService.
 * Whether a Secret exists and holds a certificate is not looked at.
 * @see istio 1.18 pilot/pkg/config/kube/gateway/conversion.go convertResources
 */
export function convertGatewayApi(seen: Pick<Snapshot, "resources">, domain: string): GatewayApi {
  const classes = classesOf(seen);
  const allowed = grants(seen);
  const parents = new Map<string, Parent[]>();
  const gateways: Resource[] = [];
  for (const gateway of [...resourcesOf(seen, "Gateway", { group: GATEWAY_GROUP })].sort(byAge)) {
    const spec = (gateway.spec ?? {}) as GatewaySpec;
    if (!classes.has(spec.gatewayClassName ?? "")) continue;
    const { name, namespace = "default" } = gateway.metadata;
    const services = servicesOf(gateway, spec, domain).join(",");
    const known: Parent[] = [];
    for (const [index, listener] of (spec.listeners ?? []).entries()) {
      const tls = tlsOf(listener, gateway, allowed);
      if (tls === undefined) continue;
      const namespaces = namespacesOf(listener, namespace, seen);
      const hosts = (namespaces.length === 0 ? ["~"] : namespaces).map((owner) => `${owner}/${listener.hostname ?? "*"}`);
      const made = `${name}-istio-autogenerated-k8s-gateway-${listener.name}`;
      const { creationTimestamp } = gateway.metadata;
      gateways.push(madeFrom({
        apiVersion: "networking.istio.io/v1alpha3", kind: "Gateway",
        metadata: {
          name: made, namespace, ...(creationTimestamp === undefined ? {} : { creationTimestamp }),
          annotations: { "internal.istio.io/gateway-service": services, "internal.istio.io/parents": `Gateway/${name}/${listener.name}.${namespace}` },
        },
        spec: { servers: [{ port: { name: "default", number: listener.port, protocol: listener.protocol }, hosts, ...tls }] },
      }, gateway, `spec.listeners[${index}]`));
      known.push({ name: `${namespace}/${made}`, kinds: kindsOf(listener), hosts, section: listener.name, port: listener.port });
    }
    if (known.length > 0) parents.set(`${namespace}/${name}`, known);
    const alias = gateway.metadata.annotations?.["gateway.istio.io/alias-for"];
    if (alias !== undefined && alias !== "") parents.set(`${namespace}/${alias}`, known);
  }
  return { gateways, virtualServices: apiRoutes(seen, domain, parents, allowed) };
}
