import { diceOf } from "../northd/random-northbound.ts";
import { mutate } from "./mutate.ts";
import type { RealOvn } from "./real-ovn.ts";
import type { Operation } from "./transact.ts";

type Cells = Readonly<Record<string, unknown>> & { readonly _uuid: readonly ["uuid", string] };

/** Text columns of the Southbound database that ovn-trace reads as a language of their own. */
const columns: readonly { readonly table: string; readonly column: string; readonly share: number }[] = [
  { table: "Logical_Flow", column: "match", share: 0.06 }, { table: "Logical_Flow", column: "actions", share: 0.06 },
  { table: "MAC_Binding", column: "ip", share: 0.2 }, { table: "MAC_Binding", column: "mac", share: 0.2 }, { table: "FDB", column: "mac", share: 0.3 },
  { table: "Port_Binding", column: "port_security", share: 0.15 }, { table: "Address_Set", column: "addresses", share: 0.2 }, { table: "Load_Balancer", column: "vips", share: 0.2 },
];

/** A cell with one of its texts damaged. */
function damaged(dice: ReturnType<typeof diceOf>, value: unknown): unknown {
  if (typeof value === "string") return mutate(dice, value);
  if (!Array.isArray(value)) return undefined;
  const [kind, items] = value as unknown as readonly [string, readonly unknown[]];
  if (items.length === 0) return undefined;
  const at = dice.below(items.length);
  if (kind === "set") return ["set", [...new Set(items.map((item, index) => (index === at ? mutate(dice, String(item)) : item)))]];
  if (kind !== "map") return undefined;
  return ["map", items.map((pair, index) => (index === at ? [mutate(dice, String((pair as readonly string[])[0])), (pair as readonly string[])[1]] : pair))];
}

/** Damages some rows of a Southbound database, as no ovn-northd would write them. */
export async function damageSouthbound(ovn: RealOvn, seed: number): Promise<void> {
  const dice = diceOf(seed ^ 0x2545f491);
  for (const { table, column, share } of columns) {
    const more = table === "Logical_Flow" ? ["external_ids", "priority", "pipeline", "table_id"] : [];
    const [result] = await ovn.transactSouthbound([{ op: "select", table, where: [], columns: ["_uuid", column, ...more] }]);
    // Row ids differ from run to run, so that the order of the rows does; their content does not.
    const content = ({ _uuid, ...rest }: Cells): string => JSON.stringify(rest);
    const all = (result?.["rows"] ?? []) as readonly Cells[];
    const rows = [...all].sort((a, b) => (content(a) < content(b) ? -1 : 1)).filter(() => dice.chance(share));
    for (const row of rows) {
      const value = damaged(dice, row[column]);
      const change: Operation = { op: "update", table, where: [["_uuid", "==", row._uuid]], row: { [column]: value } };
      // A damage that breaks an index or a constraint of the schema cannot be in any database.
      if (value !== undefined) await ovn.transactSouthbound([change]).catch(() => undefined);
    }
  }
}
