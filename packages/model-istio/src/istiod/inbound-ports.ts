import type { Resource } from "@hopscope/model-kubernetes";
import { selects } from "./config-order.ts";
import type { ServiceSpec } from "./kubernetes-services.ts";
import type { Model } from "./model.ts";
import { parseProtocol } from "./protocol.ts";
import type { Scope } from "./scope.ts";
import type { Json, MeshService, Protocol, Proxy } from "./types.ts";
import { targetPortOn } from "./workloads.ts";

/** One port the proxy's workload serves. */
export interface InboundPort {
  readonly targetPort: number;
  readonly servicePort: number;
  readonly protocol: Protocol;
  readonly host: string;
  readonly services: readonly Json[];
  readonly resource: Resource;
  readonly path: string;
  /** Where a Sidecar's `defaultEndpoint` sends the traffic instead of the workload's own address. */
  readonly endpoint?: Json;
  readonly bind?: string;
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

function ingressEndpoint(text: string | undefined, proxy: Proxy): Json | undefined {
  if (text === undefined || text === "") return undefined;
  if (text.startsWith("unix://")) return { pipe: { path: text.slice(7) } };
  const colon = text.lastIndexOf(":");
  const host = text.slice(0, colon);
  const portValue = Number(text.slice(colon + 1));
  const address = host === "0.0.0.0" || host === "[::]" ? (proxy.ips[0] ?? host) : host === "[::1]" ? "::1" : host;
  return { socketAddress: { address, portValue } };
}

/** The target ports that get inbound chains: those of the Sidecar's ingress, else of the services; the oldest service wins a port. */
export function inboundPorts(model: Model, proxy: Proxy, scope: Scope): readonly InboundPort[] {
  const instances = instancesOf(model, proxy);
  if (scope.ingress.length > 0 && scope.sidecar !== undefined) {
    const sidecar = scope.sidecar;
    return scope.ingress.map((entry, index): InboundPort => {
      const number = entry.port?.number ?? 0;
      const instance = instances.find((candidate) => candidate.port === number);
      const endpoint = ingressEndpoint(entry.defaultEndpoint, proxy);
      return {
        targetPort: number, servicePort: number, protocol: parseProtocol(entry.port?.protocol ?? ""),
        host: instance?.service.host ?? `${sidecar.metadata.name}.${sidecar.metadata.namespace ?? ""}`, services: [], resource: sidecar, path: `spec.ingress[${index}]`,
        ...(endpoint === undefined ? {} : { endpoint }),
      };
    });
  }
  const ports = new Map<number, InboundPort>();
  for (const { service, port, targetPort, protocol, path } of instances) {
    if (protocol === "UDP") continue;
    const label: Json = { host: service.host, name: service.name, namespace: service.namespace };
    const existing = ports.get(targetPort);
    if (existing !== undefined) {
      if (!existing.services.some((entry) => entry["host"] === service.host)) ports.set(targetPort, { ...existing, services: [...existing.services, label] });
    } else ports.set(targetPort, { targetPort, servicePort: port, protocol, host: service.host, services: [label], resource: service.resource, path });
  }
  return [...ports.values()].sort((a, b) => a.targetPort - b.targetPort);
}
