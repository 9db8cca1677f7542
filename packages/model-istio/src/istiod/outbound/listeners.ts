import type { Origin } from "@hopscope/core";
import { portOrigin } from "../mesh/port-origin.ts";
import type { Listeners } from "./merge.ts";
import { finishListener, mergeListener } from "./merge.ts";
import { passthroughFilters, socket, stats, tcpProxy } from "../filter/filters.ts";
import type { Model } from "../model.ts";
import { localhostOf, wildcardOf } from "../inbound/ports.ts";
import { isHttp, isTcp, parseProtocol } from "../mesh/protocol.ts";
import type { EgressListener, Scope } from "../mesh/scope.ts";
import type { Json, MeshService, Port, Proxy } from "../types.ts";
import { addressFor } from "../route/vhost-domains.ts";

function virtualOutbound(model: Model, proxy: Proxy, scope: Scope, wild: string): Json {
  const port = model.mesh.proxyListenPort;
  return {
    name: "virtualOutbound", address: socket(wild, port), trafficDirection: "OUTBOUND", useOriginalDst: true,
    ...(proxy.interceptionMode === "TPROXY" ? { transparent: true } : {}),
    filterChains: [
      { name: "virtualOutbound-blackhole", filterChainMatch: { destinationPort: port }, filters: [stats(false), tcpProxy("BlackHoleCluster")] },
      { name: "virtualOutbound-catchall-tcp", filters: passthroughFilters(scope) },
    ],
  };
}

interface World { readonly model: Model; readonly proxy: Proxy; readonly scope: Scope; readonly wild: string; readonly reserved: ReadonlySet<number>; readonly listeners: Listeners }

/** Says whether the proxy's own status or metrics listener stands where this one would. */
function isTaken({ reserved, wild }: World, bind: string, port: Port): boolean {
  if (bind !== "" ? bind !== wild : !isHttp(port.protocol)) return false;
  return reserved.has(port.number);
}

const cannotBind = ({ proxy, reserved }: World, bindToPort: boolean, port: number): boolean => bindToPort && ((port < 1024 && proxy.type === "router" && proxy.unprivileged !== false) || reserved.has(port));

/** Where a service's listener binds, per endpoint for those without an address of which the endpoints are (`listener.go buildSidecarOutboundListeners`). */
function bindsOf({ proxy }: World, service: MeshService, port: Port, bind: string): readonly string[] {
  const headless = bind === "" && service.resolution === "passthrough" && addressFor(service, proxy) === "0.0.0.0" && (isTcp(port.protocol) || port.protocol === "UnsupportedProtocol");
  if (!headless) return [bind];
  const endpoints = [...service.endpoints, ...(service.unready ?? [])].filter((endpoint) => endpoint.servicePort === port.number);
  if (!service.kubernetes && endpoints.length === 0 && service.selector === undefined) return [bind];
  return endpoints.map((endpoint) => endpoint.address).filter((address) => /^[\d.]+$|:.*:/.test(address) && address !== proxy.ips[0]);
}

function egress(world: World, listener: EgressListener): void {
  const { proxy, listeners } = world;
  const captured = proxy.interceptionMode !== "NONE" && listener.captureMode !== "NONE" && listener.bind?.startsWith("unix://") !== true;
  const bindToPort = !captured;
  const bind = listener.bind !== undefined && listener.bind !== "" ? listener.bind : bindToPort ? localhostOf(world.proxy) : "";
  const put = (service: MeshService, port: Port, at: string): void => mergeListener(world, { service, port, bind: at, bindToPort, virtualServices: listener.virtualServices, origin: portOrigin(service, port.number) });
  if (listener.port !== undefined) {
    const port: Port = { number: listener.port.number, name: listener.port.name ?? "", protocol: parseProtocol(listener.port.protocol ?? "") };
    if (cannotBind(world, bindToPort, port.number) || isTaken(world, bind, port)) return;
    for (const service of listener.services) put(service, port, bind);
    return;
  }
  for (const entry of listeners.values()) entry.locked = true;
  for (const service of listener.services) {
    for (const port of service.ports) {
      if (cannotBind(world, bindToPort, port.number) || isTaken(world, bind, port)) continue;
      for (const at of bindsOf(world, service, port, bind)) put(service, port, at);
    }
  }
}

/**
 * The listeners a sidecar's outbound traffic is handed to, and virtualOutbound.
 * @see istio 1.18 pilot/pkg/networking/core/v1alpha3/listener.go buildSidecarOutboundListeners
 */
export function outboundListeners(model: Model, proxy: Proxy, scope: Scope, origins: Map<string, Origin>): readonly Json[] {
  const wild = wildcardOf(proxy);
  const world: World = { model, proxy, scope, wild, reserved: new Set(proxy.reservedPorts ?? [15021, 15090]), listeners: new Map() };
  for (const listener of scope.egress) egress(world, listener);
  const finished = [...world.listeners.values()].map((entry) => finishListener(model, scope, entry, origins));
  if (proxy.interceptionMode === "NONE") return finished;
  origins.set("listener/virtualOutbound", { object: "virtualOutbound" });
  return [...finished, virtualOutbound(model, proxy, scope, wild)];
}
