import { icmpPacket, type Packet, tcpPacket } from "@hopscope/core";

/** ICMP type and code by name, for both versions. @see Linux 5.14, net/ipv4/netfilter/ipt_REJECT.c, net/ipv6/netfilter/ip6t_REJECT.c */
const ICMP4: Readonly<Record<string, readonly [number, number]>> = {
  default: [3, 3], "icmp-net-unreachable": [3, 0], "icmp-host-unreachable": [3, 1], "icmp-proto-unreachable": [3, 2], "icmp-port-unreachable": [3, 3],
  "icmp-net-prohibited": [3, 9], "icmp-host-prohibited": [3, 10], "icmp-admin-prohibited": [3, 13], "time-exceeded": [11, 0],
};
const ICMP6: Readonly<Record<string, readonly [number, number]>> = {
  default: [1, 4], "icmp6-no-route": [1, 0], "no-route": [1, 0], "icmp6-adm-prohibited": [1, 1], "adm-prohibited": [1, 1], "icmp6-addr-unreachable": [1, 3], "addr-unreach": [1, 3],
  "icmp6-port-unreachable": [1, 4], "port-unreach": [1, 4], "icmp-host-unreachable": [1, 0], "icmp-admin-prohibited": [1, 1], "time-exceeded": [3, 0],
};

/** Makes the packet that refuses another, from its destination to its source; `undefined` where none may be sent. @internal */
export function answerPacket(packet: Packet, kind: string): Packet | undefined {
  const { ip, l4 } = packet;
  if (ip === undefined || l4 === undefined) return undefined;
  const seed = { src: ip.dst, dst: ip.src };
  if (kind === "tcp-reset") {
    if (l4.type !== "tcp" || l4.flags.includes("rst")) return undefined;
    return tcpPacket({ ...seed, srcPort: l4.dst, dstPort: l4.src, flags: l4.flags.includes("ack") ? ["rst"] : ["rst", "ack"] });
  }
  if (l4.type === "icmp" && (l4.about !== undefined || (l4.icmpType !== 8 && l4.icmpType !== 128))) return undefined;
  const [icmpType, icmpCode] = (ip.version === 6 ? ICMP6 : ICMP4)[kind] ?? (ip.version === 6 ? [1, 4] : [3, 3]);
  // Errors of a router come from an address of its own.
  const router = kind === "time-exceeded" || kind === "icmp-host-unreachable" || kind === "icmp-admin-prohibited";
  const src = router ? (ip.version === 6 ? "::" : "0.0.0.0") : ip.dst;
  return icmpPacket({ src, dst: ip.src }, { icmpType, code: icmpCode, about: { ...packet, local: undefined } });
}
