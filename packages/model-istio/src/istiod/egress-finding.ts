import type { Finding } from "@hopscope/core";
import type { Resource, Snapshot } from "@hopscope/model-kubernetes";
import { objectName, originOf, resourcesOf } from "@hopscope/model-kubernetes";
import { selects } from "./mesh/config-order.ts";
import { hostMatches } from "./mesh/host.ts";
import type { ServiceSpec } from "./mesh/kubernetes-services.ts";
import type { Model } from "./model.ts";
import type { Labels } from "./types.ts";
import type { VirtualService } from "./route/virtual-service.ts";
import type { Workload } from "./mesh/workloads.ts";

interface GatewaySpec { readonly selector?: Labels; readonly servers?: readonly { readonly hosts?: readonly string[] }[] }
interface RouteSpec { readonly to?: { readonly name?: string }; readonly alternateBackends?: readonly { readonly name?: string }[] }
interface PlaneSpec { readonly gateways?: { readonly additionalEgress?: Readonly<Record<string, unknown>> } }

/** Says whether the cluster's outside reaches a pod: through a Route, or a Service with a port of its own there. */
function openToOutside(snapshot: Pick<Snapshot, "resources">, model: Model, pod: Workload): boolean {
  return model.services.some((service) => {
    if (!service.kubernetes || service.namespace !== pod.namespace || service.selector === undefined || !selects(service.selector, pod.labels)) return false;
    const { type } = (service.resource.spec ?? {}) as ServiceSpec;
    if (type === "LoadBalancer" || type === "NodePort") return true;
    return resourcesOf(snapshot, "Route", { group: "route.openshift.io" }).some((route) => {
      const spec = (route.spec ?? {}) as RouteSpec;
      return route.metadata.namespace === service.namespace && [spec.to, ...(spec.alternateBackends ?? [])].some((target) => target?.name === service.name);
    });
  });
}

function servesEgress(snapshot: Pick<Snapshot, "resources">, model: Model, gateway: Resource, host: string): boolean {
  const { selector = {}, servers = [] } = (gateway.spec ?? {}) as GatewaySpec;
  if (selector["istio"] === "egressgateway") return true;
  if (selector["istio"] === "ingressgateway") return false;
  const pods = model.pods.filter((pod) => selects(selector, pod.labels));
  const named = new Set(["istio-egressgateway", ...resourcesOf(snapshot, "ServiceMeshControlPlane").flatMap((plane) => Object.keys(((plane.spec ?? {}) as PlaneSpec).gateways?.additionalEgress ?? {}))]);
  const ofEgress = (pod: Workload): boolean => named.has(pod.labels["app"] ?? "")
    || model.services.some((service) => service.kubernetes && named.has(service.name) && service.namespace === pod.namespace && service.selector !== undefined && selects(service.selector, pod.labels));
  if (pods.some(ofEgress)) return true;
  const names = servers.flatMap((server) => server.hosts ?? []).some((entry) => entry.slice(entry.indexOf("/") + 1) === host);
  return names && pods.length > 0 && !pods.some((pod) => openToOutside(snapshot, model, pod));
}

/** Finds a VirtualService that leads a ServiceEntry's host through an egress gateway which sidecars are not told of. */
export function bypassedEgress(snapshot: Pick<Snapshot, "resources">, model: Model, vs: VirtualService): readonly Finding[] {
  if (vs.gateways.includes("mesh") || vs.hosts.length === 0) return [];
  for (const entry of model.services) {
    if (entry.kubernetes || !vs.hosts.some((host) => hostMatches(host, entry.host))) continue;
    const egress = vs.gateways.find((name) => model.gateways.some((gateway) => `${gateway.metadata.namespace ?? ""}/${gateway.metadata.name}` === name && servesEgress(snapshot, model, gateway, entry.host)));
    if (egress === undefined) continue;
    return [{
      code: "mesh/egress-gateway-bypassed", severity: "warning", origin: originOf(vs.resource, "spec.gateways"),
      problem: `${objectName(vs.resource)} routes "${entry.host}" through Gateway "${egress}", but its gateways lack "mesh", so sidecars ignore it and connect to "${entry.host}" directly`,
      fix: `add "mesh" to spec.gateways and a route matching gateways: [mesh] whose destination is the egress gateway's Service, at a port that Service has`,
    }];
  }
  return [];
}
