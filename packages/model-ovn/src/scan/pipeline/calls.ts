import { bindDestination, bindSource, confirm, type Direction, lookup, type NatRange, track, type Tracked, type TrackedConnection, translate } from "@hopscope/core";
import type { Action } from "../actions/parse.ts";
import { readField, writeField } from "../expr/evaluate.ts";
import { macValue } from "../expr/lex.ts";
import { symbolOf } from "../expr/symbols.ts";
import { ip4Text, ip6Text, macText } from "./packet-fields.ts";
import { neighbourKey } from "./tables.ts";
import { current, end, neighbour, type OvnRun, take, type Travel } from "./travel.ts";

type Call = Extract<Action, { type: "call" }>;

const CT = { new: 1n, est: 2n, rel: 4n, rpl: 8n, inv: 16n, trk: 32n, snat: 64n, dnat: 128n };

/** The connection-tracking zone of the port (switch) or of the translation (router) that an action works in. */
function zoneFor(run: OvnRun, travel: Travel, kind: "port" | "dnat" | "snat"): number {
  const { name, type } = travel.datapath.row;
  if (type === "router") return run.zoneOf(`${kind === "snat" ? "snat" : "dnat"} ${name}`);
  if (kind === "snat") return run.zoneOf(`snat ${name}`);
  return run.zoneOf(travel.pipeline === "ingress" ? travel.fields.inport : travel.fields.outport);
}

/**
 * Tracks the packet in a zone. A connection found in the same zone before, within this datapath, is still the packet's.
 *
 * @see Linux 5.14, net/openvswitch/conntrack.c skb_nfct_cached
 */
function trackIn(run: OvnRun, travel: Travel, zone: number): Tracked {
  const { fields } = travel;
  const carried = fields.tracked;
  const found = carried?.zone === zone ? lookup(run.conntrack, carried.original, zone)?.connection : undefined;
  if (carried !== undefined && found !== undefined) {
    return { state: carried.direction === "reply" || found.replied ? "established" : "new", direction: carried.direction, connection: found };
  }
  const tracked = track(run.conntrack, current(travel), zone);
  remember(travel, zone, tracked.connection, tracked.direction);
  return tracked;
}

const remember = (travel: Travel, zone: number, connection: TrackedConnection | undefined, direction: Direction): void => {
  travel.fields.tracked = connection === undefined ? undefined : { zone, original: connection.original, direction };
};

/** Looks the packet up in a zone, with or without undoing translation, and sets ct_state, ct_mark and ct_label. */
function lookUp(run: OvnRun, travel: Travel, zone: number, nat: boolean): void {
  const packet = current(travel);
  const tracked = trackIn(run, travel, zone);
  const { connection } = tracked;
  const known = tracked.state === "established" || tracked.state === "related" || (connection !== undefined && lookup(run.conntrack, connection.original, zone) !== undefined);
  let state = CT.trk;
  if (tracked.state === "invalid") state |= CT.inv;
  if (tracked.state === "new") state |= CT.new;
  if (tracked.state === "established") state |= CT.est;
  if (tracked.state === "related") state |= CT.rel;
  if (tracked.direction === "reply") state |= CT.rpl;
  if (connection !== undefined && known) {
    if (tracked.state === "established") run.conntrack = confirm(run.conntrack, connection);
    if (nat) {
      if (connection.sourceTranslated) state |= tracked.direction === "reply" ? CT.dnat : CT.snat;
      if (connection.destinationTranslated) state |= tracked.direction === "reply" ? CT.snat : CT.dnat;
      take(travel, translate(packet, connection, tracked.direction));
    }
  }
  const { values } = travel.fields;
  values.set("ct_state", state).set("ct_mark", known ? BigInt(connection?.mark ?? 0) : 0n).set("ct_label", known ? BigInt(connection?.label ?? "0") : 0n);
}

/** Commits the connection with a translation and goes on with the packet translated. */
function translateAndCommit(run: OvnRun, travel: Travel, zone: number, kind: "source" | "destination", range: NatRange, mark: number): void {
  const packet = current(travel);
  const tracked = trackIn(run, travel, zone);
  if (tracked.connection === undefined) {
    travel.fields.values.set("ct_state", CT.trk | CT.inv);
    return;
  }
  const bound = kind === "source" ? tracked.connection.sourceBound : tracked.connection.destinationBound;
  const connection = bound ? tracked.connection : kind === "source" ? bindSource(run.conntrack, tracked.connection, range) : bindDestination(run.conntrack, tracked.connection, range);
  const marked = { ...connection, mark: connection.mark | mark };
  run.conntrack = confirm(run.conntrack, marked);
  take(travel, translate(packet, marked, tracked.direction));
  const state = CT.trk | (tracked.state === "established" ? CT.est : CT.new) | (tracked.direction === "reply" ? CT.rpl : 0n) | (marked.sourceTranslated ? CT.snat : 0n) | (marked.destinationTranslated ? CT.dnat : 0n);
  travel.fields.values.set("ct_state", state).set("ct_mark", BigInt(marked.mark));
}

const goOn = (run: OvnRun, travel: Travel): "stop" => {
  run.visit(run, travel, travel.table + 1);
  return "stop";
};

/**
 * Runs one call-like action. Returns "stop" where the rest of the list is not run (the packet recirculates to the next table).
 * @internal
 */
export function callAction(run: OvnRun, travel: Travel, call: Call, inner: readonly Action[] = []): "stop" | undefined {
  const { name, text } = call;
  switch (name) {
    case "ct_next":
      lookUp(run, travel, zoneFor(run, travel, "port"), false);
      return goOn(run, travel);
    case "ct_clear":
      travel.fields.values.set("ct_state", 0n).set("ct_mark", 0n).set("ct_label", 0n);
      travel.fields.tracked = undefined;
      return undefined;
    case "ct_commit":
      commit(run, travel, inner);
      return undefined;
    case "ct_commit_nat":
      lookUp(run, travel, zoneFor(run, travel, "dnat"), true);
      return goOn(run, travel);
    case "ct_lb":
    case "ct_lb_mark":
      if (text === undefined) lookUp(run, travel, zoneFor(run, travel, "dnat"), true);
      else if (!balance(run, travel, text)) return "stop";
      return goOn(run, travel);
    case "ct_dnat":
    case "ct_dnat_in_czone":
    case "ct_snat":
    case "ct_snat_in_czone": {
      const source = name.startsWith("ct_snat");
      const zone = zoneFor(run, travel, name.endsWith("czone") ? "dnat" : source ? "snat" : "dnat");
      if (text === undefined) lookUp(run, travel, zone, true);
      else translateAndCommit(run, travel, zone, source ? "source" : "destination", rangeOf(text), 0);
      return goOn(run, travel);
    }
    case "ct_snat_to_vip": {
      const entry = hairpinOf(run, travel);
      if (entry !== undefined) translateAndCommit(run, travel, zoneFor(run, travel, "snat"), "source", { address: entry }, 0);
      return goOn(run, travel);
    }
    default:
      return simpleCall(run, travel, call);
  }
}

function rangeOf(text: string): NatRange {
  const [address = "", ports] = text.split(",").map((part) => part.trim());
  const range = /^(\d+)(?:-(\d+))?$/.exec(ports ?? "");
  return { address, ports: range?.[1] === undefined ? undefined : { first: Number(range[1]), last: Number(range[2] ?? range[1]) } };
}

function commit(run: OvnRun, travel: Travel, inner: readonly Action[]): void {
  const zone = zoneFor(run, travel, "port");
  const tracked = trackIn(run, travel, zone);
  if (tracked.connection === undefined) return;
  const { fields } = travel;
  const kept = { ...fields, values: new Map(fields.values) };
  kept.values.set("ct_mark", BigInt(tracked.connection.mark)).set("ct_label", BigInt(tracked.connection.label ?? "0"));
  for (const action of inner) {
    if (action.type !== "assign" || action.to.type !== "field") continue;
    if (action.from.type === "number") writeField(kept, action.to.field, action.from.value, action.from.mask);
    else if (action.from.type === "field") writeField(kept, action.to.field, readField(fields, action.from.field));
  }
  const label = kept.values.get("ct_label") ?? 0n;
  run.conntrack = confirm(run.conntrack, { ...tracked.connection, mark: Number(kept.values.get("ct_mark") ?? 0n), label: label === 0n ? undefined : String(label) });
  // ct(commit) without recirculation leaves the packet untracked.
  fields.values.set("ct_state", 0n).set("ct_mark", 0n).set("ct_label", 0n);
}

const BACKEND = /^(?:\[([0-9a-fA-F:.]+)\]|([\d.]+))(?::(\d+))?$|^([0-9a-fA-F:]+)$/;

function balance(run: OvnRun, travel: Travel, text: string): boolean {
  const list = /backends=([^;]*)/.exec(text)?.[1] ?? "";
  const backends = list.split(",").map((part) => part.trim()).filter((part) => part !== "");
  if (backends.length === 0) {
    end(run, travel, "drop", "the load balancer has no backend");
    return false;
  }
  const vip = current(travel).ip?.dst ?? "";
  const origin = travel.flow?.origin;
  const taken = run.choose(`load balancer ${vip}`, backends.map((backend) => ({ name: backend, weight: 1 / backends.length })), origin);
  const backend = BACKEND.exec(backends[taken] ?? "");
  const address = backend?.[1] ?? backend?.[2] ?? backend?.[4] ?? "";
  const port = backend?.[3] === undefined ? undefined : Number(backend[3]);
  const mark = 2 | (/skip_snat/.test(text) ? 4 : 0) | (/force_snat/.test(text) ? 8 : 0);
  travel.pass.decisions.push({ table: "load balancer", rule: `${vip}: ${backends.join(", ")}`, verdict: `takes ${backends[taken] ?? ""}`, origin: origin ?? { object: vip } });
  translateAndCommit(run, travel, zoneFor(run, travel, "dnat"), "destination", { address, ports: port === undefined ? undefined : { first: port, last: port } }, mark);
  return true;
}

/** The source address of a packet that a load balancer sent back to its own sender. */
function hairpinOf(run: OvnRun, travel: Travel): string | undefined {
  const { ip, l4 } = current(travel);
  if (ip === undefined || ip.src !== ip.dst) return undefined;
  const port = l4 !== undefined && l4.type !== "icmp" ? l4.dst : undefined;
  const tracked = track(run.conntrack, current(travel), run.zoneOf(travel.fields.inport));
  const vip = tracked.connection?.original.dst;
  const entries = run.index.db.hairpins.get(travel.datapath.row.name) ?? [];
  const entry = entries.find(({ backend, backendPort, vip: known }) => backend === ip.dst && (backendPort === undefined || backendPort === port) && (vip === undefined || vip === ip.dst || vip === known));
  return entry === undefined ? undefined : (entry.snat ?? entry.vip);
}

function isHairpinReply(run: OvnRun, travel: Travel): boolean {
  const { ip, l4 } = current(travel);
  const port = l4 !== undefined && l4.type !== "icmp" ? l4.src : undefined;
  return (run.index.db.hairpins.get(travel.datapath.row.name) ?? []).some((entry) => ip?.src === entry.backend && ip.dst === (entry.snat ?? entry.vip) && (entry.backendPort === undefined || entry.backendPort === port));
}

function simpleCall(run: OvnRun, travel: Travel, { name, text, to }: Call): "stop" | undefined {
  const set = (value: bigint): undefined => {
    if (to?.type === "field") writeField(travel.fields, to.field, value);
    return undefined;
  };
  const args = (text ?? "").split(",").map((part) => part.trim());
  switch (name) {
    case "get_fdb":
      travel.fields.outport = "none";
      return undefined;
    case "get_arp":
    case "get_nd": {
      const mac = neighbour(run, portOf(travel, args[0] ?? ""), addressOf(travel, args[1] ?? ""));
      travel.fields.values.set("eth.dst", mac === undefined ? 0n : macValue(mac));
      return undefined;
    }
    case "put_arp":
    case "put_nd": {
      const mac = fieldOf(travel, args[2] ?? "");
      if (mac !== undefined) run.learned = new Map(run.learned).set(neighbourKey(portOf(travel, args[0] ?? ""), addressOf(travel, args[1] ?? "")), macText(mac));
      return undefined;
    }
    case "lookup_arp":
    case "lookup_nd":
    case "lookup_arp_ip":
    case "lookup_nd_ip":
      return set(neighbour(run, portOf(travel, args[0] ?? ""), addressOf(travel, args[1] ?? "")) === undefined ? 0n : 1n);
    case "check_pkt_larger":
      return set(BigInt(travel.packet.bytes) > BigInt(args[0] ?? 0) ? 1n : 0n);
    case "chk_lb_hairpin":
      return set(hairpinOf(run, travel) === undefined ? 0n : 1n);
    case "chk_lb_hairpin_reply":
      return set(isHairpinReply(run, travel) ? 1n : 0n);
    case "check_in_port_sec":
      return set(inPortSecurity(travel) ? 0n : 1n);
    case "select": {
      const members = args.map((part) => part.split("=")[0] ?? "0");
      const taken = run.choose(`route of ${travel.datapath.row.name}`, members.map((member) => ({ name: member, weight: 1 / members.length })), travel.flow?.origin);
      set(BigInt(members[taken] ?? 0));
      return goOn(run, travel);
    }
    // What an ordinary data packet gets from these: no answer, no lookup hit, nothing to do.
    case "check_out_port_sec":
    case "put_dhcp_opts":
    case "put_dhcpv6_opts":
    case "dns_lookup":
    case "put_nd_ra_opts":
    case "lookup_fdb":
    case "chk_lb_aff":
    case "chk_ecmp_nh":
    case "chk_ecmp_nh_mac":
    case "is_chassis_resident":
      return set(0n);
    case "put_fdb":
    case "mac_cache_use":
    case "commit_lb_aff":
    case "commit_ecmp_nh":
    case "log":
    case "set_meter":
    case "sample":
    case "set_queue":
    case "igmp":
    case "trigger_event":
    case "handle_svc_check":
    case "mirror":
      return undefined;
    default:
      end(run, travel, "unknown", `action ${name} is not modelled`);
      return "stop";
  }
}

/** Source addresses that the port's security allows; without port security all are. */
function inPortSecurity(travel: Travel): boolean {
  const port = travel.datapath.ports.get(travel.fields.inport);
  const security = port?.security ?? [];
  if (security.length === 0) return true;
  const { eth, ip, arp } = current(travel);
  return security.some((entry) => {
    const [mac, ...addresses] = entry.trim().split(/\s+/);
    if (mac?.toLowerCase() !== eth.src) return false;
    const source = ip?.src ?? arp?.spa;
    return addresses.length === 0 || source === undefined || source.startsWith("fe80:") || addresses.some((address) => address.split("/")[0] === source);
  });
}

const portOf = (travel: Travel, text: string): string => (text === "inport" ? travel.fields.inport : text === "outport" ? travel.fields.outport : text.replaceAll('"', ""));

function fieldOf(travel: Travel, text: string): bigint | undefined {
  const symbol = symbolOf(text);
  return symbol?.type === "field" ? readField(travel.fields, symbol) : undefined;
}

function addressOf(travel: Travel, text: string): string {
  const symbol = symbolOf(text);
  if (symbol?.type !== "field") return text;
  const value = readField(travel.fields, symbol);
  return symbol.width > 32 ? ip6Text(value) : ip4Text(value);
}
