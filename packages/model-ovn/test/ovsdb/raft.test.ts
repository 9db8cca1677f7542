import { describe, expect, it } from "vitest";
import { readDatabaseSync } from "../../src/ovsdb/index.ts";
import { cellsOf, clusterLog, schema, uuid } from "./log-text.ts";

const header = (servers: number, data: unknown = [schema, { Shelf: { [uuid(1)]: { name: "first" } } }]): unknown => ({
  server_id: uuid(90), cluster_id: uuid(91), local_address: "tcp:192.0.2.1:6644", name: "Shop", prev_term: 1, prev_index: 1, prev_eid: uuid(92), prev_data: data,
  prev_servers: Object.fromEntries(Array.from({ length: servers }, (_, index) => [uuid(90 + index), `tcp:192.0.2.${index + 1}:6644`])),
});
const entry = (index: number, name: string, term = 1): unknown => ({ term, index, eid: uuid(100 + index), data: [null, { _is_diff: true, Shelf: { [uuid(1)]: { name } } }] });
const commit = (index: number): unknown => ({ commit_index: index });
const read = (...records: readonly unknown[]): ReturnType<typeof readDatabaseSync> => readDatabaseSync(clusterLog(...records));
const nameAfter = (...records: readonly unknown[]): unknown => {
  const result = read(...records);
  return result.type === "failed" ? result.diagnostics[0]?.problem : cellsOf(result.database)["Shelf"]?.[uuid(1)]?.["name"]?.[0];
};

describe("a file of a clustered database", () => {
  it("holds a snapshot", () => { expect(nameAfter(header(3))).toBe("first"); });

  it("takes entries once they are committed", () => {
    expect(nameAfter(header(3), { term: 1, vote: uuid(90) }, entry(2, "second"), commit(2), { term: 1, leader: uuid(90) })).toBe("second");
  });

  it("leaves out what may not be committed, and says so", () => {
    expect(nameAfter(header(3), entry(2, "second"), commit(2), entry(3, "third"))).toBe("second");
    expect(read(header(3), entry(2, "second"))).toMatchObject({ type: "database", diagnostics: [{ code: "ovsdb/uncommitted", severity: "warning" }] });
  });

  it("takes what its only server has written, as that server does at its start", () => {
    expect(nameAfter(header(1), entry(2, "second"), entry(3, "third"))).toBe("third");
  });

  it("forgets entries that a later leader has replaced", () => {
    expect(nameAfter(header(3), entry(2, "lost"), entry(3, "lost too"), entry(2, "kept", 2), commit(2))).toBe("kept");
    const lost = { term: 1, index: 2, eid: uuid(102), data: [null, { Shelf: { [uuid(5)]: { name: "lost" } } }] };
    const result = read(header(3), lost, entry(2, "kept", 2), commit(2));
    expect(result.type === "database" && Object.keys(cellsOf(result.database)["Shelf"] ?? {})).toEqual([uuid(1)]);
  });

  it("is converted by a schema without data and replaced by one with data", () => {
    const smaller = { ...schema, tables: { Shelf: { columns: { name: { type: "string" }, width: { type: "string" } } } } };
    const conversion = { term: 1, index: 2, eid: uuid(102), data: [smaller, null] };
    const result = read(header(3), conversion, commit(2));
    expect(result.type === "database" && cellsOf(result.database)["Shelf"]?.[uuid(1)]).toEqual({ _uuid: [uuid(1)], name: ["first"], width: [""] });
    expect(nameAfter(header(3), { ...conversion, data: [smaller, {}] }, commit(2))).toBeUndefined();
  });

  it.each([
    ["skips an entry", [header(3), entry(3, "x")], /entry 3 comes where entry 2 is expected/],
    ["commits what it does not have", [header(3), commit(2)], /the commit index is 2, the last entry 1/],
    ["goes back", [header(3), entry(2, "x"), entry(3, "y"), commit(3), commit(2)], /goes back from 3 to 2/],
    ["has an entry of an earlier term", [header(3), entry(2, "x", 3), entry(3, "y", 2)], /entry 3 is of term 2/],
    ["has data without a schema", [header(3, [null, {}])], /data comes before any schema/],
    ["has an entry without an id", [header(3), { term: 1, index: 2, data: [null, {}] }], /"eid" is no uuid/],
    ["is of a server that has not joined", [{ server_id: uuid(90), name: "Shop", local_address: "tcp:192.0.2.1:6644", remote_addresses: ["tcp:192.0.2.2:6644"] }], /has not joined/],
  ])("is refused where it %s", (_, records, expected) => {
    const result = read(...records);
    expect(result.type).toBe("failed");
    expect(result.diagnostics[0]?.problem).toMatch(expected);
  });
});
