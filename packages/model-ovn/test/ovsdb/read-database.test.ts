import { describe, expect, it } from "vitest";
import { readDatabase, readDatabaseSync, type DatabaseResult } from "../../src/ovsdb/index.ts";
import { cellsOf, clusterLog, log, record, schema, uuid } from "./log-text.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const read = (text: string): DatabaseResult => readDatabaseSync(text, { file: "x.db" });
/** One row of the table Shelf after the transactions. */
const shelf = (...transactions: readonly unknown[]): unknown => {
  const result = read(log(schema, ...transactions));
  if (result.type === "failed") throw new Error(result.diagnostics[0]?.problem);
  return cellsOf(result.database)["Shelf"]?.[uuid(1)];
};
const problem = (text: string): string => {
  const [first] = read(text).diagnostics;
  return first === undefined ? "" : `${first.code} ${first.origin.object}: ${first.problem}`;
};
const set = (...members: readonly unknown[]): unknown => ["set", members];
const map = (...pairs: readonly unknown[]): unknown => ["map", pairs];

describe("a standalone log", () => {
  it("fills columns that a row does not name with the schema's defaults", () => {
    expect(shelf({ Shelf: { [uuid(1)]: { name: "a" } } })).toEqual({
      _uuid: [uuid(1)], name: ["a"], width: [0], weight: [0], open: [false], note: [], labels: [], options: [], goods: [], likes: [], ranks: [],
    });
  });

  it("takes a bare value for a set of one", () => {
    expect(shelf({ Shelf: { [uuid(1)]: { labels: "x", note: "y" } } })).toMatchObject({ labels: ["x"], note: ["y"] });
  });

  it("toggles members of sets and pairs of maps in differences", () => {
    const before = { Shelf: { [uuid(1)]: { labels: set("a", "b"), options: map(["k", "1"], ["l", "2"]), note: "old", width: 3 } } };
    const difference = { Shelf: { [uuid(1)]: { labels: set("b", "c"), options: map(["k", "1"], ["l", "3"], ["m", "4"]), note: set(), width: 4 } }, _is_diff: true };
    expect(shelf(before, difference)).toMatchObject({ labels: ["a", "c"], options: ["l", "3", "m", "4"], note: [], width: [4] });
  });

  it("replaces columns where the record does not say that it is a difference", () => {
    expect(shelf({ Shelf: { [uuid(1)]: { labels: set("a", "b") } } }, { Shelf: { [uuid(1)]: { labels: "b" } } })).toMatchObject({ labels: ["b"] });
  });

  it("takes the columns of a new row as they are, also in a difference", () => {
    expect(shelf({ _is_diff: true, Shelf: { [uuid(1)]: { labels: set("b", "a") } } })).toMatchObject({ labels: ["b", "a"] });
  });

  it("deletes rows", () => {
    expect(shelf({ Shelf: { [uuid(1)]: {} } }, { Shelf: { [uuid(1)]: null }, _comment: "gone", _date: 1 })).toBeUndefined();
  });

  it.each(['"', "\\", '\\"', '"\\', "\\\\", '\\\\"', "]}", "{[", "\u0000", "ä€😀", "\u2028"])("keeps text as it is: %j", (text) => {
    expect(shelf({ Shelf: { [uuid(1)]: { name: text, labels: ["set", [`${text}1`, `2${text}`]] } } })).toMatchObject({ name: [text], labels: [`${text}1`, `2${text}`] });
    const dump = JSON.stringify({ caption: "A table", headings: ["_uuid", "b"], data: [[["uuid", uuid(1)], text], [["uuid", uuid(2)], ["set", [`${text}1`, text]]]] });
    const result = read(dump);
    expect(result.type === "database" && cellsOf(result.database)["A"]).toMatchObject({ [uuid(1)]: { b: [text] }, [uuid(2)]: { b: [`${text}1`, text] } });
  });

  it("keeps names that JavaScript objects have themselves", () => {
    expect(shelf(`{"Shelf":{"${uuid(1)}":{"options":["map",[["__proto__","x"],["constructor","y"]]]}}}`)).toMatchObject({ options: ["__proto__", "x", "constructor", "y"] });
  });
});

describe("weak references", () => {
  const likes = (...numbers: readonly number[]): unknown => ({ Shelf: { [uuid(1)]: { likes: set(...numbers.map((number) => ["uuid", uuid(number)])) } } });
  const goods = { Good: { [uuid(2)]: {}, [uuid(3)]: {} } };

  it("go with the row they name", () => {
    expect(shelf(goods, likes(2, 3), { Good: { [uuid(2)]: null } })).toMatchObject({ likes: [uuid(3)] });
    expect(shelf(goods, likes(2, 7))).toMatchObject({ likes: [uuid(2)] });
  });

  it("take their key with them in a map", () => {
    const ranks = { Shelf: { [uuid(1)]: { ranks: map(["a", ["uuid", uuid(2)]], ["b", ["uuid", uuid(3)]], ["c", ["uuid", uuid(2)]]) } } };
    expect(shelf(goods, ranks, { Good: { [uuid(2)]: null } })).toMatchObject({ ranks: ["b", uuid(3)] });
  });

  it("are not those of a later row with the same uuid", () => {
    expect(shelf(goods, likes(2, 3), { Good: { [uuid(2)]: null } }, { Good: { [uuid(2)]: {} } })).toMatchObject({ likes: [uuid(3)] });
  });
});

describe("a log that is wrong", () => {
  it.each([
    ["another checksum", log(schema, { Shelf: {} }).replace('"Shelf":{}', '"Shelf":[]'), /^ovsdb\/record-checksum record 1 at byte \d+: \d+ bytes/],
    ["no JSON", log(schema, "{oops}"), /^ovsdb\/json-syntax record 1 at byte \d+, 1 bytes into its text: /],
    ["an unknown table", log(schema, { Cellar: {} }), /^ovsdb\/content record 1 .*there is no table "Cellar"/],
    ["an unknown column", log(schema, { Shelf: { [uuid(1)]: { colour: "red" } } }), /Shelf 0.*1: there is no column "colour"/],
    ["another type", log(schema, { Shelf: { [uuid(1)]: { width: "wide" } } }), /^ovsdb\/value-type .*column width holds "wide" where an integer is expected/],
    ["too many values", log(schema, { Shelf: { [uuid(1)]: { note: set("a", "b") } } }), /column note holds 2 values/],
    ["a row without a uuid", log(schema, { Shelf: { first: {} } }), /"first" is no uuid/],
    ["a reference that is no uuid", log(schema, { Shelf: { [uuid(1)]: { goods: ["uuid", "good"] } } }), /column goods holds "good", which is no uuid/],
    ["a strong reference to no row", log(schema, { Shelf: { [uuid(1)]: { goods: ["uuid", uuid(7)] } } }), /^ovsdb\/reference record 1 .*names the row 0.*7 of Good, which does not exist/],
    ["a deletion of no row", log(schema, { Shelf: { [uuid(1)]: null } }), /the row is deleted but does not exist/],
    ["a reference to a row deleted since", log(schema, { Shelf: { [uuid(1)]: { goods: ["uuid", uuid(2)] } }, Good: { [uuid(2)]: {} } }, { Good: { [uuid(2)]: null } }), /^ovsdb\/reference .*Shelf/],
    ["no schema", log({ tables: {} }), /^ovsdb\/schema record 0/],
    ["a schema with an unknown type", log({ name: "x", tables: { A: { columns: { b: { type: "colour" } } } } }), /column b of table A has no known type/],
    ["another header", `${log(schema)}OVSDX JSON 3 0\n`, /^ovsdb\/record-header record 1/],
    ["a kind that changes", log(schema) + clusterLog({ Shelf: {} }), /^ovsdb\/record-header record 1 .*kind "CLUSTER"/],
    ["a length without end", `OVSDB JSON 99999999999999 ${"0".repeat(40)}\n{`, /^ovsdb\/record-header record 0 at byte 0: the record claims/],
    ["nothing", "", /^ovsdb\/no-data/],
    ["other text", "kind: Pod\n", /^ovsdb\/format-unknown/],
    ["a lone log header", "OVSDB", /^ovsdb\/format-unknown|^ovsdb\/no-data/],
  ])("is refused, and the place is named: %s", (_, text, expected) => {
    expect(read(text).type).toBe("failed");
    expect(problem(text)).toMatch(expected);
    expect(read(text).diagnostics[0]?.origin.file).toBe("x.db");
  });

});

describe("a log that a crash has torn", () => {
  const whole = log(schema, { Shelf: { [uuid(1)]: { name: "a" } } });
  const next = record({ Shelf: { [uuid(1)]: { name: "b" } } });

  it.each([1, 9, 60, next.length - 1])("loses the record of which %i bytes are there, and this is said", (length) => {
    const result = read(whole + next.slice(0, length));
    expect(result).toMatchObject({ type: "database", diagnostics: [{ code: "ovsdb/record-torn", severity: "warning", origin: { object: `record 2 at byte ${whole.length}` } }] });
    expect(result.type === "database" && cellsOf(result.database)["Shelf"]?.[uuid(1)]).toMatchObject({ name: ["a"] });
  });

  it("may end with room that was never written", () => {
    expect(read(whole + "\0".repeat(4096))).toMatchObject({ type: "database", diagnostics: [{ code: "ovsdb/record-torn" }] });
    expect(read(`${whole}${"\0".repeat(4096)}${next}`)).toMatchObject({ type: "failed" });
  });

  it("is refused where nothing would be left: a backup that was cut off", () => {
    expect(problem(whole.slice(0, -3))).toMatch(/^ovsdb\/record-torn record 1/);
    expect(read(whole.slice(0, -3)).type).toBe("failed");
  });
});

describe("a dump", () => {
  const table = (caption: string, headings: readonly string[], data: readonly (readonly unknown[])[]): string => JSON.stringify({ caption: `${caption} table`, data, headings });
  const dump = table("SB_Global", ["_uuid", "options"], [[["uuid", uuid(1)], map(["a", "b"])]]);

  it("is read wherever its lines break", () => {
    const pretty = JSON.stringify(JSON.parse(dump), null, 2);
    expect([dump, pretty, `\n${dump}\n\n`].map((text) => read(text).type)).toEqual(["database", "database", "database"]);
  });

  it.each([
    ["it is no JSON", '{"caption":"A table","headings":["_uuid"],"data":[[tru]]}', /^ovsdb\/json-syntax .*it is not JSON/],
    ["it ends early", dump.slice(0, -4), /the file ends inside an object/],
    ["a row is short", table("A", ["_uuid", "b"], [[["uuid", uuid(1)]]]), /row 1 of A does not have 2 columns/],
    ["a cell is no value", table("A", ["_uuid", "b"], [[["uuid", uuid(1)], { c: 1 }]]), /row 1: column 2: /],
    ["it has no data", '{"caption":"A table"}', /a table with caption, headings and data/],
    ["a table comes twice", `${dump}\n${dump}`, /SB_Global is there already/],
  ])("is refused where %s", (_, text, expected) => {
    expect(problem(text)).toMatch(expected);
  });

  it("may have tables without rows, whatever blanks are in them", () => {
    expect(["[]", "[ ]", "[\n]"].map((data) => read(`{"caption": "A table", "data": ${data}, "headings": ["_uuid"]}`).type)).toEqual(["database", "database", "database"]);
    expect(["[,]", "[ , ]", '[["x"],]'].map((data) => read(`{"caption": "A table", "data": ${data}, "headings": ["_uuid"]}`).type)).toEqual(["failed", "failed", "failed"]);
  });

  it("may name its columns before or behind its rows, and the uuid anywhere", () => {
    const front = `{"headings":["b","_uuid"],"caption":"A table","data":[["x",["uuid","${uuid(1)}"]]]}`;
    const back = `{"data":[[["uuid","${uuid(1)}"],"x"]],"caption":"A table","headings":["_uuid","b"]}`;
    const cells = [front, back].map((text) => read(text)).map((result) => (result.type === "database" ? cellsOf(result.database) : result.diagnostics));
    expect(cells).toEqual([{ A: { [uuid(1)]: { _uuid: [uuid(1)], b: ["x"] } } }, { A: { [uuid(1)]: { _uuid: [uuid(1)], b: ["x"] } } }]);
  });

  it("names the line of the table that is wrong", () => {
    expect(read(`${dump}\n\n{"caption":3}`).diagnostics[0]?.origin).toMatchObject({ line: 3, file: "x.db" });
  });
});

describe("readDatabase", () => {
  it("reads bytes as they come", async () => {
    const text = bytes(log(schema, { Shelf: { [uuid(1)]: { name: "ä" } } }));
    async function* slowly(): AsyncGenerator<Uint8Array> {
      for (const byte of text) yield Promise.resolve(new Uint8Array([byte]));
    }
    const result = await readDatabase(slowly());
    expect(result).toMatchObject({ type: "database", database: { name: "Shop", version: "1.2.3", format: "standalone" } });
  });
});
