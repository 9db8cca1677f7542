import { hostIsSubset, mostSpecificHost } from "../mesh/host.ts";
import type { MeshService } from "../types.ts";
import type { VirtualService } from "./virtual-service.ts";

/**
 * For each service the VirtualService whose host fits it best: its own name, else the longest wildcard; the first of equals. With `oldest` simply the first that fits.
 * @see istio 1.18 pilot/pkg/model/sidecar.go computeWildcardHostVirtualServiceIndex
 */
export function mostSpecificVirtualServices(virtualServices: readonly VirtualService[], services: readonly MeshService[], oldest: boolean): ReadonlyMap<string, VirtualService> {
  const byHost = new Map<string, VirtualService>();
  for (const vs of virtualServices) for (const host of vs.hosts) if (!byHost.has(host)) byHost.set(host, vs);
  const hosts = [...byHost.keys()];
  const out = new Map<string, VirtualService>();
  for (const service of services) {
    const best = mostSpecificHost(service.host, hosts);
    const vs = best === undefined ? undefined : oldest ? virtualServices.find((entry) => entry.hosts.some((host) => hostIsSubset(service.host, host))) : byHost.get(best);
    if (vs !== undefined) out.set(service.host, vs);
  }
  return out;
}
