import type { Caveat, Choose, Decision, Origin, Outcome, Packet, Step, Term, Tracked } from "@hopscope/core";
import { emptyConntrack } from "@hopscope/core";
import type { HostView } from "../netfilter/matches.ts";
import { parseRuleset } from "../netfilter/parse.ts";
import type { Ruleset } from "../netfilter/ruleset.ts";
import type { NamespaceState, NetworkNamespace } from "./namespace.ts";
import { addressType, type Routing, routingOf } from "./routing.ts";
import { isUnbound, listenerFor, receivingKey } from "./sockets.ts";

/** A namespace made ready for packets. @internal */
export interface Prepared {
  readonly namespace: NetworkNamespace;
  readonly place: string;
  readonly origin: Origin;
  readonly routing: Routing;
  readonly rulesets: { readonly 4?: Ruleset; readonly 6?: Ruleset };
  readonly caveats: readonly Caveat[];
}

export function prepare(namespace: NetworkNamespace): Prepared {
  const { netfilter, id } = namespace;
  const place = namespace.place ?? id;
  const caveats: Caveat[] = [];
  const read = (text: string | undefined, family: 4 | 6): Ruleset | undefined => {
    if (text === undefined || text.trim() === "") return undefined;
    const { ruleset, diagnostics } = parseRuleset(text, { family, object: `${family === 4 ? "iptables" : "ip6tables"} of ${place}`, file: netfilter?.file });
    for (const { problem, origin } of diagnostics) caveats.push({ code: "netfilter/rule-not-read", problem, origin });
    return ruleset;
  };
  const [v4, v6] = [read(netfilter?.v4, 4), read(netfilter?.v6, 6)];
  const rulesets = { ...(v4 === undefined ? {} : { 4: v4 }), ...(v6 === undefined ? {} : { 6: v6 }) };
  return { namespace, place, origin: namespace.origin ?? { object: place }, routing: routingOf(namespace), rulesets, caveats };
}

/** One visit of one packet: everything that changes while the packet passes through the namespace. @internal */
export interface Passage {
  readonly on: Prepared;
  readonly choose: Choose;
  readonly steps: Step[];
  readonly caveats: Caveat[];
  state: NamespaceState;
  packet: Packet;
  tracked: Tracked | undefined;
  zone: number;
  /** The packet has a sending socket of this namespace. */
  owned: boolean;
  /** Port of the listening socket that TPROXY assigned. */
  assigned: { readonly address: string; readonly port: number } | undefined;
  /** The packet is an answer to a refused one, and gets none itself. */
  readonly isAnswer: boolean;
}

export const startState: NamespaceState = { conntrack: emptyConntrack, flows: new Map() };

export function rulesetFor(passage: Passage): Ruleset | undefined {
  const version = passage.packet.ip?.version;
  return version === undefined ? undefined : passage.on.rulesets[version];
}

export function hostView(passage: Passage): HostView {
  const { on } = passage;
  return {
    addressType: (address, onInterface) => addressType(on.routing, address, onInterface),
    socketFor: (packet) => {
      const key = receivingKey(packet);
      const flow = key === undefined ? undefined : passage.state.flows.get(key);
      if (flow !== undefined) return { transparent: flow.transparent, wildcard: false, mark: flow.mark };
      const { ip, l4 } = packet;
      if (ip === undefined || l4 === undefined || l4.type === "icmp") return undefined;
      const socket = listenerFor(on.namespace.sockets, l4.type, ip.dst, l4.dst);
      return socket === undefined ? undefined : { transparent: socket.transparent ?? false, wildcard: isUnbound(socket) };
    },
    choose: passage.choose,
  };
}

/** Records one step; `before` is the packet as it came. */
export function record(passage: Passage, system: "netfilter" | "host", stage: string, before: Packet, decisions: readonly Decision[], terms: readonly Term[] = []): void {
  const { on } = passage;
  passage.steps.push({ system, node: on.namespace.node, place: on.place, stage, before, after: passage.packet, decisions, terms });
}

export const dropped = (passage: Passage, reason: string, options: { origin?: Origin; code?: string } = {}): Outcome => ({
  type: "drop",
  reason,
  origin: options.origin ?? passage.on.origin,
  ...(options.code === undefined ? {} : { code: options.code }),
});

/** A refusal that is to be answered. `with` is a REJECT type as iptables names it, `time-exceeded`, or `default`: port unreachable. @internal */
export interface Refusal {
  readonly type: "answer";
  readonly reason: string;
  readonly origin: Origin;
  readonly code: string;
  readonly with: string;
}
/** How one direction of a passage ended: with an outcome, on `lo` (to be received again), or refused. @internal */
export type Next = Outcome | { readonly type: "loopback" } | Refusal;
