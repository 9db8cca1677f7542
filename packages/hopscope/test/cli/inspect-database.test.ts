import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { run, shop, withFiles } from "./_run.ts";

function record(value: unknown): string {
  const text = `${JSON.stringify(value)}\n`;
  return `OVSDB JSON ${Buffer.byteLength(text)} ${createHash("sha1").update(text).digest("hex")}\n${text}`;
}

const uuid = (number: number): string => `00000000-0000-4000-8000-00000000000${number}`;
const many = (key: unknown, value?: unknown): unknown => ({ type: { key, ...(value === undefined ? {} : { value }), min: 0, max: "unlimited" } });
const one = (type: unknown): unknown => ({ type: { key: type } });
const southbound = record({
  name: "OVN_Southbound", version: "20.27.4",
  tables: {
    Datapath_Binding: { columns: { tunnel_key: one("integer"), external_ids: many("string", "string") } },
    Logical_Flow: {
      columns: {
        logical_datapath: { type: { key: { type: "uuid", refTable: "Datapath_Binding" }, min: 0, max: 1 } }, pipeline: one("string"), table_id: one("integer"),
        priority: one("integer"), match: one("string"), actions: one("string"), external_ids: many("string", "string"),
      },
    },
  },
}) + record({
  Datapath_Binding: { [uuid(1)]: { tunnel_key: 1, external_ids: ["map", [["name", "shop"], ["logical-switch", uuid(9)]]] } },
  Logical_Flow: { [uuid(2)]: { logical_datapath: ["uuid", uuid(1)], pipeline: "ingress", table_id: 3, priority: 50, match: "ip4", actions: "next;", external_ids: ["map", [["stage-name", "ls_in_x"]]] } },
});
const northbound = record({
  name: "OVN_Northbound", version: "7.1.0",
  tables: { Logical_Switch: { columns: { name: one("string"), ports: many("string"), other_config: many("string", "string") } } },
}) + record({ Logical_Switch: { [uuid(1)]: { name: "shop", other_config: ["map", [["subnet", "10.0.0.0/24"]]] } } });
const files = { "sb.db": southbound, "nb.db": northbound, "torn.db": `${southbound}OVSDB JSON 12`, "bad.db": southbound.replace("ip4", "ip6"), "shop.yaml": shop };
const inspect = (file: string, ...words: readonly string[]) => withFiles(files, (path) => run("inspect", path(file), ...words));

describe("hopscope inspect of a database file", () => {
  it("shows what tables it holds", async () => {
    expect(await inspect("nb.db")).toMatchObject({ code: 0, out: "database OVN_Northbound 7.1.0 (standalone)\n\nLogical_Switch                     1\n" });
  });

  it("prints rows as ovsdb-client does", async () => {
    expect((await inspect("nb.db", "nb", "Logical_Switch")).out).toBe(
      `Logical_Switch table\n_uuid               : ${uuid(1)}\nname                : shop\nother_config        : {subnet="10.0.0.0/24"}\nports               : []\n`);
    expect(JSON.parse((await inspect("nb.db", "nb", "-o", "json")).out)).toEqual({ Logical_Switch: [{ _uuid: uuid(1), name: "shop", ports: [], other_config: { subnet: "10.0.0.0/24" } }] });
  });

  it("prints flows as ovn-sbctl does", async () => {
    const expected = `Datapath: "shop" (${uuid(1)})  Pipeline: ingress\n  table=3 (ls_in_x            ), priority=50   , match=(ip4), action=(next;)\n`;
    expect((await inspect("sb.db", "lflows")).out).toBe(expected);
    expect((await inspect("sb.db", "lflows", "shop")).out).toBe(expected);
  });

  it("prints the flows that northd would make of a Northbound database", async () => {
    expect((await inspect("nb.db", "lflows")).out).toMatch(/^Datapath: "shop".*\n {2}table=0 \(ls_in_check_port_sec\)/);
  });

  it("tells of a torn record and goes on", async () => {
    expect(await inspect("torn.db", "sb", "Datapath_Binding")).toMatchObject({ code: 0, out: expect.stringContaining("shop"), err: expect.stringMatching(/torn\.db: record 2 at byte \d+: the file ends inside the header/) });
  });

  it.each([
    ["bad.db", [], /bad\.db: record 1 at byte \d+: \d+ bytes from byte \d+ have the SHA-1/],
    ["sb.db", ["nb"], /view "nb": is not in the database OVN_Southbound; expected sb/],
    ["sb.db", ["lflows", "nowhere"], /datapath "nowhere": is not in the database; expected one of shop/],
    ["sb.db", ["sb", "Nowhere"], /table "Nowhere": is not in the database/],
    ["sb.db", ["envoy"], /view "envoy": needs a snapshot/],
  ])("refuses %s %j", async (file, words, message) => {
    expect(await inspect(file, ...words)).toMatchObject({ code: 2, err: expect.stringMatching(message) });
  });

  it("is told from manifests by its content, not by its name", async () => {
    await withFiles({ "db.yaml": southbound }, async (path) => expect((await run("inspect", path("db.yaml"), "lflows")).out).toContain("ls_in_x"));
  });
});

it("hopscope inspect shows the datapaths that are compiled for a node", async () => {
  expect((await withFiles(files, (path) => run("inspect", path("shop.yaml"), "sb"))).out).toMatch(/^join +switch +\d+ ports +\d+ flows$/m);
});
