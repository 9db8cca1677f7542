import { diceOf } from "../northd/random-northbound.ts";
import type { ClusterPlan } from "./plan.ts";
import type { RealOvn } from "./real-ovn.ts";
import type { Operation } from "./transact.ts";

const features = ["port-up-notif", "ct-no-masked-label", "mac-binding-timestamp", "ovn-ct-lb-related", "fdb-timestamp"];
const chassisId = (name: string): string => `${name.slice(0, 24)}ffffffff${name.slice(32)}`;
const map = (entries: Readonly<Record<string, string>>): unknown => ["map", Object.entries(entries)];

/** Announces the chassis of a plan, as their ovn-controllers would before anything is bound; without features an old one. */
export function announceChassis(plan: ClusterPlan, modern = true): Operation[] {
  return plan.nodes.flatMap((node, index): Operation[] => [
    { op: "insert", table: "Encap", "uuid-name": `encap${index}`, row: { type: "geneve", ip: node.ip.v4 ?? node.ip.v6, chassis_name: node.chassis, options: map({ csum: "true" }) } },
    { op: "insert", table: "Chassis", uuid: chassisId(node.chassis), row: {
      name: node.chassis, hostname: node.name, encaps: ["named-uuid", `encap${index}`],
      other_config: map({ ...(modern ? Object.fromEntries(features.map((name) => [name, "true"])) : {}), "is-remote": `${!node.local}` }),
    } },
  ]);
}

interface Binding {
  readonly datapath: readonly ["uuid", string];
  readonly key: number;
  readonly uuid: readonly ["uuid", string];
}

async function readBindings(ovn: RealOvn): Promise<{ readonly ports: ReadonlyMap<string, Binding>; readonly keys: ReadonlyMap<string, number> }> {
  const [ports, datapaths] = await ovn.transactSouthbound([
    { op: "select", table: "Port_Binding", where: [], columns: ["_uuid", "logical_port", "datapath", "tunnel_key"] },
    { op: "select", table: "Datapath_Binding", where: [], columns: ["_uuid", "tunnel_key"] },
  ]) as [{ rows: { _uuid: ["uuid", string]; logical_port: string; datapath: ["uuid", string]; tunnel_key: number }[] }, { rows: { _uuid: ["uuid", string]; tunnel_key: number }[] }];
  return {
    ports: new Map(ports.rows.map((row) => [row.logical_port, { datapath: row.datapath, key: row.tunnel_key, uuid: row._uuid }])),
    keys: new Map(datapaths.rows.map((row) => [row._uuid[1], row.tunnel_key])),
  };
}

/** Binds workloads and adds what ovn-controllers learn while packets flow: neighbours, addresses, group members. */
export async function bindAndLearn(ovn: RealOvn, plan: ClusterPlan, seed: number): Promise<void> {
  const { ports, keys } = await readBindings(ovn);
  const dice = diceOf(seed ^ 0x5bd1e995);
  const bound = plan.bindings.filter(({ port }) => ports.has(port) && !dice.chance(0.03)).map(({ port, chassis }): Operation => ({
    op: "update", table: "Port_Binding", where: [["logical_port", "==", port]], row: { chassis: ["uuid", chassisId(chassis)], up: true },
  }));
  const learnt = plan.learnt.flatMap(({ port, ip, mac }): Operation[] => {
    const binding = ports.get(port);
    return binding === undefined ? [] : [{ op: "insert", table: "MAC_Binding", row: { logical_port: port, ip, mac, datapath: binding.datapath } }];
  });
  const forwarding = plan.forwarding.flatMap(({ port, mac }): Operation[] => {
    const binding = ports.get(port);
    return binding === undefined ? [] : [{ op: "insert", table: "FDB", row: { mac, dp_key: keys.get(binding.datapath[1]) ?? 0, port_key: binding.key } }];
  });
  const groups = new Map<string, { readonly address: string; readonly datapath: unknown; readonly chassis: string; readonly ports: unknown[] }>();
  for (const { port, address } of plan.groups) {
    const binding = ports.get(port);
    const chassis = plan.bindings.find((each) => each.port === port)?.chassis;
    if (binding === undefined || chassis === undefined) continue;
    const group = groups.get(`${binding.datapath[1]} ${address}`) ?? { address, datapath: binding.datapath, chassis, ports: [] };
    group.ports.push(binding.uuid);
    groups.set(`${binding.datapath[1]} ${address}`, group);
  }
  const members = [...groups.values()].map(({ address, datapath, chassis, ports: uuids }): Operation => ({
    op: "insert", table: "IGMP_Group", row: { address, datapath, chassis: ["uuid", chassisId(chassis)], ports: ["set", uuids] },
  }));
  await ovn.transactSouthbound([...bound, ...learnt, ...forwarding, ...members]);
}
