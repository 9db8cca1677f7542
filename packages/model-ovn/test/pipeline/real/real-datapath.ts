import { type Choose, connectionsOf, emptyConntrack, type Packet, type Stage, type TcpFlag, type TrackedConnection, type Tuple } from "@hopscope/core";
import type { BridgeState } from "../../../src/node/index.ts";
import type { Chassis } from "../../../src/pipeline/real/chassis.ts";
import { type RealState, runPacket } from "../../../src/pipeline/real/run-packet.ts";

/** One packet of a measured conversation, and what came out: lines of the form `port eth … ip …`. */
export interface Exchange {
  readonly into: string;
  readonly out: readonly string[];
}
export interface Conversation {
  readonly name: string;
  readonly exchanges: readonly Exchange[];
  /** Lines of the connections left behind. */
  readonly connections: readonly string[];
}

const tidy = (line: string): string => line.trim().replace(/\s+/g, " ");

/** Reads the file of measured conversations. */
export function conversationsOf(text: string): readonly Conversation[] {
  return text.split(/^=== /m).slice(1).map((part) => {
    const exchanges: { into: string; out: string[] }[] = [];
    const connections = part.split("\n").map((line) => line.trim()).filter((line) => /^\w+,orig=/.test(line));
    for (const line of part.split("\n")) {
      const found = /^ {3}(in|out) +(.*)$/.exec(line);
      if (found?.[1] === "in") exchanges.push({ into: tidy(found[2] ?? ""), out: [] });
      else if (found?.[2] !== undefined && found[2] !== "(nothing)") exchanges.at(-1)?.out.push(tidy(found[2]));
    }
    return { name: part.split("\n")[0] ?? "", exchanges, connections };
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
export function lineOf(port: string, { eth, ip, l4, arp }: Packet): string {
  if (arp !== undefined) return `${port} arp op ${arp.op} spa ${arp.spa} tpa ${arp.tpa}`;
  const head = `${port} eth ${eth.src}>${eth.dst} ip ${ip?.src ?? ""}>${ip?.dst ?? ""} ttl ${ip?.ttl ?? 0} tos ${(ip?.dscp ?? 0) << 2}`;
  if (l4?.type === "tcp") return `${head} tcp ${l4.src}>${l4.dst} flags 0x${bits.reduce((sum, [flag, bit]) => (l4.flags.includes(flag) ? sum | bit : sum), 0).toString(16)}`;
  return l4?.type === "icmp" ? `${head} icmp type ${l4.icmpType} code ${l4.code}` : head;
}

/** What is tested as one node: OVN's chassis and the external bridge that its localnet port leads to. */
export interface RealNode {
  readonly chassis: Chassis;
  readonly bridge: Stage<BridgeState>;
  /** Logical port that leads to the bridge. */
  readonly localnet: string;
}

/** What came out, packet by packet, and the connections that both remember in the end. */
export interface Replayed {
  readonly out: readonly (readonly string[])[];
  readonly connections: readonly string[];
}

interface Flying {
  readonly at: "chassis" | "bridge";
  readonly port: string;
  readonly packet: Packet;
}

/** Sends the packets of a conversation through a node; load balancers take the measured backend. */
export function replay({ chassis, bridge, localnet }: RealNode, conversation: Conversation): Replayed {
  let state: RealState | undefined;
  let bridgeState: BridgeState | undefined;
  const out = conversation.exchanges.map(({ into, out: measured }) => {
    const read = packetOf(into);
    if (read === undefined) return [`not read: ${into}`];
    const choose: Choose = (_, options) => Math.max(0, options.findIndex(({ name }) => measured.some((line) => line.includes(`>${name.replace(/:\d+$/, "")} `))));
    const lines: string[] = [];
    const outside = { eth0: "physical", "br-ex": "host" } as const;
    const flying: Flying[] = [isOutside(read.port) ? { at: "bridge", port: outside[read.port], packet: read.packet } : { at: "chassis", ...read }];
    for (let now = flying.shift(); now !== undefined; now = flying.shift()) {
      if (now.at === "chassis") {
        const result = runPacket(chassis, { type: "port", name: now.port }, now.packet, state, choose);
        ({ state } = result);
        for (const { type, port, packet } of result.exits) {
          if (type === "localnet") flying.push({ at: "bridge", port: "ovn", packet });
          else if (type === "port") lines.push(lineOf(port, packet));
        }
        continue;
      }
      const { outcome, state: after } = bridge.decide({ packet: now.packet, port: now.port, state: bridgeState, choose });
      bridgeState = after;
      const copies = outcome.type === "forward" ? [outcome] : outcome.type === "replicate" ? outcome.copies : [];
      for (const copy of copies) {
        if (copy.out === "ovn") flying.push({ at: "chassis", port: localnet, packet: copy.packet });
        else lines.push(lineOf(copy.out === "physical" ? "eth0" : "br-ex", copy.packet));
      }
    }
    return lines;
  });
  const names = new Map([...chassis.zones].map(([user, zone]) => [zone, user]));
  const ours = connectionsOf(state?.conntrack ?? emptyConntrack).map((one) => connectionText(one, names.get(one.zone) ?? String(one.zone)));
  const bridges = connectionsOf(bridgeState?.conntrack ?? emptyConntrack).map((one) => connectionText(one, String(one.zone)));
  return { out, connections: [...ours, ...bridges].sort() };
}

const isOutside = (port: string): port is "eth0" | "br-ex" => port === "eth0" || port === "br-ex";

function connectionText({ original, reply, mark }: TrackedConnection, zone: string): string {
  const ends = ({ src, dst, srcPort, dstPort }: Tuple): string => `(src=${src},dst=${dst},sport=${srcPort},dport=${dstPort})`;
  return `${original.protocol},orig=${ends(original)},reply=${ends(reply)},zone=${zone}${mark === 0 ? "" : `,mark=${mark}`}`;
}

/** Names of the zones of the measured run, by number, as this package names them. */
export const zoneNamesOf = (text: string): ReadonlyMap<string, string> =>
  new Map([...text.matchAll(/ct-zone-(\S+?)="(\d+)"/g)].map(([, name = "", zone = ""]) => [zone, name.replace(/^(.*)_([ds]nat)$/, "$2 $1")]));

/** A measured connection in the form of {@link Replayed}; zones are named, and the state of TCP is left out. */
export function measuredConnection(line: string, zones: ReadonlyMap<string, string>): string {
  const [head, zone = "0", mark] = [line.replace(/,(zone|mark|protoinfo)=.*$/, ""), /zone=(\d+)/.exec(line)?.[1], /mark=(\d+)/.exec(line)?.[1]];
  return `${head},zone=${zones.get(zone) ?? zone}${mark === undefined ? "" : `,mark=${mark}`}`;
}
