import { bindDestination, bindSource, confirm, type Decision, type NatRange, type Outcome, type Packet, track, translateDestination, translateSource } from "@hopscope/core";
import type { HookView } from "../netfilter/matches.ts";
import type { TableName, Target } from "../netfilter/ruleset.ts";
import { type Hook, traverse, type Verdict } from "../netfilter/traverse.ts";
import { dropped, hostView, type Passage, record, rulesetFor } from "./passage.ts";
import { selectSource } from "./routing.ts";
import { listenerFor, receivingKey } from "./sockets.ts";

/** The interfaces a hook sees, and the next hop that MASQUERADE needs. @internal */
export interface Devices {
  readonly in?: string;
  readonly out?: string;
  readonly via?: string;
}
/** What stops a packet in a hook. @internal */
export type Stopped = { readonly type: "outcome"; readonly outcome: Outcome } | { readonly type: "reject"; readonly verdict: Extract<Verdict, { type: "reject" }> };

/** Runs raw, connection tracking, mangle and nat in PREROUTING. @internal */
export const prerouting = (passage: Passage, devices: Devices): Stopped | undefined => {
  const first = table(passage, "raw", "PREROUTING", devices) ?? connection(passage);
  return first ?? table(passage, "mangle", "PREROUTING", devices) ?? (passage.assigned === undefined ? nat(passage, "PREROUTING", devices) : undefined);
};

/** Runs raw, connection tracking and one table after the other in OUTPUT; `reroute` is called where the packet changed. @internal */
export function output(passage: Passage, devices: Devices, reroute: (before: Packet, after: "mangle" | "nat") => Stopped | undefined): Stopped | undefined {
  const first = table(passage, "raw", "OUTPUT", devices) ?? connection(passage);
  if (first !== undefined) return first;
  let before = passage.packet;
  const mangled = table(passage, "mangle", "OUTPUT", devices) ?? reroute(before, "mangle");
  if (mangled !== undefined) return mangled;
  before = passage.packet;
  return nat(passage, "OUTPUT", devices) ?? reroute(before, "nat") ?? filter(passage, "OUTPUT", devices);
}

export const input = (passage: Passage, devices: Devices): Stopped | undefined =>
  table(passage, "mangle", "INPUT", devices) ?? filter(passage, "INPUT", devices) ?? nat(passage, "INPUT", devices) ?? settle(passage);

export const forward = (passage: Passage, devices: Devices): Stopped | undefined => table(passage, "mangle", "FORWARD", devices) ?? filter(passage, "FORWARD", devices);

export const postrouting = (passage: Passage, devices: Devices): Stopped | undefined =>
  table(passage, "mangle", "POSTROUTING", devices) ?? nat(passage, "POSTROUTING", devices) ?? settle(passage);

const filter = (passage: Passage, hook: Hook, devices: Devices): Stopped | undefined => table(passage, "filter", hook, devices) ?? table(passage, "security", hook, devices);

/** Finds the packet's connection, unless it has one (loopback) or is not to be tracked. */
function connection(passage: Passage): undefined {
  if (passage.tracked !== undefined || rulesetFor(passage) === undefined) return undefined;
  passage.tracked = track(passage.state.conntrack, passage.packet, passage.zone);
  return undefined;
}

/** Writes what was learned about the connection into the table, where the packet leaves or arrives. */
function settle(passage: Passage): undefined {
  const found = passage.tracked?.connection;
  // An answer to a refused packet does not make the refused connection a known one.
  if (found === undefined || passage.isAnswer || passage.tracked?.state === "related") return undefined;
  passage.state = { ...passage.state, conntrack: confirm(passage.state.conntrack, found) };
  return undefined;
}

function viewOf(passage: Passage, devices: Devices): HookView {
  return { packet: passage.packet, inInterface: devices.in, outInterface: devices.out, tracked: passage.tracked, owned: passage.owned, host: hostView(passage), caveats: passage.caveats };
}

function table(passage: Passage, name: TableName, hook: Hook, devices: Devices): Stopped | undefined {
  const ruleset = rulesetFor(passage);
  if (ruleset === undefined) return undefined;
  const before = passage.packet;
  const view = viewOf(passage, devices);
  const done = traverse(ruleset, name, hook, view);
  if (done === undefined) return undefined;
  passage.packet = view.packet;
  passage.tracked = view.tracked;
  if (done.zone !== undefined) passage.zone = done.zone;
  if (done.notrack && passage.tracked === undefined) passage.tracked = { state: "untracked", direction: "original" };
  const { verdict } = done;
  const assigned = verdict.type === "tproxy" ? assign(passage, verdict.target, devices) : true;
  if (done.decisions.length > 0) record(passage, "netfilter", `${name}/${hook}`, before, done.decisions);
  if (!assigned && verdict.type === "tproxy") {
    return { type: "outcome", outcome: dropped(passage, `TPROXY found no transparent socket on port ${verdict.target.port}`, { origin: verdict.by.origin, code: "netfilter/tproxy-no-socket" }) };
  }
  return stopped(passage, verdict, `${name}/${hook}`);
}

function stopped(passage: Passage, verdict: Verdict, where: string): Stopped | undefined {
  switch (verdict.type) {
    case "accept":
    case "tproxy":
      return undefined;
    case "translate":
      return { type: "outcome", outcome: { type: "unknown", reason: `${where} has a translation, which only the nat table may have`, origin: verdict.by.origin } };
    case "drop": {
      const reason = verdict.by === undefined ? `the policy of ${where} is DROP` : `dropped in ${where} by "${verdict.by.text}"`;
      return { type: "outcome", outcome: dropped(passage, reason, { origin: verdict.by?.origin, code: "netfilter/drop" }) };
    }
    case "reject":
      return { type: "reject", verdict };
    case "unknown":
      return { type: "outcome", outcome: { type: "unknown", reason: `${where}: ${verdict.reason}`, origin: verdict.by.origin } };
  }
}

/** Gives the packet to a transparent listening socket and marks it; the addresses stay. */
function assign(passage: Passage, target: Extract<Target, { type: "tproxy" }>, devices: Devices): boolean {
  const { packet, on } = passage;
  const { ip, l4 } = packet;
  if (ip === undefined || l4 === undefined || l4.type === "icmp") return false;
  const mark = (((packet.local?.mark ?? 0) & ~target.mask) ^ target.value) >>> 0;
  const known = receivingKey(packet);
  const flow = known === undefined ? undefined : passage.state.flows.get(known);
  const given = target.address === undefined || ["0.0.0.0", "::"].includes(target.address) ? undefined : target.address;
  const address = given ?? selectSource(on.routing, devices.in ?? "lo", ip.dst) ?? ip.dst;
  const listener = listenerFor(on.namespace.sockets, l4.type, address, target.port === 0 ? l4.dst : target.port);
  if (!(flow ?? listener)?.transparent) return false;
  passage.packet = { ...packet, local: { ...packet.local, mark } };
  if (flow === undefined && listener !== undefined) passage.assigned = { address, port: listener.port };
  return true;
}

/**
 * Translates addresses at one hook. The rules are asked once per connection and side; afterwards the decision stands.
 *
 * @see Linux 5.14, net/netfilter/nf_nat_core.c nf_nat_inet_fn, nf_nat_packet
 */
function nat(passage: Passage, hook: Hook, devices: Devices): Stopped | undefined {
  const ruleset = rulesetFor(passage);
  const { tracked } = passage;
  if (ruleset === undefined || tracked?.connection === undefined) return undefined;
  const side = hook === "PREROUTING" || hook === "OUTPUT" ? "destination" : "source";
  const before = passage.packet;
  const decisions: Decision[] = [];
  const bound = side === "destination" ? tracked.connection.destinationBound : tracked.connection.sourceBound;
  let stop: Stopped | undefined;
  if (tracked.state === "new" && tracked.direction === "original" && !bound) {
    const done = traverse(ruleset, "nat", hook, viewOf(passage, devices));
    decisions.push(...(done?.decisions ?? []));
    const verdict: Verdict = done?.verdict ?? { type: "accept" };
    const range = verdict.type === "translate" ? rangeOf(passage, verdict, hook, devices) : {};
    if (verdict.type !== "translate" && verdict.type !== "accept") stop = stopped(passage, verdict, `nat/${hook}`);
    else if (range === undefined) stop = { type: "outcome", outcome: { type: "unknown", reason: `nat/${hook}: no address to translate to`, origin: verdict.by?.origin } };
    else {
      const bind = side === "destination" ? bindDestination : bindSource;
      passage.tracked = { ...tracked, connection: bind(passage.state.conntrack, tracked.connection, range) };
    }
  }
  const { connection: found, direction } = passage.tracked ?? tracked;
  if (stop === undefined && found !== undefined) passage.packet = (side === "destination" ? translateDestination : translateSource)(passage.packet, found, direction);
  if (decisions.length === 0 && passage.packet !== before) {
    decisions.push({ table: "conntrack", rule: "the connection's translation", verdict: direction === "reply" ? "undone for the reply" : "applied", origin: passage.on.origin });
  }
  if (decisions.length > 0) record(passage, "netfilter", `nat/${hook}`, before, decisions, passage.packet === before ? [] : [{ key: bound ? "iptables_redirect_established" : "iptables_redirect_new" }]);
  return stop;
}

function rangeOf(passage: Passage, verdict: Extract<Verdict, { type: "translate" }>, hook: Hook, devices: Devices): NatRange | undefined {
  const { target } = verdict;
  const { ip } = passage.packet;
  const { routing } = passage.on;
  switch (target.type) {
    case "redirect": {
      const loopback = ip?.version === 6 ? "::1" : "127.0.0.1";
      const address = hook === "OUTPUT" || devices.in === "lo" ? loopback : firstAddress(passage, devices.in);
      return address === undefined ? undefined : { address, ports: target.ports };
    }
    case "masquerade": {
      const address = selectSource(routing, devices.out ?? "", devices.via ?? ip?.dst ?? "", "global");
      return address === undefined ? undefined : { address, ports: target.ports };
    }
    case "dnat":
    case "snat": {
      const { addresses, ports } = target;
      if (addresses !== undefined && addresses.first !== addresses.last) {
        passage.caveats.push({ code: "netfilter/address-range", problem: `"${target.to}" is a range of addresses; the kernel picks by a hash, here the first was taken`, origin: verdict.by.origin });
      }
      return { address: addresses?.first, ports };
    }
  }
}

function firstAddress(passage: Passage, dev: string | undefined): string | undefined {
  const v6 = passage.packet.ip?.version === 6;
  const own = passage.on.routing.interfaces.find(({ name }) => name === dev)?.addresses.find((address) => address.includes(":") === v6);
  return own?.split("/")[0];
}
