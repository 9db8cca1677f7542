import type { Patch, PatchContext } from "./envoy-filters.ts";
import { insertInto, patchesFor } from "./envoy-filters.ts";
import { mergeMessage } from "./proto-merge.ts";
import type { Json } from "../types.ts";

/** Server ports that stand behind a port of a gateway pod. */
export type GatewayPorts = ReadonlyMap<number, ReadonlySet<number>>;

function configurationMatches(context: PatchContext, routes: Json, patch: Patch, ports: GatewayPorts | undefined): boolean {
  const match = patch.routeConfiguration;
  if (match === undefined) return true;
  const name = String(routes["name"]);
  if ((match.name ?? "") !== "" && match.name !== name) return false;
  const wanted = match.portNumber ?? 0;
  if (context !== "GATEWAY") {
    const port = name.startsWith("inbound|") ? Number(name.split("|")[1]) : /^\d+$/.test(name) ? Number(name) : 0;
    return wanted === 0 || wanted === port;
  }
  const parts = name.split(".");
  const [kind, number = "0", portName, gateway, namespace] = parts;
  const isHttps = kind === "https" && parts.length >= 5;
  const port = Number(number);
  if (wanted !== 0 && !(ports?.get(port)?.has(wanted) ?? port === wanted)) return false;
  if ((match.portName ?? "") !== "" && match.portName !== (isHttps ? portName : "")) return false;
  return (match.gateway ?? "") === "" || match.gateway === (isHttps ? `${namespace}/${gateway}` : "");
}

const hostMatches = (host: Json, patch: Patch): boolean => (patch.routeConfiguration?.vhost?.name ?? "") === "" || patch.routeConfiguration?.vhost?.name === host["name"];

const ACTIONS: Readonly<Record<string, string>> = { ROUTE: "route", REDIRECT: "redirect", DIRECT_RESPONSE: "directResponse" };

function routeMatches(route: Json, patch: Patch): boolean {
  const match = patch.routeConfiguration?.vhost?.route;
  if (match === undefined) return true;
  if ((match.name ?? "") !== "" && match.name !== route["name"]) return false;
  const field = ACTIONS[match.action ?? "ANY"];
  return field === undefined || route[field] !== undefined || Object.values(ACTIONS).every((other) => route[other] === undefined);
}

function patchHost(here: (applyTo: "VIRTUAL_HOST" | "HTTP_ROUTE") => readonly Patch[], host: Json): Json | undefined {
  let own = host;
  for (const patch of here("VIRTUAL_HOST").filter((entry) => hostMatches(own, entry))) {
    if (patch.operation === "REMOVE") return undefined;
    if (patch.operation === "MERGE") mergeMessage(own, patch.value);
    if (patch.operation === "REPLACE") own = structuredClone(patch.value);
  }
  const patches = here("HTTP_ROUTE").filter((patch) => hostMatches(own, patch));
  if (patches.length === 0) return own;
  const routes = ((own["routes"] ?? []) as Json[]).filter((route) => {
    for (const patch of patches) {
      if (!routeMatches(route, patch)) continue;
      if (patch.operation === "REMOVE") return false;
      if (patch.operation === "MERGE") mergeMessage(route, patch.value);
    }
    return true;
  });
  for (const patch of patches) {
    const named = patch.routeConfiguration?.vhost?.route !== undefined;
    if (patch.operation === "REPLACE") continue;
    if (patch.operation !== "INSERT_FIRST") insertInto(routes, patch, named, (route) => routeMatches(route, patch));
    else if (!named || routes.some((route) => routeMatches(route, patch))) routes.unshift(structuredClone(patch.value));
  }
  if (routes.length > 0) own["routes"] = routes;
  else delete own["routes"];
  return own;
}

/**
 * Applies EnvoyFilter patches to one route configuration; changes it in place.
 * @see istio 1.18 pilot/pkg/networking/core/v1alpha3/envoyfilter/rc_patch.go
 */
export function patchRouteConfiguration(patches: readonly Patch[], context: PatchContext, routes: Json, ports: GatewayPorts | undefined): void {
  for (const patch of patchesFor(patches, "ROUTE_CONFIGURATION", context)) {
    if (patch.operation === "MERGE" && configurationMatches(context, routes, patch, ports)) mergeMessage(routes, patch.value);
  }
  const here = (applyTo: "VIRTUAL_HOST" | "HTTP_ROUTE"): readonly Patch[] => patchesFor(patches, applyTo, context).filter((patch) => configurationMatches(context, routes, patch, ports));
  const hosts = ((routes["virtualHosts"] ?? []) as Json[]).flatMap((host) => patchHost(here, host) ?? []);
  const added = here("VIRTUAL_HOST").filter((patch) => patch.operation === "ADD").map((patch) => structuredClone(patch.value));
  if (hosts.length + added.length > 0) routes["virtualHosts"] = [...hosts, ...added];
  else delete routes["virtualHosts"];
}
