import { controlMeter, type Build, type RouterPort } from "./model.ts";

/** The refusal of one kind of packet for a router's own address. */
interface Refusal {
  readonly priority: number;
  readonly protocol: string;
  readonly action: (ip: "ip4" | "ip6") => string;
  readonly meter: (ip: "ip4" | "ip6") => string;
}

const swap = (ip: string): string => `eth.dst <-> eth.src; ${ip}.dst <-> ${ip}.src; `;
const error = (code4: number, code6: number) => (ip: "ip4" | "ip6"): string => {
  const icmp = ip === "ip4" ? "icmp4" : "icmp6";
  const [type, code] = ip === "ip4" ? [3, code4] : [1, code6];
  return `${icmp} {${swap(ip)}ip.ttl = 255; ${icmp}.type = ${type}; ${icmp}.code = ${code}; next; };`;
};
const icmpMeter = (ip: "ip4" | "ip6"): string => (ip === "ip4" ? "icmp4-error" : "icmp6-error");

const refusals: readonly Refusal[] = [
  { priority: 80, protocol: " && tcp", action: (ip) => `tcp_reset {${swap(ip)}next; };`, meter: () => "tcp-reset" },
  { priority: 80, protocol: " && sctp", action: (ip) => `sctp_abort {${swap(ip)}next; };`, meter: () => "tcp-reset" },
  { priority: 80, protocol: " && udp", action: error(3, 4), meter: icmpMeter },
  { priority: 70, protocol: "", action: error(2, 3), meter: icmpMeter },
];

/** Tells senders that nothing listens on a distributed router's own addresses. */
export function portUnreachableFlows(build: Build, port: RouterPort): void {
  for (const { family, text } of [...port.networks.v4, ...port.networks.v6]) {
    const ip = family === 4 ? "ip4" : "ip6";
    for (const refusal of refusals) {
      const match = `${ip} && ${ip}.dst == ${text} && !ip.later_frag${refusal.protocol}`;
      const meter = controlMeter(build, port.datapath, refusal.meter(ip));
      build.flows.add(port.datapath, "lr_in_ip_input", refusal.priority, match, refusal.action(ip), { row: port.row, meter });
    }
  }
}
