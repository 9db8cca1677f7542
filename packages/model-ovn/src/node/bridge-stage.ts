import {
  bindDestination, bindSource, confirm, type Conntrack, type Decided, type Decision, emptyConntrack, lookup, type Outcome, type Packet,
  type Stage, track, type Tracked, translate, tupleOf, ZERO_MAC,
} from "@hopscope/core";
import { contains, parseAddress, parseSubnet } from "../kubernetes/address.ts";
import { type BridgeAction, type BridgeMatch, type BridgePort, type BridgeRule, printBridgeRule } from "./bridge-rule.ts";
import { type BridgeExSpec, bridgeExRules } from "./bridge-rules.ts";

/** What br-ex remembers: its connections. */
export interface BridgeState {
  readonly conntrack: Conntrack;
}

const isPort = (port: string): port is BridgePort => port === "physical" || port === "host" || port === "ovn";

/**
 * The external bridge of a node: decides whether a packet from outside is for the host or for OVN, and joins both.
 *
 * Ports are `physical` (the NIC), `host` (the host's stack) and `ovn` (the localnet port of `ext_<node>`).
 *
 * @see ovn-kubernetes go-controller/pkg/node/gateway_shared_intf.go, 2023-10-31
 */
export function bridgeExStage(spec: BridgeExSpec): Stage<BridgeState> {
  const rules = [...bridgeExRules(spec)].sort((a, b) => b.priority - a.priority);
  return {
    id: spec.id,
    decide: ({ packet, port, state }): Decided<BridgeState> => {
      if (!isPort(port)) throw new Error(`br-ex of ${spec.node} has no port "${port}"`);
      // Who hands a packet to this node's NIC without saying a MAC means the node.
      const framed = packet.eth.dst === ZERO_MAC && port === "physical" ? { ...packet, eth: { ...packet.eth, dst: spec.mac } } : packet;
      const pass: Pass = { spec, rules, port, packet: framed, conntrack: state?.conntrack ?? emptyConntrack, tracked: undefined, outputs: [], decisions: [], dropped: undefined };
      runTable(pass, 0);
      const after = pass.outputs[0]?.packet ?? pass.packet;
      const step = { system: "ovn", node: spec.node, place: `br-ex ${spec.node}`, stage: "br-ex", before: packet, after, decisions: pass.decisions, terms: termsOf(port, pass.outputs) } as const;
      return { outcome: outcomeOf(pass), steps: [step], state: { conntrack: pass.conntrack } };
    },
  };
}

interface Pass {
  readonly spec: BridgeExSpec;
  readonly rules: readonly BridgeRule[];
  readonly port: BridgePort;
  packet: Packet;
  conntrack: Conntrack;
  tracked: Tracked | undefined;
  readonly outputs: { readonly out: BridgePort; readonly packet: Packet }[];
  readonly decisions: Decision[];
  dropped: BridgeRule | undefined;
}

/** A pass between the NIC and OVN is part of OVN's own pass through the datapath; the host's is one of its own. */
function termsOf(port: BridgePort, outputs: readonly { readonly out: BridgePort }[]): readonly { readonly key: string }[] {
  const out = outputs[0]?.out;
  if (port === "physical" && out === "host") return [{ key: "ovs_ingress" }];
  if (port === "host" && out === "physical") return [{ key: "ovs_egress" }];
  return [];
}

function outcomeOf({ outputs, dropped, decisions, spec }: Pass): Outcome {
  const [first, ...others] = outputs;
  if (first !== undefined && others.length === 0) return { type: "forward", ...first };
  if (first !== undefined) return { type: "replicate", copies: outputs };
  const origin = dropped?.origin ?? decisions.at(-1)?.origin ?? { object: `br-ex of Node ${spec.node}` };
  if (dropped === undefined) return { type: "drop", reason: "nothing on br-ex has that MAC address", origin, code: "ovn/bridge-unknown-mac" };
  const leak = dropped.priority === 104 ? "a pod's own address may not leave the cluster" : "the rule drops it";
  return { type: "drop", reason: `br-ex drops the packet: ${leak}`, origin, code: dropped.priority === 104 ? "ovn/bridge-pod-address-leak" : "ovn/bridge-drop" };
}

function runTable(pass: Pass, table: number): void {
  const rule = pass.rules.find((candidate) => candidate.table === table && matches(pass, candidate.match));
  if (rule === undefined) return;
  const said: string[] = [];
  let next: number | undefined;
  for (const action of rule.actions) next = act(pass, rule, action, said) ?? next;
  pass.decisions.push({ table: `br-ex table ${table}`, rule: printBridgeRule(rule), verdict: said.join(", "), origin: rule.origin });
  if (next !== undefined) runTable(pass, next);
}

function matches({ packet, port, tracked }: Pass, match: BridgeMatch): boolean {
  const { ip, l4, eth } = packet;
  if (match.port !== undefined && match.port !== port) return false;
  if (match.ethDestination !== undefined && match.ethDestination !== eth.dst) return false;
  if (match.ip !== undefined && (ip === undefined || (packet.encap === undefined ? ip.version : packet.encap.src.includes(":") ? 6 : 4) !== match.ip)) return false;
  if (match.mark !== undefined && (packet.local?.mark ?? 0) !== match.mark) return false;
  if (match.connection !== undefined) {
    const { state, mark } = match.connection;
    if (tracked?.connection?.mark !== mark || tracked.state !== state) return false;
  }
  // A packet in a tunnel shows its outer headers.
  const source = packet.encap?.src ?? ip?.src;
  const destination = packet.encap?.dst ?? ip?.dst;
  const protocol = packet.encap === undefined ? l4?.type : "udp";
  const destinationPort = packet.encap === undefined ? (l4 === undefined || l4.type === "icmp" ? undefined : l4.dst) : 6081;
  const sourcePort = packet.encap !== undefined || l4 === undefined || l4.type === "icmp" ? undefined : l4.src;
  return (
    (match.protocol === undefined || match.protocol === protocol) &&
    (match.sourcePort === undefined || match.sourcePort === sourcePort) &&
    (match.destinationPort === undefined || match.destinationPort === destinationPort) &&
    within(match.source, source) &&
    within(match.destination, destination)
  );
}

function within(range: string | undefined, text: string | undefined): boolean {
  if (range === undefined) return true;
  const subnet = parseSubnet(range);
  const address = parseAddress(text ?? "");
  return subnet !== undefined && address !== undefined && contains(subnet, address);
}

/** Does one action; returns the table in which the packet goes on. */
function act(pass: Pass, rule: BridgeRule, action: BridgeAction, said: string[]): number | undefined {
  const { packet } = pass;
  switch (action.type) {
    case "output":
      said.push(`to ${action.to}`);
      send(pass, action.to);
      return undefined;
    case "drop":
      said.push("dropped");
      pass.dropped = rule;
      return undefined;
    case "normal":
      said.push(normal(pass));
      return undefined;
    case "set-eth-dst":
      pass.packet = { ...packet, eth: { ...packet.eth, dst: action.mac } };
      return undefined;
    case "eth-src-from-dst":
      pass.packet = { ...packet, eth: { ...packet.eth, src: packet.eth.dst } };
      return undefined;
    case "ct":
      said.push(connect(pass, action));
      return action.table;
  }
}

function send(pass: Pass, to: BridgePort): void {
  if (to === pass.port) return; // OpenFlow never sends a packet back where it came from
  const { packet } = pass;
  // Marks stay inside the kernel.
  pass.outputs.push({ out: to, packet: to === "physical" && packet.local !== undefined ? { ...packet, local: undefined } : packet });
}

/** Forwards by MAC address. Only the NIC's side has addresses br-ex does not know beforehand. */
function normal(pass: Pass): string {
  const { eth, arp } = pass.packet;
  const flood = (Number.parseInt(eth.dst.slice(0, 2), 16) & 1) === 1 || arp !== undefined;
  if (flood) {
    for (const port of ["physical", "ovn", "host"] as const) send(pass, port);
    return "flooded";
  }
  if (eth.dst === pass.spec.mac) {
    send(pass, "host");
    return "to host, by its MAC address";
  }
  send(pass, "physical");
  return pass.port === "physical" ? "not for this node" : "to physical, by MAC address";
}

function connect(pass: Pass, { zone, commit, nat, mark, table }: Extract<BridgeAction, { type: "ct" }>): string {
  const tracked = track(pass.conntrack, pass.packet, zone);
  let { connection } = tracked;
  const tuple = tupleOf(pass.packet);
  const known = tuple !== undefined && lookup(pass.conntrack, tuple, zone) !== undefined;
  if (connection !== undefined && tracked.state !== "related") {
    if (commit === true && !known && nat !== undefined && nat !== "undo") {
      connection =
        "source" in nat
          ? bindSource(pass.conntrack, connection, { address: nat.source })
          : bindDestination(pass.conntrack, connection, { address: nat.destination, ports: nat.port === undefined ? undefined : { first: nat.port, last: nat.port } });
    }
    if (commit === true && mark !== undefined) connection = { ...connection, mark };
    if (commit === true || known) pass.conntrack = confirm(pass.conntrack, connection);
  }
  const before = pass.packet;
  if (nat !== undefined && connection !== undefined) pass.packet = translate(pass.packet, connection, tracked.direction);
  pass.tracked = table === undefined ? undefined : { ...tracked, connection };
  const changed = pass.packet === before ? "" : `, now ${pass.packet.ip?.src} > ${pass.packet.ip?.dst}`;
  return `${tracked.state} in zone ${zone}${commit === true && !known && connection !== undefined ? ", committed" : ""}${changed}`;
}
