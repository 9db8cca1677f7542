import type { SocketAddress } from "@hopscope/core";
import { bitsOf, listenerSockets } from "./address.ts";
import type { Downstream } from "./downstream.ts";
import { flag, type Json, list, numberOf, object, text, typeOf } from "./json.ts";
import type { EnvoyConfig } from "./load.ts";

const isAny = (address: string): boolean => {
  const bits = bitsOf(address);
  return bits !== undefined && bits.value === 0n;
};
const same = (a: string, b: string): boolean => a === b || (bitsOf(a)?.value === bitsOf(b)?.value && bitsOf(a)?.width === bitsOf(b)?.width);

function find(listeners: readonly Json[], to: SocketAddress): Json | undefined {
  const at = (fits: (address: string) => boolean): Json | undefined => listeners.find((listener) => listenerSockets(listener).some((socket) => socket.port === to.port && fits(socket.address)));
  const width = bitsOf(to.address)?.width;
  return at((address) => same(address, to.address)) ?? at((address) => isAny(address) && bitsOf(address)?.width === width) ?? at((address) => isAny(address) && bitsOf(address)?.width === 128);
}

export interface PickedListener {
  readonly listener: Json;
  /** The listener whose socket took the connection, where it handed it over. */
  readonly acceptedBy?: Json;
  /** The connection's destination as filter chains see it. */
  readonly destination: SocketAddress;
}

const restores = (listener: Json, port: number): boolean =>
  flag(listener["use_original_dst"]) || list(listener["listener_filters"]).some((filter) => isFilter(filter, "original_dst") && !isDisabled(filter, port));

/** Whether a listener filter is the named one, by its type or, where that is absent, by its name. */
export function isFilter(filter: Json, name: string): boolean {
  const type = typeOf(filter["typed_config"]);
  return type === "" ? (text(filter["name"]) ?? "") === `envoy.filters.listener.${name}` : type.startsWith(`envoy.extensions.filters.listener.${name}.`);
}

/** A ListenerFilterChainMatchPredicate on the destination port. */
function predicateHolds(predicate: Json, port: number): boolean {
  if (predicate["any_match"] === true) return true;
  if (predicate["not_match"] !== undefined) return !predicateHolds(object(predicate["not_match"]), port);
  if (predicate["or_match"] !== undefined) return list(object(predicate["or_match"])["rules"]).some((rule) => predicateHolds(rule, port));
  if (predicate["and_match"] !== undefined) return list(object(predicate["and_match"])["rules"]).every((rule) => predicateHolds(rule, port));
  const range = object(predicate["destination_port_range"]);
  return port >= (numberOf(range["start"]) ?? 0) && port < (numberOf(range["end"]) ?? 0);
}

export const isDisabled = (filter: Json, port: number): boolean => filter["filter_disabled"] !== undefined && predicateHolds(object(filter["filter_disabled"]), port);

/**
 * Picks the listener for a connection: the one whose socket took it, or the one it is handed over to.
 *
 * A listener with `use_original_dst` hands a connection over, once, to the listener at exactly the original destination,
 * else to the one at the wildcard address of that port, else keeps it.
 *
 * @see Envoy 1.26, source/common/listener_manager/active_tcp_socket.cc
 */
export function pickListener(config: EnvoyConfig, downstream: Pick<Downstream, "local" | "original">): PickedListener | undefined {
  const bound = config.listeners.filter((listener) => listener["bind_to_port"] !== false && object(listener["deprecated_v1"])["bind_to_port"] !== false);
  const listener = find(bound, downstream.local);
  if (listener === undefined) return undefined;
  if (!restores(listener, downstream.original.port)) return { listener, destination: downstream.local };
  const destination = downstream.original;
  if (!flag(listener["use_original_dst"])) return { listener, destination };
  const next = destination.port === 0 ? undefined : find(config.listeners, destination);
  return next === undefined || next === listener ? { listener, destination } : { listener: next, acceptedBy: listener, destination };
}
