import type { Choose, Packet, TcpFlag } from "@hopscope/core";
import { chassisStage, type ChassisState, localnetPort } from "../../../src/pipeline/chassis-stage.ts";
import type { SouthboundDb } from "../../../src/southbound.ts";

/** One packet of a measured conversation, and what came out: lines of the form `port eth … ip …`. */
export interface Exchange {
  readonly into: string;
  readonly out: readonly string[];
}
export interface Conversation {
  readonly name: string;
  readonly exchanges: readonly Exchange[];
}

const tidy = (line: string): string => line.trim().replace(/\s+/g, " ");

/** Reads the file of measured conversations. */
export function conversationsOf(text: string): readonly Conversation[] {
  return text.split(/^=== /m).slice(1).map((part) => {
    const exchanges: { into: string; out: string[] }[] = [];
    for (const line of part.split("\n")) {
      const found = /^ {3}(in|out) +(.*)$/.exec(line);
      if (found?.[1] === "in") exchanges.push({ into: tidy(found[2] ?? ""), out: [] });
      else if (found?.[2] !== undefined && found[2] !== "(nothing)") exchanges.at(-1)?.out.push(tidy(found[2]));
    }
    return { name: part.split("\n")[0] ?? "", exchanges };
  });
}

const bits: readonly (readonly [TcpFlag, number])[] = [["fin", 1], ["syn", 2], ["rst", 4], ["psh", 8], ["ack", 16]];
const LINE = /^(\S+) eth (\S+)>(\S+) ip (\S+)>(\S+) ttl (\d+) tos (\d+) tcp (\d+)>(\d+) flags 0x([0-9a-f]+)$/;

/** The packet and port of a line. */
export function packetOf(line: string): { readonly port: string; readonly packet: Packet } | undefined {
  const [, port = "", src = "", dst = "", ipSrc = "", ipDst = "", ttl, tos, from, to, flags = "0"] = LINE.exec(line) ?? [];
  if (port === "") return undefined;
  const set = parseInt(flags, 16);
  return {
    port,
    packet: {
      eth: { src, dst, type: 0x800 }, ip: { version: 4, src: ipSrc, dst: ipDst, ttl: Number(ttl), dscp: Number(tos) >> 2 },
      l4: { type: "tcp", src: Number(from), dst: Number(to), flags: bits.filter(([, bit]) => (set & bit) !== 0).map(([flag]) => flag) }, bytes: 54,
    },
  };
}

/** A packet in the notation of the file. */
export function lineOf(port: string, { eth, ip, l4 }: Packet): string {
  const head = `${port} eth ${eth.src}>${eth.dst} ip ${ip?.src ?? ""}>${ip?.dst ?? ""} ttl ${ip?.ttl ?? 0} tos ${(ip?.dscp ?? 0) << 2}`;
  if (l4?.type === "tcp") return `${head} tcp ${l4.src}>${l4.dst} flags 0x${bits.reduce((sum, [flag, bit]) => (l4.flags.includes(flag) ? sum | bit : sum), 0).toString(16)}`;
  return l4?.type === "icmp" ? `${head} icmp type ${l4.icmpType} code ${l4.code}` : head;
}

/** What the stage lets out, packet by packet, with the connection state kept; load balancers take the measured backend. */
export function replay(db: SouthboundDb, chassis: string, physical: string, conversation: Conversation): readonly (readonly string[])[] {
  const stage = chassisStage({ id: "ovn", chassis, node: "node", db });
  let state: ChassisState | undefined;
  return conversation.exchanges.map(({ into, out }) => {
    const read = packetOf(into);
    if (read === undefined) return [`not read: ${into}`];
    const choose: Choose = (_, options) => Math.max(0, options.findIndex(({ name }) => out.some((line) => line.includes(`>${name.replace(/:\d+$/, "")} `))));
    const port = read.port === "eth0" ? localnetPort(physical) : read.port;
    const { outcome, state: after } = stage.decide({ packet: read.packet, port, state, choose });
    state = after ?? state;
    const named = (id: string): string => (id === localnetPort(physical) ? "eth0" : id);
    if (outcome.type === "forward") return outcome.out === "tunnel" ? [] : [lineOf(named(outcome.out), outcome.packet)];
    if (outcome.type === "reject") return [lineOf(named(outcome.out), outcome.with)];
    if (outcome.type === "replicate") return outcome.copies.map((copy) => lineOf(named(copy.out), copy.packet));
    return outcome.type === "drop" ? [] : [`${outcome.type}`];
  });
}
