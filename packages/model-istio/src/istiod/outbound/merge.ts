import type { Origin } from "@hopscope/core";
import { connectionManager, HTTP_INSPECTOR, passthroughFilters, plaintextAlpn, rds, socket, TLS_INSPECTOR } from "../filter/filters.ts";
import type { Model } from "../model.ts";
import { isHttp, isTcp, listenerClass } from "../mesh/protocol.ts";
import type { Scope } from "../mesh/scope.ts";
import type { OutboundChain } from "../filter/tcp-chains.ts";
import { serviceChains } from "../filter/tcp-chains.ts";
import type { Json, MeshService, Port, Protocol, Proxy } from "../types.ts";
import { addressFor } from "../route/vhost-domains.ts";
import type { VirtualService } from "../route/virtual-service.ts";

interface Entry {
  readonly bind: string;
  readonly port: number;
  readonly bindToPort: boolean;
  /** Protocol of the port that made the listener. */
  servicePort: Protocol;
  /** What the listener serves: TCP, HTTP, or both where that is unsupported (sniffed). */
  protocol: Protocol;
  chains: OutboundChain[];
  inspectors: { tls: boolean; http: boolean };
  locked: boolean;
}
export type Listeners = Map<string, Entry>;

interface World { readonly model: Model; readonly proxy: Proxy; readonly scope: Scope; readonly wild: string; readonly listeners: Listeners }
interface Incoming { readonly service: MeshService; readonly port: Port; readonly bind: string; readonly bindToPort: boolean; readonly virtualServices: readonly VirtualService[]; readonly origin: Origin }

const matchKey = (chain: OutboundChain): string => (chain.match === undefined ? "" : JSON.stringify(chain.match));

/** Adds the chains whose condition no earlier chain has. */
function addDistinct(entry: Entry, chains: readonly OutboundChain[]): void {
  for (const chain of chains) if (!entry.chains.some((known) => matchKey(known) === matchKey(chain))) entry.chains.push(chain);
}

/** An HTTP chain that must now share its listener matches what HTTP sniffing finds. */
function sharing(model: Model, chain: OutboundChain): OutboundChain {
  const known = (chain.match?.["applicationProtocols"] as readonly string[] | undefined) ?? [];
  return { ...chain, match: { ...chain.match, applicationProtocols: [...known, ...plaintextAlpn(model).filter((name) => !known.includes(name))] } };
}

function httpChain(model: Model, { service, port, origin }: Incoming, { bind, wild, sniffed }: { readonly bind: string; readonly wild: string; readonly sniffed: "auto" | "wildcard" | "none" }): OutboundChain {
  const route = port.number === 0 ? bind : sniffed === "auto" && model.flags.sniffOutbound && bind !== wild ? `${service.host}:${port.number}` : String(port.number);
  const filters = [connectionManager(model, { kind: "outbound", protocol: port.protocol, statPrefix: `outbound_${bind}_${port.number}`, route: rds(route) })];
  return { filters, sni: false, origin, ...(sniffed === "none" ? {} : { match: { applicationProtocols: plaintextAlpn(model), transportProtocol: "raw_buffer" } }) };
}

/** The bind address of a TCP port: the service's own; a range makes it any address with a condition. */
function tcpBind({ proxy, wild }: World, { service, bind }: Incoming): { readonly bind: string; readonly cidr: string | undefined } {
  if (bind !== "") return { bind, cidr: undefined };
  const address = addressFor(service, proxy);
  if (address.includes("/")) return { bind: wild, cidr: address };
  return { bind: address === "0.0.0.0" && !service.kubernetes && wild === "::" ? "::" : address, cidr: undefined };
}

function tcpChains(world: World, incoming: Incoming, at: { readonly bind: string; readonly cidr: string | undefined }): readonly OutboundChain[] {
  const address = addressFor(incoming.service, world.proxy);
  return serviceChains(world.model, world.proxy, world.scope, { ...incoming, cidr: at.cidr, wildcard: at.bind === world.wild || address === "", addressless: address === "0.0.0.0" || address === "" || address.includes("/") });
}

/**
 * Adds one service port to the listeners, merging with what is there: the oldest service wins where both cannot be served.
 * @see istio 1.18 pilot/pkg/networking/core/v1alpha3/listener.go buildSidecarOutboundListenerForPortOrUDS
 */
export function mergeListener(world: World, incoming: Incoming): void {
  const { model, wild, listeners } = world;
  const { port, bindToPort } = incoming;
  const kind = port.protocol === "HTTP_PROXY" ? "http" : listenerClass(port.protocol, model.flags, "outbound");
  const sniff = model.flags.sniffOutbound;
  if (kind === "none") return;
  const at = kind === "http" ? { bind: incoming.bind === "" ? wild : incoming.bind, cidr: undefined } : tcpBind(world, incoming);
  const key = `${at.bind}:${port.number}`;
  const current = listeners.get(key);
  if (current?.locked === true) return;
  if (current !== undefined && !sniff && (kind === "http" || !isTcp(current.servicePort))) return;
  const fresh = (protocol: Protocol, chains: readonly OutboundChain[], http: boolean): void => {
    const inspectors = { tls: http || chains.some((chain) => chain.sni), http };
    listeners.set(key, { bind: at.bind, port: port.number, bindToPort, servicePort: port.protocol, protocol, chains: [...chains], inspectors, locked: false });
  };
  const clashes = current !== undefined && port.protocol !== current.protocol && [port.protocol, current.protocol].some((protocol) => protocol === "Mongo" || protocol === "MySQL");
  const inspect = (chains: readonly OutboundChain[], http: boolean): void => {
    if (current === undefined) return;
    current.inspectors.tls ||= http || chains.some((chain) => chain.sni);
    current.inspectors.http ||= http;
  };
  if (kind === "http") {
    const sniffed = sniff && at.bind === wild && port.protocol !== "HTTP_PROXY";
    const chain = httpChain(model, incoming, { bind: at.bind, wild, sniffed: sniffed ? "wildcard" : "none" });
    if (current === undefined) fresh(sniffed ? "UnsupportedProtocol" : port.protocol, [chain], sniffed);
    else if (port.protocol === "HTTP_PROXY") addDistinct(current, [chain]);
    else if (isTcp(current.protocol) && !clashes) {
      inspect([chain], sniffed);
      current.chains.push(sharing(model, chain));
      current.protocol = "UnsupportedProtocol";
    }
    return;
  }
  const chains = tcpChains(world, incoming, at);
  if (kind === "tcp") {
    if (current === undefined) { fresh(port.protocol, chains, false); return; }
    if (sniff && clashes) return;
    inspect(chains, false);
    if (sniff && isHttp(current.protocol)) {
      current.chains = [...chains, ...current.chains.map((chain) => sharing(model, chain))];
      current.protocol = "UnsupportedProtocol";
    } else addDistinct(current, chains);
    return;
  }
  const both = [...chains, httpChain(model, incoming, { bind: at.bind, wild, sniffed: "auto" })];
  if (current === undefined) fresh(port.protocol, both, true);
  else if (isHttp(current.protocol)) fresh("UnsupportedProtocol", both, true);
  else if (isTcp(current.protocol) && !clashes) {
    inspect(both, true);
    addDistinct(current, both);
    current.protocol = "UnsupportedProtocol";
  }
}

const chainJson = ({ match, filters, config }: OutboundChain): Json => ({ ...(match === undefined ? {} : { filterChainMatch: match }), filters, ...(config === undefined ? {} : { metadata: { filterMetadata: { istio: { config } } } }) });

/** Writes a listener; what no chain takes goes to the chain without a condition, or passes through (`appendListenerFallthroughRouteForCompleteListener`). */
export function finishListener(model: Model, scope: Scope, entry: Entry, origins: Map<string, Origin>): Json {
  const name = `${entry.bind}_${entry.port}`;
  const isOpen = (chain: OutboundChain): boolean => chain.match === undefined || Object.keys(chain.match).length === 0;
  const open = entry.chains.find(isOpen);
  const kept = open !== undefined && entry.chains.length > 1 ? entry.chains.filter((chain) => chain !== open) : entry.chains;
  const { tls, http } = entry.inspectors;
  for (const [index, chain] of kept.entries()) origins.set(`listener/${name}/chain/${index}`, chain.origin);
  const [first] = entry.chains;
  if (first !== undefined) origins.set(`listener/${name}`, first.origin);
  return {
    name, address: entry.bind.startsWith("unix://") ? { pipe: { path: entry.bind.slice("unix://".length) } } : socket(entry.bind, entry.port), trafficDirection: "OUTBOUND", filterChains: kept.map(chainJson),
    ...(entry.bindToPort ? {} : { bindToPort: false }),
    ...(open === undefined ? { defaultFilterChain: { name: "PassthroughFilterChain", filterChainMatch: {}, filters: passthroughFilters(scope) } } : kept === entry.chains ? {} : { defaultFilterChain: chainJson(open) }),
    ...(tls || http ? { listenerFilters: [...(tls ? [TLS_INSPECTOR] : []), ...(http ? [HTTP_INSPECTOR] : [])] } : {}),
    ...(http ? { listenerFiltersTimeout: model.mesh.protocolDetectionTimeout, continueOnListenerFiltersTimeout: true } : {}),
  };
}
