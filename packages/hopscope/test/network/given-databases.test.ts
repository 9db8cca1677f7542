import { buildNetwork, loadCluster, simulate } from "hopscope";
import { describe, expect, it } from "vitest";
import { run, shop, withFiles } from "../cli/_run.ts";

const request = { from: "deploy/shop/client", to: "http://web.shop/" };

/** A dump of Northbound rows as `ovsdb-client dump --format=json` prints them. */
function dumpOf(tables: Readonly<Record<string, readonly unknown[]>>): string {
  const cell = (value: unknown): unknown => (value === undefined ? ["set", []] : Array.isArray(value) ? ["set", value] : typeof value === "object" ? ["map", Object.entries(value as object)] : value);
  return Object.entries(tables).map(([table, rows]) => {
    const headings = [...new Set(rows.flatMap((row) => Object.keys(row as object)))].filter((column) => column !== "origin");
    return `${JSON.stringify({ caption: `${table} table`, headings, data: rows.map((row) => headings.map((column) => cell((row as Readonly<Record<string, unknown>>)[column]))) })}\n`;
  }).join("");
}

/** The compiled Northbound database of the first node's zone, changed, and the node's name. */
async function compiled(change: (tables: Record<string, readonly unknown[]>, node: string) => void): Promise<{ readonly dump: string; readonly node: string }> {
  return withFiles({ "shop.yaml": shop }, (path) => {
    const network = buildNetwork(loadCluster([path("shop.yaml")]).snapshot);
    const node = [...network.seats.nodes.keys()][0] as string;
    const tables: Record<string, readonly unknown[]> = { ...network.northbound(node) };
    change(tables, node);
    return Promise.resolve({ dump: dumpOf(tables), node });
  });
}

const verdict = (dump: string | undefined) => withFiles({ "shop.yaml": shop, ...(dump === undefined ? {} : { "nb.json": dump }) }, (path) => {
  const { snapshot, databases } = loadCluster([path("shop.yaml"), ...(dump === undefined ? [] : [path("nb.json")])]);
  return Promise.resolve(simulate(buildNetwork(snapshot, { databases }), request).verdict.type);
});

describe("a cluster with its own databases", () => {
  it("behaves as the compiled one where they hold the same", async () => {
    const { dump } = await compiled(() => undefined);
    expect([await verdict(undefined), await verdict(dump)]).toEqual(["delivered", "delivered"]);
  });

  it("behaves as its databases say, not as the compiler would", async () => {
    const { dump } = await compiled((tables) => { tables["Load_Balancer"] = (tables["Load_Balancer"] ?? []).map((row) => ({ ...(row as object), vips: {} })); });
    expect(await verdict(dump)).not.toBe("delivered");
  });

  it("is told of a database that is of none of its nodes", async () => {
    const { dump } = await compiled((tables) => { tables["NB_Global"] = [{ ...(tables["NB_Global"]?.[0] as object), name: "elsewhere" }]; });
    await withFiles({ "shop.yaml": shop, "nb.json": dump }, async (path) => {
      const { code, err } = await run("trace", path("shop.yaml"), path("nb.json"), "--from", request.from, "--to", request.to);
      expect({ code, err }).toMatchObject({ code: 0, err: expect.stringMatching(/nb\.json: OVN_Northbound: the database is of "elsewhere"/) });
    });
  });

  it("cannot be traced by its databases alone", async () => {
    const { dump } = await compiled(() => undefined);
    await withFiles({ "nb.json": dump }, async (path) => {
      expect(await run("trace", path("nb.json"), "--from", request.from, "--to", request.to)).toMatchObject({ code: 2, err: expect.stringMatching(/nb\.json: is an OVN database alone.*ovn-trace/) });
    });
  });
});
