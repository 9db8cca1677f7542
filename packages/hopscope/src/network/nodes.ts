import type { Caveat, Link, Stage } from "@hopscope/core";
import type { Snapshot } from "@hopscope/model-kubernetes";
import { namespaceStage, type NetworkNamespace, type Socket } from "@hopscope/model-linux";
import { bridgeExOf, bridgeExStage, chassisStage, compileNorthbound, hostNamespace, localnetPort, type NodeFacts, type NorthboundDb, northd, northdCaveats, type SouthboundDb, TUNNEL } from "@hopscope/model-ovn";
import { FABRIC, FABRIC_MAC, portOfNode } from "./fabric.ts";
import type { GivenDatabases } from "./given-databases.ts";

export const hostStage = (node: string): string => `node/${node}`;
export const ovnStage = (node: string): string => `ovn/${node}`;
const bridgeStage = (node: string): string => `br-ex/${node}`;

export const bare = (address: string): string => address.replace(/\/\d+$/, "");

export interface NodeParts {
  readonly stages: readonly Stage[];
  readonly links: readonly Link[];
  readonly namespaces: readonly NetworkNamespace[];
  /** Each compiles one node's OVN ahead of the first packet. */
  readonly preparations: readonly (() => void)[];
}

export interface NodesInput {
  readonly snapshot: Snapshot;
  readonly nodes: readonly NodeFacts[];
  /** Virtual addresses by the node that holds them. */
  readonly vips: ReadonlyMap<string, readonly string[]>;
  /** Sockets of host-network processes by node. */
  readonly sockets: ReadonlyMap<string, readonly Socket[]>;
  /** Addresses outside that nodes reach directly or by their gateway. */
  readonly outside: readonly string[];
  readonly caveats: Caveat[];
}

/** The databases of a node's zone, compiled when a packet (or a person) first asks for them. */
export interface Databases {
  readonly northbound: (node: string) => NorthboundDb;
  readonly southbound: (node: string) => SouthboundDb;
  /** What the compilers of a node's zone assumed or left out. */
  readonly zoneCaveats: (node: string) => readonly Caveat[];
}

/** Compiles each zone once, when it is first needed. Databases of the cluster itself take the place of compiled ones. */
export function databasesOf(input: Pick<NodesInput, "snapshot" | "nodes" | "vips" | "outside">, given?: GivenDatabases): Databases {
  const { snapshot, nodes } = input;
  const made = new Map<string, SouthboundDb>();
  const rows = new Map<string, ReturnType<typeof compileNorthbound>>();
  const { interconnect } = snapshot.cluster.network;
  const version = /^2[0-3]\.0[0-6]$|^2[0-2]\./.test(snapshot.cluster.platform.ovn ?? "") ? "23.03" : "23.09";
  const zoneOf = (name: string): string => (interconnect ? (nodes.find((one) => one.name === name)?.zone ?? name) : "global");
  const compiled = (name: string): ReturnType<typeof compileNorthbound> => {
    const zone = zoneOf(name);
    let rowsOf = rows.get(zone);
    if (rowsOf === undefined) rows.set(zone, (rowsOf = compileNorthbound(snapshot, { zone })));
    return rowsOf;
  };
  const northbound = (name: string): NorthboundDb => given?.northbound(name, zoneOf(name)) ?? compiled(name).northbound;
  const southbound = (name: string): SouthboundDb => {
    const zone = zoneOf(name);
    let db = made.get(zone);
    if (db === undefined) {
      const learned = nodes.flatMap((one) => neighboursOf(one, input));
      const found = given?.southbound(name, zone);
      db = found !== undefined ? withNeighbours(found, learned) : northd(northbound(name), {
        version,
        chassis: nodes.map((one) => ({ name: one.chassis, hostname: one.name, ip: bare(one.gateway.addresses[0] ?? ""), remote: interconnect && one.zone !== zone })),
        macBindings: learned,
      });
      made.set(zone, db);
    }
    return db;
  };
  const zoneCaveats = (name: string): readonly Caveat[] => [...(given?.northbound(name, zoneOf(name)) === undefined ? compiled(name).caveats : []), ...northdCaveats(northbound(name), { version, chassis: [] })];
  return { northbound, southbound, zoneCaveats };
}

/** A real database with the neighbours that its chassis would learn when they need them. */
function withNeighbours(db: SouthboundDb, learned: ReturnType<typeof neighboursOf>): SouthboundDb {
  const known = new Set(db.macBindings.map(({ port, ip }) => `${port} ${ip}`));
  return { ...db, macBindings: [...db.macBindings, ...learned.filter(({ port, ip }) => !known.has(`${port} ${ip}`))] };
}

/** The chassis of a node by the database's own name of it. */
const chassisOf = (db: SouthboundDb, node: NodeFacts): string => db.chassis.find(({ hostname }) => hostname === node.name)?.name ?? node.chassis;

/** What a gateway router would have learned by ARP: its next hops, the other nodes and what is outside. */
function neighboursOf(node: NodeFacts, { nodes, vips, outside }: Pick<NodesInput, "nodes" | "vips" | "outside">) {
  const port = `rtoe-GR_${node.name}`;
  const known = new Map<string, string>();
  for (const ip of [...outside, ...node.gateway.nextHops]) known.set(ip, FABRIC_MAC);
  for (const other of nodes) for (const ip of [...other.gateway.addresses.map(bare), ...other.hostAddresses, ...(vips.get(other.name) ?? [])]) known.set(ip, other.gateway.mac);
  return [...known].map(([ip, mac]) => ({ port, ip, mac }));
}

/** The stages of every node: the host's namespace, br-ex and OVN, joined to each other and to the network outside. */
export function nodeParts(input: NodesInput, { southbound }: Databases): NodeParts {
  const { snapshot, nodes, vips, sockets, caveats } = input;
  const stages: Stage[] = [];
  const links: Link[] = [];
  const namespaces: NetworkNamespace[] = [];
  const preparations: (() => void)[] = [];
  for (const node of nodes) {
    const { name } = node;
    const held = vips.get(name) ?? [];
    const host: NetworkNamespace = { ...hostNamespace(snapshot, name, { vips: held, sockets: sockets.get(name) ?? [], caveats }), id: hostStage(name) };
    namespaces.push(host);
    stages.push(namespaceStage(host) as Stage);
    stages.push(bridgeExStage(bridgeExOf(snapshot, name, { id: bridgeStage(name), vips: held })) as Stage);
    const ovn = lazily(ovnStage(name), (readAhead) => chassisStage({ id: ovnStage(name), chassis: chassisOf(southbound(name), node), node: name, db: southbound(name), readAhead }) as Stage);
    stages.push(ovn.stage);
    preparations.push(ovn.prepare);
    links.push({ a: [hostStage(name), "br-ex"], b: [bridgeStage(name), "host"] });
    links.push({ a: [hostStage(name), "ovn-k8s-mp0"], b: [ovnStage(name), `k8s-${name}`] });
    links.push({ a: [bridgeStage(name), "ovn"], b: [ovnStage(name), localnetPort(node.gateway.interfaceId)] });
    links.push({ a: [bridgeStage(name), "physical"], b: [FABRIC, portOfNode(name)] });
    links.push({ a: [ovnStage(name), TUNNEL], b: [TUNNELS, name] });
  }
  stages.push(tunnelStage(nodes));
  return { stages, links, namespaces, preparations };
}

function lazily(id: string, make: (readAhead: boolean) => Stage): { readonly stage: Stage; readonly prepare: () => void } {
  let made: Stage | undefined;
  const get = (readAhead: boolean): Stage => (made ??= make(readAhead));
  return { stage: { id, decide: (visit) => get(false).decide(visit) }, prepare: () => void get(true) };
}

const TUNNELS = "tunnels";

/** Carries Geneve packets between chassis by their outer destination. */
function tunnelStage(nodes: readonly NodeFacts[]): Stage {
  const byAddress = new Map(nodes.flatMap((node) => node.gateway.addresses.map((address) => [bare(address), node.name] as const)));
  return {
    id: TUNNELS,
    decide: ({ packet }) => {
      const to = byAddress.get(packet.encap?.dst ?? "");
      const origin = { object: "node network" };
      const step = {
        system: "fabric",
        place: "node network",
        stage: "geneve",
        before: packet,
        after: packet,
        decisions: [{ table: "geneve", rule: `${packet.encap?.src ?? ""} > ${packet.encap?.dst ?? ""} vni ${packet.encap?.vni ?? ""}`, verdict: to === undefined ? "nobody has the outer address" : `to node ${to}`, origin }],
        terms: [{ key: "nic_tx" }, { key: "wire" }, { key: "nic_rx_irq" }],
      } as const;
      return to === undefined ? { outcome: { type: "drop", reason: `no node has the tunnel address ${packet.encap?.dst ?? ""}`, origin }, steps: [step] } : { outcome: { type: "forward", out: to, packet }, steps: [step] };
    },
  };
}
