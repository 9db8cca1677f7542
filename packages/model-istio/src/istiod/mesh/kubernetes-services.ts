import type { Resource, Snapshot } from "@hopscope/model-kubernetes";
import { resourcesOf } from "@hopscope/model-kubernetes";
import { selects } from "./config-order.ts";
import { selectProtocol } from "./protocol.ts";
import type { Endpoint, Labels, MeshConfig, MeshService, Port } from "../types.ts";
import type { Workload } from "./workloads.ts";
import { targetPortOn } from "./workloads.ts";

export interface ServicePortSpec {
  readonly name?: string;
  readonly port: number;
  readonly protocol?: string;
  readonly targetPort?: number | string;
  readonly appProtocol?: string;
}

export interface ServiceSpec {
  readonly type?: string;
  readonly clusterIP?: string;
  readonly clusterIPs?: readonly string[];
  readonly selector?: Labels;
  readonly ports?: readonly ServicePortSpec[];
  readonly externalName?: string;
  readonly publishNotReadyAddresses?: boolean;
}

interface Slice extends Resource {
  readonly ports?: readonly { readonly name?: string; readonly port?: number; readonly protocol?: string }[];
  readonly endpoints?: readonly {
    readonly addresses?: readonly string[];
    readonly conditions?: { readonly ready?: boolean };
    readonly nodeName?: string;
    readonly targetRef?: { readonly kind?: string; readonly name?: string; readonly namespace?: string };
  }[];
}

const endpointOf = (workload: Workload, port: number, service: { readonly number: number; readonly name: string }): Endpoint => ({
  address: workload.address, port, servicePort: service.number, portName: service.name, labels: workload.labels, tlsMode: workload.tlsMode, namespace: workload.namespace,
  workload: workload.name, known: workload.pod, locality: workload.locality, weight: workload.weight === 0 ? 1 : workload.weight,
  ...(workload.serviceAccount === undefined ? {} : { serviceAccount: workload.serviceAccount }),
  ...(workload.network === undefined ? {} : { network: workload.network }),
  ...(workload.host === undefined ? {} : { host: workload.host }),
  ...(workload.subdomain === undefined ? {} : { subdomain: workload.subdomain }),
});

function sliceEndpoints(slices: readonly Slice[], service: Resource, ports: readonly ServicePortSpec[], pods: ReadonlyMap<string, Workload>, { locality, ready }: { readonly locality: (node: string | undefined, labels: Labels) => string; readonly ready: boolean }): Endpoint[] {
  const out: Endpoint[] = [];
  const seen = new Set<string>();
  const namespace = service.metadata.namespace ?? "default";
  for (const slice of slices) {
    for (const endpoint of slice.endpoints ?? []) {
      if ((endpoint.conditions?.ready !== false) !== ready) continue;
      for (const address of endpoint.addresses ?? []) {
        const pod = pods.get(address);
        for (const port of slice.ports ?? []) {
          const matching = ports.find((entry) => (entry.name ?? "") === (port.name ?? ""));
          if (matching === undefined || port.port === undefined) continue;
          const key = `${address}:${port.port}/${matching.port}`;
          if (seen.has(key)) continue;
          seen.add(key);
          out.push(pod !== undefined
            ? endpointOf(pod, port.port, { number: matching.port, name: matching.name ?? "" })
            : { address, port: port.port, servicePort: matching.port, portName: matching.name ?? "", labels: {}, tlsMode: "disabled", namespace, workload: "", known: true, locality: locality(endpoint.nodeName, {}), weight: 1 });
        }
      }
    }
  }
  return out;
}

/**
 * Reads Kubernetes Services into istiod's registry.
 * @see istio 1.18 pkg/config/kube and pilot/pkg/serviceregistry/kube/conversion.go ConvertService
 */
export function kubernetesServices(
  snapshot: Pick<Snapshot, "resources">,
  mesh: MeshConfig,
  world: { readonly pods: readonly Workload[]; readonly entries: readonly Workload[]; readonly locality: (node: string | undefined, labels: Labels) => string },
): readonly MeshService[] {
  const podsByAddress = new Map(world.pods.map((pod) => [pod.address, pod]));
  const slices = new Map<string, Slice[]>();
  for (const slice of resourcesOf(snapshot, "EndpointSlice") as readonly Slice[]) {
    const key = `${slice.metadata.namespace ?? "default"}/${slice.metadata.labels?.["kubernetes.io/service-name"] ?? ""}`;
    slices.set(key, [...(slices.get(key) ?? []), slice]);
  }
  return resourcesOf(snapshot, "Service").filter((r) => r.apiVersion === "v1").map((resource): MeshService => {
    const spec = (resource.spec ?? {}) as ServiceSpec;
    const { name, namespace = "default" } = resource.metadata;
    const host = `${name}.${namespace}.svc.${mesh.domain}`;
    const specPorts = spec.ports ?? [];
    const ports = specPorts.map((port): Port => ({ name: port.name ?? "", number: port.port, protocol: selectProtocol(port.port, port.name, port.protocol, port.appProtocol) }));
    const external = spec.type === "ExternalName" && (spec.externalName ?? "") !== "";
    const headless = !external && spec.clusterIP === "None";
    const addresses = spec.clusterIP === undefined || spec.clusterIP === "None" || spec.clusterIP === "" || external ? [] : (spec.clusterIPs ?? [spec.clusterIP]);
    const endpoints: Endpoint[] = external
      ? ports.map((port) => ({ address: spec.externalName ?? "", port: port.number, servicePort: port.number, portName: port.name, labels: {}, tlsMode: "disabled", namespace, workload: "", locality: "", weight: 1 }))
      : sliceEndpoints(slices.get(`${namespace}/${name}`) ?? [], resource, specPorts, podsByAddress, { locality: world.locality, ready: true });
    if (!external && Object.keys(spec.selector ?? {}).length > 0) {
      for (const entry of world.entries) {
        if (entry.namespace !== namespace || !selects(spec.selector, entry.labels)) continue;
        for (const port of specPorts) {
          const target = entry.ports[port.name ?? ""] ?? targetPortOn(entry, { ...port, targetPort: typeof port.targetPort === "number" ? port.targetPort : port.port });
          if (target !== undefined) endpoints.push(endpointOf(entry, target, { number: port.port, name: port.name ?? "" }));
        }
      }
    }
    const unready = external ? [] : sliceEndpoints(slices.get(`${namespace}/${name}`) ?? [], resource, specPorts, podsByAddress, { locality: world.locality, ready: false });
    const annotation = resource.metadata.annotations?.["networking.istio.io/exportTo"];
    return {
      host, name, namespace, ports,
      address: addresses[0] ?? "0.0.0.0",
      addresses: addresses.length === 0 ? ["0.0.0.0"] : addresses,
      resolution: external ? "dns" : headless ? "passthrough" : "client",
      external, kubernetes: true, headless,
      exportTo: annotation === undefined ? mesh.defaultServiceExportTo : annotation.split(",").map((entry) => entry.trim()),
      ...(spec.selector === undefined ? {} : { selector: spec.selector }),
      ...(unready.length === 0 ? {} : { unready }),
      endpoints, resource, path: "spec",
    };
  });
}

export { endpointOf };
