import type { Resource, Snapshot } from "@hopscope/model-kubernetes";
import { resourcesOf } from "@hopscope/model-kubernetes";
import { byAge, selects } from "./config-order.ts";
import { endpointOf } from "./kubernetes-services.ts";
import { parseProtocol } from "./protocol.ts";
import type { Endpoint, Labels, MeshConfig, MeshService, Port, Resolution } from "../types.ts";
import type { Workload } from "./workloads.ts";
import { entryWorkload } from "./workloads.ts";

export interface ServiceEntrySpec {
  readonly hosts?: readonly string[];
  readonly addresses?: readonly string[];
  readonly ports?: readonly { readonly number: number; readonly name?: string; readonly protocol?: string; readonly targetPort?: number }[];
  readonly location?: "MESH_EXTERNAL" | "MESH_INTERNAL";
  readonly resolution?: "NONE" | "STATIC" | "DNS" | "DNS_ROUND_ROBIN";
  readonly endpoints?: readonly Parameters<typeof entryWorkload>[0][];
  readonly workloadSelector?: { readonly labels?: Labels };
  readonly exportTo?: readonly string[];
  readonly subjectAltNames?: readonly string[];
}

const RESOLUTION: Readonly<Record<string, Resolution>> = { NONE: "passthrough", STATIC: "client", DNS: "dns", DNS_ROUND_ROBIN: "dns-round-robin" };

function endpointsOf(spec: ServiceEntrySpec, host: string, resource: Resource, workloads: readonly Workload[]): Endpoint[] {
  const out: Endpoint[] = [];
  const dns = spec.resolution === "DNS" || spec.resolution === "DNS_ROUND_ROBIN";
  for (const port of spec.ports ?? []) {
    const target = port.targetPort === undefined || port.targetPort === 0 ? port.number : port.targetPort;
    if ((spec.endpoints ?? []).length === 0 && spec.workloadSelector === undefined) {
      if (dns) out.push({ address: host, port: target, servicePort: port.number, portName: port.name ?? "", labels: {}, tlsMode: "disabled", namespace: "", workload: "", locality: "", weight: 1 });
      continue;
    }
    const chosen = spec.workloadSelector === undefined
      ? (spec.endpoints ?? []).map((entry) => ({ ...entryWorkload(entry, resource), name: "", namespace: "" }))
      : workloads.filter((workload) => workload.namespace === resource.metadata.namespace && workload.ready && selects(spec.workloadSelector?.labels, workload.labels));
    for (const workload of chosen) {
      const unix = workload.address.startsWith("unix://");
      const endpoint = endpointOf(workload, unix ? 0 : (workload.ports[port.name ?? ""] ?? target), { number: port.number, name: port.name ?? "" });
      out.push(workload.pod ? endpoint : { ...endpoint, weight: workload.weight === 0 ? 1 : workload.weight });
    }
  }
  return out;
}

const plainAddress = (address: string): string => address.replace(/^(\d+\.\d+\.\d+\.\d+)\/32$/, "$1").replace(/^([0-9a-f:]+)\/128$/i, "$1");

/**
 * Reads ServiceEntries into istiod's registry: one service for each host at each address.
 * @see istio 1.18 pilot/pkg/serviceregistry/serviceentry/conversion.go convertServices
 */
export function entryServices(snapshot: Pick<Snapshot, "resources">, mesh: MeshConfig, workloads: readonly Workload[]): readonly MeshService[] {
  return [...resourcesOf(snapshot, "ServiceEntry")].sort(byAge).flatMap((resource) => {
    const spec = (resource.spec ?? {}) as ServiceEntrySpec;
    const { namespace = "default" } = resource.metadata;
    const ports = (spec.ports ?? []).map((port): Port => ({ name: port.name ?? "", number: port.number, protocol: parseProtocol(port.protocol ?? "") }));
    const addresses = (spec.addresses ?? []).map(plainAddress);
    return (spec.hosts ?? []).flatMap((host, index): MeshService[] => {
      const endpoints = endpointsOf(spec, host, resource, workloads);
      return (addresses.length === 0 ? ["0.0.0.0"] : addresses).map((address) => ({
        host, name: host, namespace, ports, address, addresses: [address],
        resolution: RESOLUTION[spec.resolution ?? "NONE"] ?? "passthrough",
        external: spec.location !== "MESH_INTERNAL",
        kubernetes: false, headless: false,
        exportTo: spec.exportTo === undefined || spec.exportTo.length === 0 ? mesh.defaultServiceExportTo : spec.exportTo,
        ...(spec.workloadSelector?.labels === undefined ? {} : { selector: spec.workloadSelector.labels }),
        ...(spec.subjectAltNames === undefined ? {} : { subjectAltNames: spec.subjectAltNames }),
        endpoints, resource, path: `spec.hosts[${index}]`,
      }));
    });
  });
}

/**
 * Gives each ServiceEntry host without an address one of 240.240.0.0/16, as the DNS proxy hands it out.
 * @see istio 1.18 pilot/pkg/serviceregistry/serviceentry/controller.go autoAllocateIPs
 */
export function allocateAddresses(services: readonly MeshService[]): readonly MeshService[] {
  const max = 255 * 255;
  const prime = 65011;
  const owner = new Map<number, string>();
  const wants = (service: MeshService): boolean =>
    !service.kubernetes && service.address === "0.0.0.0" && service.resolution !== "passthrough" && !service.host.startsWith("*");
  for (const service of services) {
    if (!wants(service)) continue;
    const key = `${service.namespace}/${service.host}`;
    let hash = 0x811c9dc5;
    for (const byte of new TextEncoder().encode(key)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
    const step = prime - (hash % prime);
    let slot = hash % max;
    for (let tries = 1; owner.has(slot) && tries < max; tries++) slot = ((hash + tries * step) >>> 0) % max;
    owner.set(slot, key);
  }
  if (owner.size === 0) return services;
  const addressOf = new Map<string, string>();
  let counter = 0;
  for (let slot = 0; slot < max; slot++) {
    const key = owner.get(slot);
    // A host that two entries name has two slots and the address of the first of them.
    if (key !== undefined && addressOf.has(key)) continue;
    counter++;
    if (counter % 255 === 0) counter++;
    if (key !== undefined) addressOf.set(key, `240.240.${Math.floor(counter / 255)}.${counter % 255}`);
  }
  return services.map((service) => {
    const auto = wants(service) ? addressOf.get(`${service.namespace}/${service.host}`) : undefined;
    return auto === undefined ? service : { ...service, autoAddress: auto };
  });
}
