import fc from "fast-check";
import type { Operation } from "../oracle/transact.ts";
import { arbitraryActions } from "../../src/testing/index.ts";

const byteString = fc.integer({ min: 0, max: 3 });
const match = fc.oneof(
  { arbitrary: fc.constantFrom("1", "ip", "ip4"), weight: 3 },
  fc.constantFrom( "ip", "ip4", "ip6", "tcp", "!tcp", "arp", "nd", "icmp4", "eth.mcast", "ct.new", "!ct.est", "reg0[0] == 1", "flags.loopback", 'inport == "a"', 'outport == "b"', 'outport == "flood"', "ip.ttl == {0, 1}", "ip4.dst == $set", 'is_chassis_resident("a")', 'is_chassis_resident("nobody")'),
  byteString.map((last) => `ip4.dst == 10.0.0.${last}/31`),
  byteString.map((last) => `tcp.dst != ${last} && (ip4 || reg1[0..7] < ${last})`),
);

interface RandomFlow {
  readonly pipeline: string;
  readonly table: number;
  readonly match: string;
  readonly actions: string;
  readonly router: boolean;
}

const TABLES = 6;
const any = arbitraryActions({ ports: ["a", "b", "f00dfeed-0000-4000-8000-00000000c0de", "flood", "nobody", "sw-r"], tables: TABLES + 1, depth: 2 });
const actions = fc.oneof(
  { arbitrary: any, weight: 1 },
  // What goes on shows more.
  { arbitrary: any.filter((text) => !/^drop|ct_next;|output/.test(text)).map((text) => `${text} next;`), weight: 8 },
  { arbitrary: fc.constantFrom("next;", "output;", 'outport = "b"; output;', 'outport = "flood"; flags.loopback = 1; output;', 'outport = "sw-r"; output;', 'outport <-> inport; flags.loopback = 1; output;', "eth.dst <-> eth.src; next;", "ip4.dst = ip4.src; next;", "reg0 = ip4.dst; get_arp(outport, reg0); next;", "reject { next(pipeline=egress, table=0); };", "reg9 = ip4.src; ip4.src = reg9; xxreg0 = ip6.dst; ip6.src = xxreg0; next;"), weight: 2 },
);
const flow: fc.Arbitrary<RandomFlow> = fc.record({
  pipeline: fc.constantFrom("ingress", "ingress", "egress"), table: fc.integer({ min: 0, max: TABLES - 1 }), match, actions, router: fc.boolean(),
});

/** Flows that no northd would write: every action of the language, in any order, in two datapaths tied by a patch. */
export const randomFlows: fc.Arbitrary<readonly RandomFlow[]> = fc.array(flow, { minLength: 40, maxLength: 80 });

const set = (...values: readonly unknown[]): readonly unknown[] => ["set", values];
const map = (...pairs: readonly (readonly [string, string])[]): readonly unknown[] => ["map", pairs];
const named = (name: string): readonly [string, string] => ["named-uuid", name];

/** What puts the flows, and the ports, groups, neighbours and load balancers that they name, into a Southbound database. */
export function insertions(flows: readonly RandomFlow[]): readonly Operation[] {
  const insert = (table: string, row: Readonly<Record<string, unknown>>, name?: string): Operation => ({ op: "insert", table, row, ...(name === undefined ? {} : { "uuid-name": name }) });
  const port = (datapath: string, name: string, key: number, more: Readonly<Record<string, unknown>> = {}): Operation =>
    insert("Port_Binding", { datapath: named(datapath), logical_port: name, tunnel_key: key, ...more }, `port${datapath}${key}`);
  const rest = (["ingress", "egress"] as const).flatMap((pipeline) => [false, true].flatMap((router) => Array.from({ length: TABLES }, (_, table): RandomFlow =>
    ({ pipeline, table, match: "1", actions: table < TABLES - 1 ? "next;" : "output;", router }))));
  return [
    insert("SB_Global", {}),
    insert("Datapath_Binding", { tunnel_key: 1, external_ids: map(["logical-switch", "aaaaaaaa-0000-4000-8000-000000000001"], ["name", "neutron-12345678-0000-4000-8000-000000000000"], ["name2", "net"]) }, "sw"),
    insert("Datapath_Binding", { tunnel_key: 2, external_ids: map(["logical-router", "bbbbbbbb-0000-4000-8000-000000000001"], ["name", "router-12345678-0000-4000-8000-000000000000"]) }, "r"),
    port("sw", "a", 1, { port_security: set("00:00:00:00:00:01 10.0.0.1 fd00::1") }),
    port("sw", "b", 2, { external_ids: map(["name", "friend \"b\""]) }),
    port("sw", "f00dfeed-0000-4000-8000-00000000c0de", 3),
    port("sw", "sw-r", 4, { type: "patch", options: map(["peer", "r-sw"]) }),
    port("r", "r-sw", 1, { type: "patch", options: map(["peer", "sw-r"]) }),
    port("r", "cr-r-sw", 2, { type: "chassisredirect", options: map(["distributed-port", "r-sw"]) }),
    insert("Multicast_Group", { datapath: named("sw"), name: "flood", tunnel_key: 0x8001, ports: set(named("portsw1"), named("portsw2"), named("portsw3"), named("portsw4")) }),
    insert("Address_Set", { name: "set", addresses: set("10.0.0.2", "10.0.0.16/28") }),
    insert("MAC_Binding", { logical_port: "a", ip: "10.0.0.2", mac: "00:00:00:00:00:22", datapath: named("sw") }),
    insert("FDB", { mac: "00:00:00:00:00:02", dp_key: 1, port_key: 2 }),
    insert("Load_Balancer", { name: "lb", vips: map(["10.0.0.2:2", "10.0.0.1:1"], ["10.0.0.2:1", "10.0.0.1:1"], ["[fd00::2]:2", "[fd00::1]:1"]) }),
    ...[["offerip", 0, "ipv4"], ["router", 3, "ipv4"], ["mtu", 26, "uint16"], ["lease_time", 51, "uint32"], ["server_id", 54, "ipv4"], ["hostname", 12, "str"], ["netmask", 1, "ipv4"]].map(([name, code, type]) => insert("DHCP_Options", { name, code, type })),
    // Each priority once: between equal ones the order of random row ids decides.
    ...[...flows.map((one, index) => ({ ...one, priority: index + 1 })), ...rest.map((one) => ({ ...one, priority: 0 }))].map((one, index) => insert("Logical_Flow", {
      logical_datapath: named(one.router ? "r" : "sw"), pipeline: one.pipeline, table_id: one.table, priority: one.priority, match: one.match, actions: one.actions,
      external_ids: index % 3 === 0 ? map() : index % 3 === 1 ? map(["stage-name", `stage_${one.pipeline}_${one.table}`]) : map(["stage-name", `stage_${one.pipeline}_${one.table}`], ["source", `northd.c:${index}`]),
    })),
  ];
}

const mac = fc.constantFrom("00:00:00:00:00:01", "00:00:00:00:00:02", "ff:ff:ff:ff:ff:ff");
const last = fc.integer({ min: 0, max: 3 });
/** Microflows that enter by port `a`, `b` or the one named by a uuid. */
export const randomMicroflow: fc.Arbitrary<string> = fc.tuple(
  fc.constantFrom("a", "b", "f00dfeed-0000-4000-8000-00000000c0de", "r-sw"), mac, mac, last, last,
  fc.constantFrom("tcp && tcp.src == 1 && tcp.dst == 2", "udp && udp.src == 68 && udp.dst == 67", "icmp4.type == 8", "sctp && sctp.dst == 1", "ip.ttl == 1 && tcp", "ip4", "6 tcp.dst == 2", "6 nd_ns", "6 icmp6.type == 128", "arp", "0"),
).map(([port, source, destination, from, to, rest]) => {
  const head = `inport == "${port}" && eth.src == ${source} && eth.dst == ${destination}`;
  if (rest === "0") return head;
  if (rest === "arp") return `${head} && arp.op == 1 && arp.spa == 10.0.0.${from} && arp.tpa == 10.0.0.${to} && arp.sha == ${source}`;
  if (rest.startsWith("6 ")) return `${head} && ip6.src == fd00::${from} && ip6.dst == fd00::${to} && ip.ttl == 255 && ${rest.slice(2)}`;
  return `${head} && ip4.src == 10.0.0.${from} && ip4.dst == 10.0.0.${to}${rest.includes("ttl") ? "" : " && ip.ttl == 64"} && ${rest}`;
});
