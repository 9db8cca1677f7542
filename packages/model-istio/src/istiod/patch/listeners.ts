import type { ListenerMatch, Patch, PatchContext } from "./envoy-filters.ts";
import { canonicalName, filterNamed, insertInto, patchesFor } from "./envoy-filters.ts";
import { patchRouteConfiguration } from "./routes.ts";
import { mergeMessage, mergePacked } from "./proto-merge.ts";
import type { Json } from "../types.ts";

const HTTP = "envoy.filters.network.http_connection_manager";
const isVirtual = (listener: Json): boolean => listener["name"] === "virtualInbound" || listener["name"] === "virtualOutbound";
const listOf = (message: Json, field: string): Json[] => (message[field] ??= []) as Json[];

function listenerMatches(listener: Json, match: ListenerMatch | undefined, applyTo: string): boolean {
  if (match === undefined) return true;
  if ((match.name ?? "") !== "" && match.name !== listener["name"]) return false;
  if (applyTo !== "LISTENER" && isVirtual(listener)) return true;
  const port = ((listener["address"] as Json | undefined)?.["socketAddress"] as Json | undefined)?.["portValue"];
  return (match.portNumber ?? 0) === 0 || match.portNumber === port;
}

function chainMatches(listener: Json, chain: Json, match: ListenerMatch | undefined): boolean {
  if (match === undefined) return true;
  const own = (chain["filterChainMatch"] ?? {}) as { readonly destinationPort?: number; readonly serverNames?: readonly string[]; readonly transportProtocol?: string };
  if (isVirtual(listener) && (match.portNumber ?? 0) > 0 && own.destinationPort !== match.portNumber) return false;
  const want = match.filterChain;
  if (want === undefined) return true;
  if ((want.name ?? "") !== "" && want.name !== chain["name"]) return false;
  if ((want.sni ?? "") !== "" && own.serverNames?.includes(want.sni ?? "") !== true) return false;
  if ((want.transportProtocol ?? "") !== "" && own.transportProtocol !== want.transportProtocol) return false;
  return (want.destinationPort ?? 0) === 0 || own.destinationPort === want.destinationPort;
}

/** Merges a filter's packed configuration; the patch's own type gives way to the filter's. */
function mergeFilter(filter: Json, value: Json): void {
  if (filter["typedConfig"] === undefined) return;
  if (value["typedConfig"] !== undefined) mergePacked(filter["typedConfig"] as Json, value["typedConfig"] as Json);
  filter["name"] = canonicalName(String(value["name"] ?? filter["name"]));
}

/** Drops every filter that bears the name of one that a patch removes. */
function removeNamed(filters: Json[], isRemoved: (filter: Json) => boolean): Json[] {
  const names = new Set(filters.filter(isRemoved).map((filter) => filter["name"]));
  return names.size === 0 ? filters : filters.filter((filter) => !names.has(filter["name"]));
}

interface Place { readonly patches: readonly Patch[]; readonly context: PatchContext; readonly listener: Json }

function patchHttpFilters({ patches, context, listener }: Place, chain: Json, manager: Json): void {
  const config = manager["typedConfig"] as Json;
  const named = (patch: Patch): boolean => patch.listener?.filterChain?.filter?.subFilter !== undefined;
  const here = patchesFor(patches, "HTTP_FILTER", context).filter((patch) => {
    const { filter } = patch.listener?.filterChain ?? {};
    return listenerMatches(listener, patch.listener, patch.applyTo) && chainMatches(listener, chain, patch.listener) && (filter === undefined || filterNamed(manager, filter.name));
  });
  const matches = (patch: Patch) => (filter: Json): boolean => !named(patch) || filterNamed(filter, patch.listener?.filterChain?.filter?.subFilter?.name);
  const filters = listOf(config, "httpFilters");
  for (const patch of here) insertInto(filters, patch, named(patch), matches(patch));
  config["httpFilters"] = removeNamed(filters, (filter) => here.some((patch) => {
    if (!matches(patch)(filter)) return false;
    if (patch.operation === "MERGE") mergeFilter(filter, patch.value);
    return patch.operation === "REMOVE";
  }));
  const inline = config["routeConfig"] as Json | undefined;
  if (inline !== undefined) patchRouteConfiguration(patches, context, inline, undefined);
}

function patchNetworkFilters(place: Place, chain: Json): void {
  const { patches, context, listener } = place;
  const named = (patch: Patch): boolean => patch.listener?.filterChain?.filter !== undefined;
  const here = patchesFor(patches, "NETWORK_FILTER", context).filter((patch) => listenerMatches(listener, patch.listener, patch.applyTo) && chainMatches(listener, chain, patch.listener));
  const matches = (patch: Patch) => (filter: Json): boolean => !named(patch) || filterNamed(filter, patch.listener?.filterChain?.filter?.name);
  const filters = listOf(chain, "filters");
  for (const patch of here) insertInto(filters, patch, named(patch), matches(patch));
  chain["filters"] = removeNamed(filters, (filter) => {
    for (const patch of here) {
      if (!matches(patch)(filter)) continue;
      if (patch.operation === "REMOVE") return true;
      if (patch.operation === "MERGE") mergeFilter(filter, patch.value);
    }
    if (filter["name"] === HTTP && filter["typedConfig"] !== undefined) patchHttpFilters(place, chain, filter);
    return false;
  });
}

/** Merges a chain; a transport socket of the same name is merged inside, and then nothing else is. */
function mergeChain(chain: Json, value: Json): void {
  const own = chain["transportSocket"] as Json | undefined;
  const other = value["transportSocket"] as Json | undefined;
  if (own !== undefined && other !== undefined && own["name"] === other["name"]) {
    if (own["typedConfig"] !== undefined && other["typedConfig"] !== undefined) mergePacked(own["typedConfig"] as Json, other["typedConfig"] as Json);
  } else mergeMessage(chain, value);
}

/** Patches one chain; tells whether a patch removes it. */
function patchChain(place: Place, chain: Json): boolean {
  const { patches, context, listener } = place;
  for (const patch of patchesFor(patches, "FILTER_CHAIN", context)) {
    if (!listenerMatches(listener, patch.listener, patch.applyTo) || !chainMatches(listener, chain, patch.listener)) continue;
    if (patch.operation === "REMOVE") return true;
    if (patch.operation === "MERGE") mergeChain(chain, patch.value);
  }
  patchNetworkFilters(place, chain);
  return false;
}

function patchListenerFilters({ patches, context, listener }: Place): void {
  const here = patchesFor(patches, "LISTENER_FILTER", context).filter((patch) => listenerMatches(listener, patch.listener, patch.applyTo));
  if (here.length === 0) return;
  const filters = listOf(listener, "listenerFilters");
  const named = (patch: Patch): boolean => (patch.listener?.listenerFilter ?? "") !== "";
  for (const patch of here) insertInto(filters, patch, named(patch), (filter) => filterNamed(filter, patch.listener?.listenerFilter));
  const gone = here.filter((patch) => patch.operation === "REMOVE" && named(patch));
  listener["listenerFilters"] = removeNamed(filters, (filter) => gone.some((patch) => filterNamed(filter, patch.listener?.listenerFilter)));
}

function patchListener(place: Place): boolean {
  const { patches, context, listener } = place;
  for (const patch of patchesFor(patches, "LISTENER", context)) {
    if (!listenerMatches(listener, patch.listener, patch.applyTo)) continue;
    if (patch.operation === "REMOVE") return true;
    if (patch.operation === "MERGE") mergeMessage(listener, patch.value);
  }
  patchListenerFilters(place);
  const chains = listOf(listener, "filterChains").filter((chain) => !patchChain(place, chain));
  const last = listener["defaultFilterChain"] as Json | undefined;
  if (last !== undefined && patchChain(place, last)) delete listener["defaultFilterChain"];
  const added = patchesFor(patches, "FILTER_CHAIN", context).filter((patch) => patch.operation === "ADD" && listenerMatches(listener, patch.listener, patch.applyTo));
  listener["filterChains"] = [...chains, ...added.map((patch) => structuredClone(patch.value))];
  return false;
}

/**
 * Applies EnvoyFilter patches to the listeners of one direction; changes them in place.
 * @see istio 1.18 pilot/pkg/networking/core/v1alpha3/envoyfilter/listener_patch.go
 */
export function patchListeners(patches: readonly Patch[], context: PatchContext, listeners: readonly Json[], skipAdds: boolean): Json[] {
  const kept = listeners.filter((listener) => !patchListener({ patches, context, listener }));
  const added = skipAdds ? [] : patchesFor(patches, "LISTENER", context).filter((patch) => patch.operation === "ADD" && (patch.context !== "ANY" || context !== "SIDECAR_INBOUND"));
  return [...kept, ...added.map((patch) => structuredClone(patch.value))];
}
