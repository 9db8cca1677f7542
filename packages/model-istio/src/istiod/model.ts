import type { Caveat, Diagnostic } from "@hopscope/core";
import type { Resource, Snapshot } from "@hopscope/model-kubernetes";
import { resourcesOf } from "@hopscope/model-kubernetes";
import { modelCaveats } from "./caveats.ts";
import { byAge } from "./mesh/config-order.ts";
import type { DestinationRules } from "./cluster/destination-rules.ts";
import { readDestinationRules } from "./cluster/destination-rules.ts";
import { convertGatewayApi } from "./convert/gateway-api.ts";
import { convertIngresses } from "./convert/ingress.ts";
import { kubernetesServices } from "./mesh/kubernetes-services.ts";
import { memberNamespaces, readFlags, readMesh } from "./mesh/mesh.ts";
import type { PeerAuthentications } from "./policy/peer-authentication.ts";
import { readPeerAuthentications } from "./policy/peer-authentication.ts";
import { allocateAddresses, entryServices } from "./mesh/service-entries.ts";
import type { CompileOptions, Flags, MeshConfig, MeshService } from "./types.ts";
import type { VirtualService } from "./route/virtual-service.ts";
import { readVirtualServices } from "./route/virtual-services.ts";
import type { Workload } from "./mesh/workloads.ts";
import { entryWorkloads, localities, podWorkloads } from "./mesh/workloads.ts";

/** What istiod knows about the mesh, before it looks at one proxy. */
export interface Model {
  /** The members' objects. */
  readonly seen: Pick<Snapshot, "resources">;
  readonly mesh: MeshConfig;
  readonly flags: Flags;
  readonly pods: readonly Workload[];
  readonly entries: readonly Workload[];
  /** Oldest first. */
  readonly services: readonly MeshService[];
  /** The same by host. */
  readonly servicesOf: ReadonlyMap<string, readonly MeshService[]>;
  readonly virtualServices: readonly VirtualService[];
  readonly destinationRules: DestinationRules;
  readonly peers: PeerAuthentications;
  readonly gateways: readonly Resource[];
  readonly sidecars: readonly Resource[];
  readonly locality: (node: string | undefined, labels: Readonly<Record<string, string>>) => string;
  readonly diagnostics: readonly Diagnostic[];
  readonly caveats: readonly Caveat[];
}

const MODELS = new WeakMap<readonly Resource[], Map<string, Model>>();

/**
 * Istiod's view of a snapshot, built once for each list of objects and set of options.
 * @example
 * buildModel(snapshot) === buildModel(snapshot) // true
 */
export function buildModel(snapshot: Pick<Snapshot, "resources">, options: CompileOptions = {}): Model {
  const known = MODELS.get(snapshot.resources) ?? new Map<string, Model>();
  MODELS.set(snapshot.resources, known);
  const key = JSON.stringify([options.meshConfig, options.env]);
  const model = known.get(key) ?? readModel(snapshot, options);
  known.set(key, model);
  return model;
}

function byHost(services: readonly MeshService[]): ReadonlyMap<string, readonly MeshService[]> {
  const out = new Map<string, MeshService[]>();
  for (const service of services) {
    const known = out.get(service.host);
    if (known === undefined) out.set(service.host, [service]);
    else known.push(service);
  }
  return out;
}

function readModel(snapshot: Pick<Snapshot, "resources">, options: CompileOptions): Model {
  const members = memberNamespaces(snapshot);
  const clusterWide = new Set(["Node", "Namespace"]);
  const seen = members === undefined || members.has("*") ? snapshot : {
    resources: snapshot.resources.filter((resource) => clusterWide.has(resource.kind) || resource.metadata.namespace === undefined || members.has(resource.metadata.namespace)),
  };
  const mesh = readMesh(snapshot, options);
  const pods = podWorkloads(seen);
  const entries = entryWorkloads(seen);
  const locality = localities(seen);
  const age = (service: MeshService): string => service.resource.metadata.creationTimestamp ?? "";
  const key = (service: MeshService): string => `${service.resource.metadata.name}.${service.namespace}`;
  const services = [...kubernetesServices(seen, mesh, { pods, entries, locality }), ...entryServices(seen, mesh, [...pods, ...entries])]
    .sort((a, b) => (age(a) === age(b) ? (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0) : age(a) < age(b) ? -1 : 1));
  const flags = readFlags(snapshot, options);
  const api = flags.gatewayApi ? convertGatewayApi(seen, mesh.domain) : { gateways: [], virtualServices: [] };
  const ingress = convertIngresses(seen, mesh);
  const { virtualServices, diagnostics } = readVirtualServices(seen, mesh, [...api.virtualServices, ...ingress.virtualServices]);
  const allocated = allocateAddresses(services);
  return {
    seen, mesh, flags, pods, entries,
    services: allocated, servicesOf: byHost(allocated),
    virtualServices,
    destinationRules: readDestinationRules(seen, mesh),
    peers: readPeerAuthentications(seen, mesh.rootNamespace),
    gateways: [...resourcesOf(seen, "Gateway", { group: "networking.istio.io" }), ...api.gateways, ...ingress.gateways].sort(byAge),
    sidecars: [...resourcesOf(seen, "Sidecar")].sort(byAge),
    locality, diagnostics,
    caveats: modelCaveats(seen, options),
  };
}
