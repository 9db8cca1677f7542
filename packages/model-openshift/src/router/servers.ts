import type { Origin } from "@hopscope/core";
import { endpointsOf, originOf, resourcesOf, type Resource, type Service, servicesOf, type Snapshot } from "@hopscope/model-kubernetes";
import { parseAddress } from "../haproxy/addresses.ts";
import { compareBytes } from "./keys.ts";
import { fields, list, text } from "./objects.ts";

/** One address and port behind a Service, as the router knows it. */
export interface RouterEndpoint {
  readonly id: string;
  readonly address: string;
  readonly port: number;
  readonly portName: string;
  readonly appProtocol: string;
  /** Stands for an idled Service: its cluster address, never checked. */
  readonly idled: boolean;
  readonly origin: Origin;
}

/** All endpoints of Services by `namespace/service`; a Service without any, and without EndpointSlice, is absent. */
export type RouterEndpoints = ReadonlyMap<string, readonly RouterEndpoint[]>;

const bracketed = (address: string): string => (parseAddress(address)?.bits === 128 ? `[${address}]` : address);
const SLICE_LABEL = "kubernetes.io/service-name";
const IDLED = "idling.alpha.openshift.io/idled-at";

interface SlicePort {
  readonly name: string;
  readonly port: number;
  readonly protocol: string;
  readonly appProtocol: string;
}

const readPort = (value: unknown): SlicePort => {
  const port = fields(value);
  return {
    name: text(port["name"]),
    port: typeof port["port"] === "number" ? port["port"] : 0,
    protocol: text(port["protocol"]) || "TCP",
    appProtocol: text(port["appProtocol"]),
  };
};

const comparePorts = (left: SlicePort, right: SlicePort): number =>
  left.port - right.port || compareBytes(left.protocol, right.protocol) || compareBytes(left.name, right.name);

const compareAddresses = (left: string, right: string): number => {
  const a = parseAddress(left);
  const b = parseAddress(right);
  if (a === undefined || b === undefined) return compareBytes(left, right);
  // Go keeps IPv4 addresses in their 16-byte form, below 2001::/16 and all other usual prefixes.
  const wide = (parsed: typeof a): bigint => (parsed.bits === 32 ? 0xffff00000000n + parsed.value : parsed.value);
  return wide(a) < wide(b) ? -1 : wide(a) > wide(b) ? 1 : 0;
};

/** Ready addresses of one slice, each with the pod it belongs to. */
function readyAddresses(slice: Resource): readonly { readonly address: string; readonly pod: string | undefined; readonly origin: Origin }[] {
  return list(slice["endpoints"])
    .flatMap((item, index) => {
      const endpoint = fields(item);
      if (fields(endpoint["conditions"])["ready"] === false) return [];
      const target = fields(endpoint["targetRef"]);
      const pod = target["kind"] === "Pod" ? text(target["name"]) : undefined;
      return list(endpoint["addresses"]).map((address) => ({ address: text(address), pod, origin: originOf(slice, `endpoints[${index}]`) }));
    })
    .toSorted((left, right) => compareAddresses(left.address, right.address));
}

function endpointsOfService(name: string, slices: readonly Resource[], service: Resource | undefined): readonly RouterEndpoint[] {
  const found = new Map<string, RouterEndpoint>();
  const add = (port: SlicePort, address: string, pod: string | undefined, idled: boolean, origin: Origin): void => {
    const tail = `${name}:${port.name}:${address}:${port.port}`;
    const id = pod === undefined ? `ept:${tail}` : `pod:${pod}:${tail}`;
    if (found.has(id)) return;
    found.set(id, { id, address: bracketed(address), port: port.port, portName: port.name, appProtocol: port.appProtocol, idled, origin });
  };
  const subsets = slices.map((slice) => ({
    ports: list(slice["ports"]).map(readPort).toSorted(comparePorts),
    addresses: readyAddresses(slice),
  }));
  if (subsets.every((subset) => subset.addresses.length === 0)) {
    const spec = fields(service?.spec);
    const address = text(spec["clusterIP"]);
    if (service === undefined || service.metadata.annotations?.[IDLED] === undefined || address === "" || address === "None") return [];
    for (const item of list(spec["ports"])) {
      const port = readPort(item);
      if (port.protocol !== "UDP") add(port, address, undefined, true, originOf(service, "metadata.annotations"));
    }
    return [...found.values()];
  }
  for (const { ports, addresses } of subsets) {
    for (const port of ports) {
      if (port.protocol === "UDP") continue;
      for (const { address, pod, origin } of addresses) add(port, address, pod, false, origin);
    }
  }
  return [...found.values()];
}

/** Endpoints that the endpoint controller would write for a Service whose slices are not in the snapshot. */
function derivedEndpoints(snapshot: Snapshot, service: Service): readonly RouterEndpoint[] {
  const { endpoints } = endpointsOf(snapshot, service);
  const ready = endpoints
    .filter((endpoint) => endpoint.ready && endpoint.protocol !== "UDP")
    .toSorted((left, right) => left.port - right.port || compareBytes(left.protocol, right.protocol) || compareBytes(left.portName, right.portName) || compareAddresses(left.address, right.address));
  return ready.map((endpoint) => {
    const tail = `${service.metadata.name}:${endpoint.portName}:${endpoint.address}:${endpoint.port}`;
    return {
      id: endpoint.pod === undefined ? `ept:${tail}` : `pod:${endpoint.pod.name}:${tail}`,
      address: bracketed(endpoint.address),
      port: endpoint.port,
      portName: endpoint.portName,
      appProtocol: endpoint.appProtocol ?? "",
      idled: false,
      origin: endpoint.origin,
    };
  });
}

/**
 * Collects what the router learns of Services: their EndpointSlices, and the cluster address of idled ones.
 *
 * Only `ready` counts, unknown is ready; UDP is left out; a slice needs no Service. Where a Service has no slice in the
 * snapshot, as in manifests that no cluster has seen, its endpoints are derived from the pods it selects.
 *
 * @see openshift/router release-4.14, pkg/router/template/plugin.go createRouterEndpoints
 */
export function routerEndpoints(snapshot: Snapshot): RouterEndpoints {
  const grouped = new Map<string, Resource[]>();
  for (const slice of resourcesOf(snapshot, "EndpointSlice")) {
    const service = slice.metadata.labels?.[SLICE_LABEL];
    if (service === undefined || service === "") continue;
    const key = `${slice.metadata.namespace ?? "default"}/${service}`;
    const group = grouped.get(key);
    if (group === undefined) grouped.set(key, [slice]);
    else group.push(slice);
  }
  const services = new Map(servicesOf(snapshot).map((service) => [`${service.metadata.namespace ?? "default"}/${service.metadata.name}`, service]));
  const found = new Map<string, readonly RouterEndpoint[]>();
  for (const [key, service] of services) {
    const derived = grouped.has(key) ? [] : derivedEndpoints(snapshot, service);
    if (derived.length > 0) found.set(key, derived);
  }
  for (const [key, group] of grouped) {
    const ordered = group.toSorted((left, right) => compareBytes(left.metadata.name, right.metadata.name));
    found.set(key, endpointsOfService(key.slice(key.indexOf("/") + 1), ordered, services.get(key)));
  }
  return found;
}

/** Endpoints whose port name or number is the route's target port; all where the route names none. */
export const matchingEndpoints = (endpoints: readonly RouterEndpoint[] | undefined, targetPort: string): readonly RouterEndpoint[] =>
  (endpoints ?? []).filter((endpoint) => targetPort === "" || endpoint.portName === targetPort || String(endpoint.port) === targetPort);

/**
 * Weight of each endpoint of the services, by index; `undefined` for a service without endpoints.
 *
 * With one active service all its endpoints weigh 1. With more, a service's weight is shared by its endpoints and
 * scaled so that the heaviest has 256, in 32-bit floating point.
 *
 * @see openshift/router release-4.14, pkg/router/template/router.go calculateServiceWeights
 */
export function endpointWeights(services: readonly { readonly weight: number; readonly endpoints: number }[]): readonly (number | undefined)[] {
  const present = services.filter((service) => service.endpoints > 0);
  if (present.filter((service) => service.weight > 0).length === 1) {
    return services.map((service) => (service.endpoints === 0 ? undefined : service.weight > 0 ? 1 : 0));
  }
  const each = services.map((service) => (service.endpoints > 0 ? Math.fround(service.weight / service.endpoints) : undefined));
  const most = Math.max(0, ...each.map((weight) => weight ?? 0));
  const scale = most > 0 ? Math.fround(256 / most) : 0;
  return each.map((weight) => (weight === undefined ? undefined : Math.max(Math.trunc(Math.fround(weight * scale)), weight > 0 ? 1 : 0)));
}
