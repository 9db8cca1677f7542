import { spawnSync } from "node:child_process";
import { DHCP_OPTIONS, type OptionTable } from "../../src/actions/index.ts";
import { program, type RealOvn } from "../oracle/real-ovn.ts";

/** A logical flow that the real program is to read. */
export interface FlowQuestion {
  readonly match: string;
  readonly actions: string;
  readonly pipeline?: "ingress" | "egress";
  readonly table?: number;
}

/** Names that the flows may use: two ports of the datapath, an address set and a port group. */
export const KNOWN = { ports: ["a", "b"], addressSets: { as: ["10.0.0.0/24", "10.1.0.1"], as6: ["fd00::1"], none: [] }, portGroups: { pg: ["a", "b"], empty: [] } } as const;

const set = (values: readonly string[]): readonly unknown[] => ["set", [...values]];

/** Puts a datapath with the known names into a Southbound database. */
export async function addKnownNames(ovn: RealOvn): Promise<void> {
  await ovn.transactSouthbound([
    { op: "insert", table: "Datapath_Binding", "uuid-name": "dp", row: { tunnel_key: 1, external_ids: ["map", [["name", "sw"], ["logical-switch", "11111111-1111-4111-8111-111111111111"]]] } },
    ...KNOWN.ports.map((name, index) => ({ op: "insert", table: "Port_Binding", row: { logical_port: name, datapath: ["named-uuid", "dp"], tunnel_key: index + 1 } })),
    ...Object.entries(KNOWN.addressSets).map(([name, addresses]) => ({ op: "insert", table: "Address_Set", row: { name, addresses: set(addresses) } })),
    ...Object.entries(KNOWN.portGroups).flatMap(([name, ports]) => [0, 1].map((key) => ({ op: "insert", table: "Port_Group", row: { name: `${key}_${name}`, ports: set(ports) } }))),
  ]);
}

/**
 * What the real ovn-trace has against each flow when it reads its database; undefined for those it takes.
 *
 * Texts must differ from flow to flow, and have no line breaks: the program's log names a flow by its text.
 */
export async function realProblems(ovn: RealOvn, flows: readonly FlowQuestion[]): Promise<readonly (string | undefined)[]> {
  const [selected] = await ovn.transactSouthbound([{ op: "select", table: "Datapath_Binding", where: [], columns: ["_uuid"] }]);
  const [datapath] = (selected?.["rows"] ?? []) as readonly { readonly _uuid: unknown }[];
  await ovn.transactSouthbound([
    { op: "delete", table: "Logical_Flow", where: [] },
    ...flows.map(({ match, actions, pipeline = "ingress", table = 0 }, index) => ({
      op: "insert", table: "Logical_Flow", row: { logical_datapath: datapath?._uuid, pipeline, table_id: table, priority: index % 65536, match, actions },
    })),
  ]);
  const { stderr } = spawnSync(program("ovn-trace") ?? "ovn-trace", [`--db=${ovn.southboundRemote}`, "--minimal", "-vPATTERN:console:%m", "-vconsole:warn", "sw", 'inport == "a"'], { encoding: "utf8", maxBuffer: 1 << 28, timeout: 60_000 });
  const complaints = new Map<string, string>();
  for (const line of stderr.split("\n")) {
    const complaint = /^(.*?): parsing (expression|actions) failed \((.*)\)$/.exec(line);
    if (complaint !== null) complaints.set(`${complaint[2]} ${complaint[1]}`, complaint[3] ?? "");
  }
  return flows.map(({ match, actions }) => complaints.get(`expression ${match}`) ?? complaints.get(`actions ${actions}`));
}

/** Puts the DHCP options that ovn-northd knows into a Southbound database, but for those whose type came with OVN 23.06. */
export async function addDhcpOptions(ovn: RealOvn): Promise<void> {
  const rows = (table: string, options: OptionTable) => [...options].filter(([, { type }]) => type !== "domain").map(([name, { code, type }]) => ({ op: "insert", table, row: { name, code, type } }));
  await ovn.transactSouthbound([...rows("DHCP_Options", DHCP_OPTIONS.v4), ...rows("DHCPv6_Options", DHCP_OPTIONS.v6)]);
}
