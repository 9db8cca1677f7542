import type { Packet } from "./packet.ts";

/** One header field that a hop changed; names are `ip4.src`, `tcp.dst`, `ip.ttl`, `eth.dst`, `geneve.vni` … */
export interface Change {
  readonly field: string;
  readonly from: string | number | undefined;
  readonly to: string | number | undefined;
}

type Fields = Map<string, string | number>;

function fieldsOf(packet: Packet): Fields {
  const fields: Fields = new Map();
  fields.set("eth.src", packet.eth.src).set("eth.dst", packet.eth.dst);
  if (packet.ip !== undefined) {
    const ip = packet.ip.version === 4 ? "ip4" : "ip6";
    fields.set(`${ip}.src`, packet.ip.src).set(`${ip}.dst`, packet.ip.dst).set("ip.ttl", packet.ip.ttl).set("ip.dscp", packet.ip.dscp);
  }
  const { l4, arp, encap } = packet;
  if (l4 !== undefined && l4.type !== "icmp") fields.set(`${l4.type}.src`, l4.src).set(`${l4.type}.dst`, l4.dst);
  if (l4?.type === "icmp") fields.set("icmp.type", l4.icmpType).set("icmp.code", l4.code);
  if (arp !== undefined) fields.set("arp.op", arp.op).set("arp.spa", arp.spa).set("arp.tpa", arp.tpa);
  if (encap !== undefined) {
    fields.set("geneve.src", encap.src).set("geneve.dst", encap.dst).set("geneve.vni", encap.vni);
    fields.set("geneve.ingress", encap.ingressPort).set("geneve.egress", encap.egressPort);
  }
  if (packet.local !== undefined && packet.local.mark !== 0) fields.set("mark", packet.local.mark);
  return fields;
}

/** Lists the header fields in which two packets differ, in a stable order. */
export function diffPackets(before: Packet, after: Packet): readonly Change[] {
  if (before === after) return [];
  const left = fieldsOf(before);
  const right = fieldsOf(after);
  const changes: Change[] = [];
  for (const field of new Set([...left.keys(), ...right.keys()])) {
    const from = left.get(field);
    const to = right.get(field);
    if (from !== to) changes.push({ field, from, to });
  }
  return changes;
}
