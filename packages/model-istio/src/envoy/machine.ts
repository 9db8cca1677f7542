import { isObject, type Json, object, text } from "./json.ts";
import type { Downstream } from "./downstream.ts";
import { type PickedChain, pickFilterChain } from "./filter-chain.ts";
import { serveHttp } from "./http.ts";
import { inspect } from "./inspect.ts";
import { isDisabled, isFilter, pickListener, type PickedListener } from "./listener.ts";
import { list } from "./json.ts";
import { type Established, type Run, type Verdict, verdict } from "./run.ts";
import { isNetworkFilter, networkFilters, networkAuthorizer, networkRbac, proxyTcp } from "./tcp.ts";
import { type Handshake, handshake } from "./tls.ts";

/** What became of a connection before its payload is looked at. */
export interface Admission {
  readonly picked: PickedListener;
  readonly chain: PickedChain;
  readonly handshake?: Handshake;
  readonly established?: Established;
}

const name = (resource: Json | undefined): string => text(resource?.["name"]) ?? "";

/**
 * Takes a connection in: listener, hand-over, listener filters, filter chain, TLS handshake.
 * `undefined` where no listener stands at the address.
 */
export function admit(run: Run, downstream: Downstream): Admission | undefined {
  const picked = pickListener(run.config, downstream);
  if (picked === undefined) return undefined;
  const { listener, acceptedBy, destination } = picked;
  run.note("listener", { table: "listener", rule: name(listener), verdict: acceptedBy === undefined ? "accepts" : `accepts, handed over by ${name(acceptedBy)}` }, listener);
  reportUnknown(run, listener);
  const detected = inspect(listener, downstream, destination.port);
  const chain = pickFilterChain(listener, { source: downstream.source, destination, detected });
  if (chain.type === "none") {
    run.note("filter chain", { table: `filter chains of ${name(listener)}`, rule: chain.level, verdict: `no filter chain matches (${chain.level})` }, chain.lost[0] ?? listener);
    return { picked, chain };
  }
  run.note("filter chain", { table: `filter chains of ${name(listener)}`, rule: name(chain.chain) || describeMatch(chain.chain), verdict: chain.by === "default" ? "default filter chain" : "matches" }, chain.chain);
  const shake = handshake(chain.chain, downstream);
  const restored = [listener, acceptedBy].some((item) => item !== undefined && (item["use_original_dst"] === true || list(item["listener_filters"]).some((filter) => isFilter(filter, "original_dst") && !isDisabled(filter, destination.port))));
  const established: Established = {
    source: downstream.source,
    destination,
    restored: restored ? destination : undefined,
    sni: detected.sni,
    tls: shake.type === "tls",
    alpn: shake.type === "tls" ? shake.alpn : undefined,
    peer: shake.type === "tls" ? shake.peer : undefined,
    chain: name(chain.chain),
  };
  return { picked, chain, handshake: shake, established };
}

const LISTENER_FILTERS = ["original_dst", "tls_inspector", "http_inspector"];

/** What of a listener is read and not followed. */
function reportUnknown(run: Run, listener: Json): void {
  if (listener["filter_chain_matcher"] !== undefined) run.caveat({ code: "envoy/filter-chain-matcher", problem: `listener "${name(listener)}" picks its filter chain by a matcher tree, which is not modelled; the chains' own conditions were used` });
  for (const filter of list(listener["listener_filters"])) {
    if (!LISTENER_FILTERS.some((known) => isFilter(filter, known))) run.caveat({ code: "envoy/listener-filter", problem: `listener filter "${name(filter)}" of listener "${name(listener)}" is not modelled; connections pass it unchanged` });
  }
}

/** A filter chain's conditions in words, for chains without a name. */
function describeMatch(chain: Json): string {
  const parts = Object.entries(object(chain["filter_chain_match"])).map(([field, value]) => `${field} ${typeof value === "object" ? JSON.stringify(value) : String(value)}`);
  return parts.length === 0 ? "every connection" : parts.join(", ");
}

/** Finds the connection manager of a filter chain, if it serves HTTP. */
export const managerOf = (chain: Json): Json | undefined => {
  const filter = networkFilters(chain).find((item) => isNetworkFilter(item, "http_connection_manager"));
  return filter === undefined ? undefined : object(filter["typed_config"]);
};

/** Runs what an admitted connection carries through the network filters of its chain. */
export function serve(run: Run, admission: Admission, downstream: Downstream): Verdict {
  const { chain, established, handshake: shake } = admission;
  if (chain.type === "none" || established === undefined || shake === undefined) return verdict("none", { flags: ["NR"], details: "filter_chain_not_found", closed: "no filter chain matches" });
  let denied: string | undefined;
  let watched: Json = {};
  let sniCluster = false;
  let unknown: string | undefined;
  const failed = shake.type === "failed" ? shake.reason : undefined;
  for (const filter of networkFilters(chain.chain)) {
    const config = object(filter["typed_config"]);
    if (isNetworkFilter(filter, "rbac")) {
      const answer = networkRbac(run, filter, established);
      denied = denied ?? answer.denied;
      watched = { ...watched, ...answer.metadata };
    } else if (isNetworkFilter(filter, "ext_authz")) networkAuthorizer(run, filter, { "envoy.filters.network.rbac": watched });
    else if (isNetworkFilter(filter, "sni_cluster")) sniCluster = true;
    else if (isNetworkFilter(filter, "tcp_proxy")) {
      const end = proxyTcp(run, config, established, sniCluster);
      if (failed !== undefined) return { ...end, closed: failed };
      return denied === undefined || end.flags.length > 0 ? end : { ...end, details: denied, closed: "denied by RBAC" };
    } else if (isNetworkFilter(filter, "http_connection_manager")) {
      if (failed !== undefined) return verdict("http", { closed: failed, routeConfig: name(isObject(config["route_config"]) ? config["route_config"] : undefined) });
      if (denied !== undefined) return verdict("http", { details: denied, closed: "denied by RBAC" });
      return serveHttp(run, config, established, shake.type === "cipher" ? undefined : downstream.http);
    } else if (isNetworkFilter(filter, "direct_response")) return verdict("tcp", failed === undefined ? { details: "direct_response" } : { closed: failed });
    else if (isNetworkFilter(filter, "echo")) return denied !== undefined ? verdict("tcp", { details: denied, closed: "denied by RBAC" }) : verdict("tcp", failed === undefined ? {} : { closed: failed });
    else if (passUnknown(run, filter)) unknown = name(filter);
  }
  return verdict("none", unknown === undefined ? { closed: "the filter chain has no terminal filter" } : { unknown: `network filter "${unknown}" is not modelled` });
}

const HARMLESS = /metadata_?exchange|\.?stats\b|peer_metadata|istio_authn|authn/i;

/** Tells whether the filter is one that may matter. */
function passUnknown(run: Run, filter: Json): boolean {
  const type = text(object(filter["typed_config"])["@type"]) ?? "";
  if (HARMLESS.test(`${name(filter)} ${type}`)) return false;
  run.caveat({ code: "envoy/network-filter", problem: `network filter "${name(filter)}" is not modelled; connections pass it unchanged` });
  return true;
}
