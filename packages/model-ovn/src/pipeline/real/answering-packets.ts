import { type Icmp, type Mac, type Packet, replyTo, ZERO_MAC } from "@hopscope/core";
import { linkLocalOfMac, parseAddress, printAddress } from "../../kubernetes/address.ts";
import { ETH_ARP, ETH_IP6 } from "../registers.ts";

const ETHERNET = 14;
const ARP_BYTES = 42;

/** Swaps both ends of a frame and of its addresses, where the answer goes back at once. */
const turned = ({ eth, ip }: Packet, loopback: boolean): Pick<Packet, "eth" | "ip"> => {
  if (!loopback) return { eth, ip };
  return { eth: { ...eth, src: eth.dst, dst: eth.src }, ip: ip && { ...ip, src: ip.dst, dst: ip.src } };
};

/** The reset that refuses a TCP segment; none for a reset. @see OVN 23.09, controller/pinctrl.c pinctrl_handle_tcp_reset */
export function resetOf(packet: Packet, loopback: boolean): Packet | undefined {
  const { l4, ip } = packet;
  if (l4?.type !== "tcp" || ip === undefined) return undefined;
  const { eth, ip: ends } = turned(packet, loopback);
  return { ...replyTo(packet, { flags: ["rst", "ack"] }), eth, ip: ends && { ...ends, ttl: 63, dscp: 0 }, bytes: ip.version === 6 ? 74 : 54 };
}

/** The abort that refuses an SCTP association; none for an abort. @see OVN 23.09, controller/pinctrl.c pinctrl_handle_sctp_abort */
export function abortOf(packet: Packet, loopback: boolean): Packet | undefined {
  const { l4, ip } = packet;
  if (l4?.type !== "sctp" || l4.chunk === "abort" || ip === undefined) return undefined;
  const { eth, ip: ends } = turned(packet, loopback);
  return { ...replyTo(packet), eth, ip: ends && { ...ends, ttl: 63, dscp: 0 }, l4: { ...l4, src: l4.dst, dst: l4.src, chunk: "abort" }, bytes: ip.version === 6 ? 70 : 50 };
}

/**
 * "Destination unreachable" about a packet: the host, or with `byProtocol` the port of a UDP datagram.
 *
 * @see OVN 23.09, controller/pinctrl.c pinctrl_handle_icmp
 */
export function unreachableOf(packet: Packet, { loopback, byProtocol }: { readonly loopback: boolean; readonly byProtocol: boolean }): Packet | undefined {
  const { ip, l4 } = packet;
  if (ip === undefined) return undefined;
  const six = ip.version === 6;
  const udp = byProtocol && l4?.type === "udp";
  const icmp: Icmp = { type: "icmp", icmpType: six ? 1 : 3, code: udp ? (six ? 4 : 3) : 1, about: packet };
  const { eth, ip: ends } = turned(packet, loopback);
  const room = six ? 1280 - ETHERNET - 48 : 576 - ETHERNET - 28;
  return {
    eth, arp: undefined, ip: ends && { ...ends, ttl: 255, dscp: 0 }, l4: icmp, encap: undefined, tls: undefined, http: undefined, local: undefined,
    bytes: ETHERNET + (six ? 48 : 28) + Math.min(room, Math.max(0, packet.bytes - ETHERNET)),
  };
}

/** Whether a packet itself says that a destination is unreachable: nobody answers that. */
export const isUnreachable = ({ ip, l4 }: Packet): boolean => l4?.type === "icmp" && l4.icmpType === (ip?.version === 6 ? 1 : 3);

const bare = (packet: Packet, parts: Pick<Packet, "eth" | "bytes"> & Partial<Packet>): Packet => ({
  arp: undefined, ip: undefined, l4: undefined, encap: undefined, tls: undefined, http: undefined, local: packet.local, ...parts,
});

/** The ARP request that asks for the hardware address of the next hop. @see OVN 23.09, controller/pinctrl.c pinctrl_handle_arp */
export function arpRequestFor(packet: Packet): Packet | undefined {
  const { ip, eth } = packet;
  if (ip?.version !== 4) return undefined;
  return bare(packet, { eth: { ...eth, type: ETH_ARP }, arp: { op: 1, sha: eth.src, spa: ip.src, tha: ZERO_MAC, tpa: ip.dst }, bytes: ARP_BYTES });
}

/** The neighbour solicitation that does the same for IPv6. @see OVN 23.09, controller/pinctrl.c pinctrl_handle_nd_ns */
export function solicitationFor(packet: Packet): Packet | undefined {
  const { ip, eth } = packet;
  const target = ip?.version === 6 ? parseAddress(ip.dst) : undefined;
  if (ip === undefined || target === undefined) return undefined;
  const low = target.value & 0xffffffn;
  const group = printAddress({ family: 6, value: (0xff02n << 112n) | (1n << 32n) | (0xffn << 24n) | low });
  const hex = low.toString(16).padStart(6, "0");
  const dst: Mac = `33:33:ff:${hex.slice(0, 2)}:${hex.slice(2, 4)}:${hex.slice(4)}`;
  return bare(packet, {
    eth: { src: eth.src, dst, type: ETH_IP6 }, ip: { version: 6, src: linkLocalOfMac(eth.src), dst: group, ttl: 255, dscp: 0 },
    l4: { type: "icmp", icmpType: 135, code: 0, nd: { target: ip.dst, sll: eth.src } }, bytes: 86,
  });
}

/** The neighbour advertisement that answers a solicitation. @see OVN 23.09, controller/pinctrl.c pinctrl_handle_nd_na */
export function advertisementFor(packet: Packet): Packet | undefined {
  const { ip, eth, l4 } = packet;
  const target = l4?.type === "icmp" ? l4.nd?.target : undefined;
  if (ip === undefined || target === undefined) return undefined;
  return bare(packet, {
    eth: { src: eth.dst, dst: eth.src, type: ETH_IP6 }, ip: { version: 6, src: target, dst: ip.src, ttl: 255, dscp: 0 },
    l4: { type: "icmp", icmpType: 136, code: 0, nd: { target, tll: eth.dst } }, bytes: 86,
  });
}
