import { bindDestination, bindSource, confirm, type Direction, lookup, type NatRange, track, type Tracked, type TrackedConnection, translate } from "@hopscope/core";
import { CT, type Registers, WORD } from "../registers.ts";
import { putAddress } from "./packet-registers.ts";
import { carriedOf, carry, packetOf, type RealContext, take } from "./run.ts";

/**
 * Relates the packet to the connections of a zone. A connection that it met in the same zone before, within this datapath, is still the
 * packet's, even if its addresses were rewritten since.
 *
 * @see Linux 5.14, net/openvswitch/conntrack.c skb_nfct_cached; Open vSwitch 3.1, lib/conntrack.c initial_conn_lookup
 */
function trackIn(context: RealContext, regs: Registers, zone: number): Tracked {
  const carried = carriedOf(context, regs).tracked;
  const found = carried?.zone === zone ? lookup(context.conntrack, carried.original, zone)?.connection : undefined;
  if (carried !== undefined && found !== undefined) {
    return { state: carried.direction === "reply" || found.replied ? "established" : "new", direction: carried.direction, connection: found };
  }
  const tracked = track(context.conntrack, packetOf(context, regs), zone, context.chassis.tracker);
  const { connection, direction, state } = tracked;
  // An error is about a connection and not a part of it.
  const tracking = connection === undefined || state === "related" ? undefined : { zone, original: connection.original, direction };
  carry(context, regs, { ...carriedOf(context, regs), tracked: tracking });
  return tracked;
}

const isKnown = (context: RealContext, connection: TrackedConnection | undefined): boolean =>
  connection !== undefined && lookup(context.conntrack, connection.original, connection.zone) !== undefined;

/** `ct_state` of a packet whose connection translates as it does. */
function stateBits({ state, direction }: Tracked): number {
  const reply = direction === "reply" ? CT.rpl : 0;
  switch (state) {
    case "invalid":
      return CT.trk | CT.inv;
    case "untracked":
      return 0;
    case "new":
      return CT.trk | CT.new | reply;
    case "established":
      return CT.trk | CT.est | reply;
    case "related":
      return CT.trk | CT.rel | reply;
  }
}

/** On the way back a translation of the source is one of the destination. */
function natBits({ sourceTranslated, destinationTranslated }: TrackedConnection, direction: Direction): number {
  const [source, destination] = direction === "reply" ? [destinationTranslated, sourceTranslated] : [sourceTranslated, destinationTranslated];
  return (source ? CT.snat : 0) | (destination ? CT.dnat : 0);
}

const PROTO = { tcp: 6, udp: 17, sctp: 132, icmp: 1 } as const;

/** Writes what is known of the connection into the registers that matches read. */
function describe(regs: Registers, state: number, connection: TrackedConnection | undefined, known: boolean): void {
  forgetConnection(regs);
  regs[WORD.ctState] = state;
  if (connection === undefined) return;
  const { original, mark, label } = connection;
  if (known) {
    regs[WORD.ctMark] = mark;
    writeLabel(regs, BigInt(label ?? 0));
  }
  const six = original.src.includes(":");
  regs[WORD.ctProto] = original.protocol === "icmp" && six ? 58 : PROTO[original.protocol];
  putAddress(regs, six ? WORD.ctIp6Src : WORD.ctIp4Src, original.src);
  putAddress(regs, six ? WORD.ctIp6Dst : WORD.ctIp4Dst, original.dst);
  regs[WORD.ctPortSrc] = original.srcPort;
  regs[WORD.ctPortDst] = original.dstPort;
}

/** Makes the packet one that no zone has looked at, as far as matches can see. */
export function forgetConnection(regs: Registers): void {
  regs.fill(0, WORD.ctState, WORD.mark);
  regs.fill(0, WORD.ctProto, WORD.token);
}

function writeLabel(regs: Registers, label: bigint): void {
  for (let at = 0; at < 4; at++) regs[WORD.ctLabel + at] = Number((label >> BigInt(96 - at * 32)) & 0xffffffffn);
}

/** The label that the registers hold. */
function labelIn(regs: Registers): bigint {
  let label = 0n;
  for (let at = 0; at < 4; at++) label = (label << 32n) | BigInt(regs[WORD.ctLabel + at] as number);
  return label;
}

/** Looks the packet up in a zone; with `nat` it is translated as its connection says. `commit` enters a new connection. */
export function lookUp(context: RealContext, regs: Registers, zone: number, { nat, commit = false }: { readonly nat: boolean; readonly commit?: boolean }): void {
  const tracked = trackIn(context, regs, zone);
  const { connection, state, direction } = tracked;
  const known = isKnown(context, connection);
  if (connection !== undefined && state !== "related" && ((known && state === "established") || (commit && state !== "invalid"))) context.conntrack = confirm(context.conntrack, connection);
  const translated = nat && known && connection !== undefined && appliesTo(context, tracked, commit);
  if (translated) take(context, regs, translate(packetOf(context, regs), connection, direction));
  describe(regs, stateBits(tracked) | (translated ? natBits(connection, direction) : 0), connection, known);
}

/**
 * Whether a translation that the connection has is applied where no new one is asked for. Linux leaves packets alone that no answer
 * came to yet, and errors about answers.
 *
 * @see Linux 5.14, net/openvswitch/conntrack.c ovs_ct_nat; Open vSwitch 3.1, lib/conntrack.c handle_nat
 */
function appliesTo({ chassis }: RealContext, { state, direction }: Tracked, commits: boolean): boolean {
  return chassis.tracker === "userspace" || state === "established" || (state === "related" && (direction === "reply" || commits));
}

/** Which end of a connection is translated, and to what. */
export type Translation = { readonly end: "source" | "destination"; readonly range: NatRange };

/**
 * Enters a connection, translated, and translates the packet. A connection that is entered already stays as it is.
 *
 * @see Linux 5.14, net/netfilter/nf_nat_core.c nf_nat_setup_info
 */
export function translateAndCommit(context: RealContext, regs: Registers, zone: number, { end, range }: Translation, bits: { readonly mark?: number; readonly label?: bigint } = {}): void {
  const tracked = trackIn(context, regs, zone);
  const { connection, state, direction } = tracked;
  if (connection === undefined || state === "related") {
    if (connection !== undefined) take(context, regs, translate(packetOf(context, regs), connection, direction));
    describe(regs, stateBits(tracked) | (connection === undefined ? 0 : natBits(connection, direction)), connection, connection !== undefined);
    return;
  }
  // What is entered keeps the translation that it was entered with.
  const fixed = isKnown(context, connection) || direction === "reply";
  const translated = fixed ? connection : end === "source" ? bindSource(context.conntrack, connection, range) : bindDestination(context.conntrack, connection, range);
  const label = BigInt(translated.label ?? 0) | (bits.label ?? 0n);
  const marked: TrackedConnection = { ...translated, mark: (translated.mark | (bits.mark ?? 0)) >>> 0, label: label === 0n ? undefined : String(label) };
  context.conntrack = confirm(context.conntrack, marked);
  take(context, regs, translate(packetOf(context, regs), marked, direction));
  describe(regs, stateBits(tracked) | natBits(marked, direction), marked, true);
}

/**
 * `ct_commit`: enters the connection with what `mark` makes of its mark and label. The packet goes on untracked.
 *
 * OVN commits with an empty source translation, so that a connection whose tuple is taken gets another port.
 *
 * @see OVN 23.09, lib/actions.c encode_CT_COMMIT_V2; Open vSwitch 3.1, ofproto/ofproto-dpif-xlate.c compose_conntrack_action
 */
export function commit(context: RealContext, regs: Registers, zone: number, mark: (kept: Registers) => void): void {
  const tracked = trackIn(context, regs, zone);
  const { connection, direction, state } = tracked;
  if (connection !== undefined && state !== "related" && state !== "invalid") {
    const free = isKnown(context, connection) || connection.sourceBound || direction === "reply" ? connection : bindSource(context.conntrack, connection, {});
    const kept = regs.slice();
    kept[WORD.ctMark] = free.mark;
    writeLabel(kept, BigInt(free.label ?? 0));
    mark(kept);
    const label = labelIn(kept);
    const committed: TrackedConnection = { ...free, mark: kept[WORD.ctMark] as number, label: label === 0n ? undefined : String(label) };
    context.conntrack = confirm(context.conntrack, committed);
    if (committed.sourceTranslated && free !== connection) take(context, regs, translate(packetOf(context, regs), committed, direction));
  }
  forgetConnection(regs);
}
