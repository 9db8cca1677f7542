import { CLIENT_SOCKET, type Decided, type Decision, type Packet, replyTo, type Stage, type Step, icmpPacket } from "@hopscope/core";

/** Where the network outside the cluster sends an address: to a node's uplink, by one of several nodes. */
export interface FabricRoute {
  readonly address: string;
  /** Nodes that hold it; several are a choice (a load balancer, a VIP nobody is known to hold). */
  readonly nodes: readonly string[];
  readonly why: string;
  readonly origin: { readonly object: string };
  /** The address is a load balancer's own, which sends to these ports of the nodes. */
  readonly nodePorts?: ReadonlyMap<number, number>;
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
  /** Each node's own address. */
  readonly addresses: ReadonlyMap<string, string>;
  /** Addresses inside the cluster (pod and service networks as prefix tests) that are not routed outside. */
  readonly isInternal: (address: string) => boolean;
}

/** Connections opened by hosts outside, and those that a load balancer sent on, by the tuple of their replies. */
export interface FabricState {
  readonly opened: ReadonlySet<string>;
  readonly balanced: ReadonlyMap<string, { readonly address: string; readonly port: number }>;
}

export const FABRIC = "fabric";
export const FABRIC_MAC = "02:00:00:00:fa:b1";
export const portOfNode = (node: string): string => `node/${node}`;

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

  const decide: Stage<FabricState>["decide"] = ({ packet: given, port, state = { opened: new Set(), balanced: new Map() }, choose }): Decided<FabricState> => {
    const { opened, balanced } = state;
    const bare: Packet = { ...given, local: undefined };
    const front = balanced.get(tuple(bare));
    const packet = front === undefined || bare.ip === undefined || bare.l4 === undefined || bare.l4.type === "icmp" ? bare : { ...bare, ip: { ...bare.ip, src: front.address }, l4: { ...bare.l4, src: front.port } };
    const { ip, l4 } = packet;
    const step = (after: Packet, decision: Decision, wired = true): readonly Step[] => [
      { system: "fabric", place: "outside network", stage: "route", before: given, after, decisions: [decision], terms: wired ? [{ key: "nic_tx" }, { key: "wire" }, { key: "nic_rx_irq" }] : [] },
    ];
    const say = (rule: string, verdict: string, object = "outside network"): Decision => ({ table: "route", rule, verdict, origin: { object } });
    if (ip === undefined) return { outcome: { type: "drop", reason: "the outside network carries IP only", origin: { object: "outside network" } }, steps: [] };
    const next: FabricState = port === "local" ? { opened: new Set(opened).add(tuple(packet)), balanced } : state;

    const route = routes.get(ip.dst);
    if (route !== undefined && route.nodes.length > 0) {
      const share = 1 / route.nodes.length;
      const node = route.nodes[choose(`node for ${ip.dst}`, route.nodes.map((name) => ({ name, weight: share })), route.origin)] ?? "";
      const framed: Packet = { ...packet, eth: { ...packet.eth, src: FABRIC_MAC, dst: options.macs.get(node) ?? packet.eth.dst } };
      if (route.nodePorts !== undefined) return balance({ route, node, framed, state: next, step });
      return { outcome: { type: "forward", out: portOfNode(node), packet: framed }, steps: step(framed, say(`${ip.dst} ${route.why}`, `to node ${node}`, route.origin.object)), state: next };
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
  /** A load balancer with an address of its own: it takes its listeners' ports to a node's, and keeps the client's address. */
  const balance = ({ route, node, framed, state, step }: { route: FabricRoute; node: string; framed: Packet; state: FabricState; step: (after: Packet, decision: Decision) => readonly Step[] }): Decided<FabricState> => {
    const { ip, l4 } = framed;
    const address = options.addresses.get(node);
    const nodePort = l4 === undefined || l4.type === "icmp" ? undefined : route.nodePorts?.get(l4.dst);
    const say = (verdict: string): Decision => ({ table: "load balancer", rule: `${route.address} ${route.why}`, verdict, origin: route.origin });
    if (ip === undefined || l4 === undefined || l4.type === "icmp" || nodePort === undefined || address === undefined) {
      const port = l4 === undefined || l4.type === "icmp" ? "this protocol" : `port ${l4.dst}`;
      return { outcome: { type: "drop", reason: `the load balancer of ${route.origin.object} does not listen on ${port}`, origin: route.origin }, steps: step(framed, say("no listener")), state };
    }
    const sent: Packet = { ...framed, ip: { ...ip, dst: address }, l4: { ...l4, dst: nodePort } };
    const balanced = new Map(state.balanced).set(tuple(sent, true), { address: ip.dst, port: l4.dst });
    return {
      outcome: { type: "forward", out: portOfNode(node), packet: sent },
      steps: step(sent, say(`to node ${node} port ${nodePort}`)),
      state: { ...state, balanced },
      caveats: [{ code: "assumed/load-balancer", problem: `the load balancer of ${route.origin.object} (${route.why}) is assumed to send to the node ports and to keep the client's address`, origin: route.origin }],
    };
  };
  return { id: FABRIC, decide };
}
