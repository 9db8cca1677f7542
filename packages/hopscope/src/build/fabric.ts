import { CLIENT_SOCKET, type Decided, type Decision, type Packet, replyTo, type Stage, type Step, icmpPacket } from "@hopscope/core";

/** Where the network outside the cluster sends an address: to a node's uplink, by one of several nodes. */
export interface FabricRoute {
  readonly address: string;
  /** Nodes that hold it; several are a choice (a load balancer, a VIP nobody is known to hold). */
  readonly nodes: readonly string[];
  readonly why: string;
  readonly origin: { readonly object: string };
}

export interface FabricHost {
  readonly object: string;
  readonly addresses: readonly string[];
  /** Ports that are served; `undefined` serves every port. */
  readonly ports?: readonly number[];
  readonly endpoint: string;
}

export interface FabricOptions {
  readonly routes: readonly FabricRoute[];
  readonly hosts: readonly FabricHost[];
  /** MAC address of each node's uplink. */
  readonly macs: ReadonlyMap<string, string>;
  /** Addresses inside the cluster (pod and service networks as prefix tests) that are not routed outside. */
  readonly isInternal: (address: string) => boolean;
}

/** Connections opened by hosts outside. */
export type FabricState = ReadonlySet<string>;

export const FABRIC = "fabric";
export const FABRIC_MAC = "02:00:00:00:fa:b1";
export const nodePort = (node: string): string => `node/${node}`;

const tuple = (packet: Packet, reversed = false): string => {
  const { ip, l4 } = packet;
  const ports = l4 === undefined || l4.type === "icmp" ? [0, 0] : [l4.src, l4.dst];
  const ends = [`${ip?.src}:${ports[0]}`, `${ip?.dst}:${ports[1]}`];
  return `${l4?.type} ${reversed ? ends.reverse().join(" ") : ends.join(" ")}`;
};

/**
 * Everything outside the cluster: the network that joins the nodes' uplinks, and the hosts on it.
 *
 * One stage, whose routers are not modelled: it hands a packet to the node that holds the destination, or to an outside
 * host, and lowers no TTL. Packets of outside hosts enter by the port `local`.
 */
export function fabricStage(options: FabricOptions): Stage<FabricState> {
  const routes = new Map(options.routes.map((route) => [route.address, route]));
  const hosts = new Map(options.hosts.flatMap((host) => host.addresses.map((address) => [address, host] as const)));

  const decide: Stage<FabricState>["decide"] = ({ packet: given, port, state, choose }): Decided<FabricState> => {
    const opened = state ?? new Set<string>();
    const packet: Packet = { ...given, local: undefined };
    const { ip, l4 } = packet;
    const step = (after: Packet, decision: Decision, wired = true): readonly Step[] => [
      { system: "fabric", place: "outside network", stage: "route", before: given, after, decisions: [decision], terms: wired ? [{ key: "nic_tx" }, { key: "wire" }, { key: "nic_rx_irq" }] : [] },
    ];
    const say = (rule: string, verdict: string, object = "outside network"): Decision => ({ table: "route", rule, verdict, origin: { object } });
    if (ip === undefined) return { outcome: { type: "drop", reason: "the outside network carries IP only", origin: { object: "outside network" } }, steps: [] };
    const next = port === "local" ? new Set(opened).add(tuple(packet)) : opened;

    const route = routes.get(ip.dst);
    if (route !== undefined && route.nodes.length > 0) {
      const share = 1 / route.nodes.length;
      const node = route.nodes[choose(`node for ${ip.dst}`, route.nodes.map((name) => ({ name, weight: share })), route.origin)] ?? "";
      const framed: Packet = { ...packet, eth: { ...packet.eth, src: FABRIC_MAC, dst: options.macs.get(node) ?? packet.eth.dst } };
      return { outcome: { type: "forward", out: nodePort(node), packet: framed }, steps: step(framed, say(`${ip.dst} ${route.why}`, `to node ${node}`, route.origin.object)), state: next };
    }
    if (options.isInternal(ip.dst)) {
      const reason = `${ip.dst} is an address inside the cluster, which the outside network does not route`;
      return { outcome: { type: "drop", reason, origin: { object: "outside network" }, code: "fabric/internal-address" }, steps: step(packet, say(ip.dst, "no route")), state: next };
    }
    const host = hosts.get(ip.dst);
    if (opened.has(tuple(packet, true))) {
      return { outcome: { type: "deliver", to: { endpoint: CLIENT_SOCKET, socket: { address: ip.dst, port: l4 !== undefined && l4.type !== "icmp" ? l4.dst : 0 } }, packet }, steps: step(packet, say(ip.dst, `to ${host?.object ?? `outside ${ip.dst}`}`), port !== "local"), state: next };
    }
    if (l4?.type === "icmp" && l4.about !== undefined) {
      return { outcome: { type: "deliver", to: { endpoint: CLIENT_SOCKET, socket: { address: ip.dst, port: 0 } }, packet }, steps: step(packet, say(ip.dst, "ICMP error delivered")), state: next };
    }
    const wanted = l4 !== undefined && l4.type !== "icmp" ? l4.dst : 0;
    if (host?.ports !== undefined && !host.ports.includes(wanted)) {
      const refusal = l4?.type === "tcp" ? replyTo(packet, { flags: ["rst", "ack"] }) : icmpPacket({ src: ip.dst, dst: ip.src }, { icmpType: 3, code: 3, about: packet });
      const out = port === "local" ? CLIENT_SOCKET : port;
      return {
        outcome: { type: "reject", reason: `${host.object} does not listen on port ${wanted}`, origin: { object: host.object }, with: refusal, out, code: "app/not-listening" },
        steps: step(packet, say(`${ip.dst}:${wanted}`, "connection refused", host.object)),
        state: next,
      };
    }
    return {
      outcome: { type: "deliver", to: { endpoint: host?.endpoint ?? "internet", socket: { address: ip.dst, port: wanted } }, packet },
      steps: step(packet, say(ip.dst, `to ${host?.object ?? "a host outside"}`), port !== "local"),
      state: next,
      caveats: host === undefined ? [{ code: "assumed/outside-host", problem: `no outside host with address ${ip.dst} is described: it is assumed to be there and to answer` }] : [],
    };
  };
  return { id: FABRIC, decide };
}
