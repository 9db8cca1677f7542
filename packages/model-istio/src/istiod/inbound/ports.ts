import type { Resource } from "@hopscope/model-kubernetes";
import { selects } from "../mesh/config-order.ts";
import type { ServiceSpec } from "../mesh/kubernetes-services.ts";
import type { Model } from "../model.ts";
import { afterTermination, parseProtocol } from "../mesh/protocol.ts";
import type { Ingress, Scope } from "../mesh/scope.ts";
import type { ServerTls } from "../cluster/tls-context.ts";
import type { Json, MeshService, Protocol, Proxy } from "../types.ts";
import { targetPortOn } from "../mesh/workloads.ts";

/** One port the proxy's workload serves. */
export interface InboundPort {
  readonly targetPort: number;
  readonly servicePort: number;
  readonly protocol: Protocol;
  readonly host: string;
  readonly services: readonly Json[];
  readonly resource: Resource;
  readonly path: string;
  /** Address in the names of chains, and of a listener of its own. */
  readonly bind: string;
  /** The port has a listener of its own instead of being redirected to. */
  readonly bindToPort: boolean;
  /** Where the traffic goes instead of the address the client asked for: an IP address with a port, or a socket's path. */
  readonly endpoint?: { readonly address: string; readonly port: number };
  /** The TLS it terminates where the mesh asks for none. */
  readonly tls?: ServerTls;
}

export interface Instance { readonly service: MeshService; readonly port: number; readonly targetPort: number; readonly protocol: Protocol; readonly path: string }

/** The service ports a proxy's workload stands behind, oldest service first (`GetProxyServiceInstances`). */
export function instancesOf(model: Model, proxy: Proxy): readonly Instance[] {
  const pod = model.pods.find((entry) => proxy.ips.includes(entry.address) && entry.namespace === proxy.namespace);
  const out: Instance[] = [];
  for (const service of model.services) {
    if (service.external && service.kubernetes) continue;
    if (service.kubernetes && pod !== undefined && Object.keys(service.selector ?? {}).length > 0) {
      if (service.namespace !== pod.namespace || !selects(service.selector, pod.labels)) continue;
      const specs = ((service.resource.spec ?? {}) as ServiceSpec).ports ?? [];
      for (const [index, spec] of specs.entries()) {
        const port = service.ports[index];
        const targetPort = targetPortOn(pod, spec);
        if (port !== undefined && targetPort !== undefined) out.push({ service, port: port.number, targetPort, protocol: port.protocol, path: `spec.ports[${index}]` });
      }
      continue;
    }
    for (const endpoint of service.endpoints) {
      if (!proxy.ips.includes(endpoint.address)) continue;
      const index = service.ports.findIndex((port) => port.number === endpoint.servicePort);
      const port = service.ports[index];
      if (port !== undefined) out.push({ service, port: port.number, targetPort: endpoint.port, protocol: port.protocol, path: `spec.ports[${index}]` });
    }
  }
  return out;
}

export const hasIpv4 = (proxy: Proxy): boolean => proxy.ips.length === 0 || proxy.ips.some((ip) => !ip.includes(":"));
export const wildcardOf = (proxy: Proxy): string => (hasIpv4(proxy) ? "0.0.0.0" : "::");
export const localhostOf = (proxy: Proxy): string => (hasIpv4(proxy) ? "127.0.0.1" : "::1");

const isUnicast = (ip: string | undefined): ip is string => ip !== undefined && !/^(127\.|169\.254\.|22[4-9]\.|23\d\.|255\.|0\.0\.0\.0$|::1?$|fe[89ab]|ff)/i.test(ip);

/** The address a Sidecar's `defaultEndpoint` means for this proxy; undefined keeps the destination (`cluster.go buildInboundClusters`). */
function defaultEndpoint(text: string | undefined, proxy: Proxy): InboundPort["endpoint"] {
  if (text === undefined || text === "") return undefined;
  if (text.startsWith("unix://")) return { address: text, port: 0 };
  const colon = text.lastIndexOf(":");
  const host = text.slice(0, colon).replace(/^\[|\]$/g, "");
  const port = Number(text.slice(colon + 1));
  const v4 = (ip: string): boolean => !ip.includes(":");
  switch (host) {
    case "0.0.0.0": return { address: proxy.ips.find(v4) ?? "127.0.0.1", port };
    case "::": return { address: proxy.ips.find((ip) => !v4(ip)) ?? "::1", port };
    case "127.0.0.1": return { address: hasIpv4(proxy) ? "127.0.0.1" : "::1", port };
    case "::1": return { address: proxy.ips.some((ip) => !v4(ip)) ? "::1" : "127.0.0.1", port };
    default: return undefined;
  }
}

function ingressPort(entry: Ingress, index: number, { model, proxy, instances, sidecar }: { readonly model: Model; readonly proxy: Proxy; readonly instances: readonly Instance[]; readonly sidecar: Resource }): InboundPort {
  const tls = model.flags.sidecarIngressTls ? entry.tls : undefined;
  const protocol = parseProtocol(entry.port?.protocol ?? "");
  const number = entry.port?.number ?? 0;
  const instance = instances.find((candidate) => candidate.targetPort === number);
  const endpoint = defaultEndpoint(entry.defaultEndpoint, proxy);
  const unicast = proxy.ips.find(isUnicast);
  return {
    targetPort: number, servicePort: number, protocol: tls === undefined ? protocol : afterTermination(protocol), services: [], resource: sidecar, path: `spec.ingress[${index}]`,
    host: instance?.service.host ?? `${sidecar.metadata.name}.${sidecar.metadata.namespace ?? ""}`,
    bind: (entry.bind ?? "") === "" ? (unicast ?? wildcardOf(proxy)) : (entry.bind ?? ""),
    bindToPort: entry.captureMode === undefined || entry.captureMode === "DEFAULT" ? proxy.interceptionMode === "NONE" : entry.captureMode === "NONE",
    ...(endpoint === undefined ? {} : { endpoint }), ...(tls === undefined ? {} : { tls }),
  };
}

/**
 * The target ports that get inbound chains: those of the Sidecar's ingress, else of the services; the oldest service wins a port.
 * @see istio 1.18 pilot/pkg/networking/core/v1alpha3/listener_inbound.go buildInboundChainConfigs
 */
export function inboundPorts(model: Model, proxy: Proxy, scope: Scope): readonly InboundPort[] {
  const instances = instancesOf(model, proxy);
  const ports = new Map<number, InboundPort>();
  if (scope.ingress.length > 0 && scope.sidecar !== undefined) {
    for (const [index, entry] of scope.ingress.entries()) {
      const port = ingressPort(entry, index, { model, proxy, instances, sidecar: scope.sidecar });
      if (!ports.has(port.targetPort)) ports.set(port.targetPort, port);
    }
  } else if (proxy.interceptionMode !== "NONE") {
    const endpoint = (port: number): Pick<InboundPort, "endpoint"> => (model.flags.inboundPassthrough ? {} : { endpoint: { address: localhostOf(proxy), port } });
    for (const { service, port, targetPort, protocol, path } of instances) {
      const label: Json = { host: service.host, name: service.name, namespace: service.namespace };
      const existing = ports.get(targetPort);
      if (existing === undefined) {
        ports.set(targetPort, { targetPort, servicePort: port, protocol, host: service.host, services: [label], resource: service.resource, path, bind: wildcardOf(proxy), bindToPort: false, ...endpoint(targetPort) });
      } else if (existing.servicePort === port && !existing.services.some((entry) => entry["host"] === service.host)) ports.set(targetPort, { ...existing, services: [...existing.services, label] });
    }
  }
  return [...ports.values()].sort((a, b) => a.targetPort - b.targetPort);
}
