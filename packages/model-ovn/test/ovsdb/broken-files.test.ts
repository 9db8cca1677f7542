import fc from "fast-check";
import { expect, it } from "vitest";
import { databaseReader, readDatabaseSync, type DatabaseResult } from "../../src/ovsdb/index.ts";
import { cellsOf, clusterLog, log, schema, uuid } from "./log-text.ts";

const rows = { Shelf: { [uuid(1)]: { name: "a\\\"b", labels: ["set", ["x", "y"]], goods: ["uuid", uuid(2)] } }, Good: { [uuid(2)]: { name: "ä{]" } } };
const change = { _is_diff: true, Shelf: { [uuid(1)]: { labels: ["set", ["y", "z"]], options: ["map", [["k", "v"]]] } } };
const entry = (index: number, data: unknown): unknown => ({ term: 1, index, eid: uuid(100 + index), data: [null, data] });
const files = {
  standalone: log(schema, rows, change, { Shelf: { [uuid(1)]: { note: "end" } } }),
  clustered: clusterLog(
    { server_id: uuid(90), name: "Shop", local_address: "x", cluster_id: uuid(91), prev_servers: { [uuid(90)]: "x", [uuid(91)]: "y" }, prev_term: 1, prev_index: 1, prev_eid: uuid(92), prev_data: [schema, rows] },
    entry(2, change), { commit_index: 2 },
  ),
  dump: `${JSON.stringify({ caption: "Shelf table", headings: ["_uuid", "name"], data: [[["uuid", uuid(1)], "a]\\\"b"]] })}\n`,
};
const bytesOf = (name: keyof typeof files): Uint8Array => new TextEncoder().encode(files[name]);
const content = (result: DatabaseResult): unknown => (result.type === "failed" ? "failed" : cellsOf(result.database));
const kind = fc.constantFrom(...(Object.keys(files) as (keyof typeof files)[]));

it("reads the same however the bytes are cut into chunks", () => {
  fc.assert(fc.property(kind, fc.array(fc.nat(1 << 16)), (name, cuts) => {
    const bytes = bytesOf(name);
    const places = [...new Set([0, ...cuts.map((cut) => cut % bytes.length), bytes.length])].sort((a, b) => a - b);
    const reader = databaseReader();
    for (const [index, place] of places.entries()) reader.push(bytes.slice(place, places[index + 1]));
    expect(content(reader.finish())).toEqual(content(readDatabaseSync(bytes)));
  }));
});

it("never takes a log with flipped bits for another database without a word", () => {
  fc.assert(fc.property(kind, fc.array(fc.tuple(fc.nat(1 << 16), fc.nat(7)), { minLength: 1, maxLength: 4 }), (name, flips) => {
    const bytes = bytesOf(name);
    for (const [place, bit] of flips) bytes[place % bytes.length] = (bytes[place % bytes.length] ?? 0) ^ (1 << bit);
    const result = readDatabaseSync(bytes);
    // A dump has no checksum: another letter in it is another value.
    if (name === "dump" || result.type === "failed" || result.diagnostics.length > 0) return;
    expect(cellsOf(result.database)).toEqual(content(readDatabaseSync(bytesOf(name))));
  }), { numRuns: 400 });
});

it("says of a log that was cut off inside a record that it was", () => {
  fc.assert(fc.property(kind, fc.nat(1 << 16), (name, cut) => {
    const bytes = bytesOf(name);
    const kept = bytes.subarray(0, cut % bytes.length);
    const text = new TextDecoder().decode(kept);
    const boundary = text.endsWith("}\n") && bytes[kept.length] === "O".charCodeAt(0);
    const result = readDatabaseSync(kept);
    if (boundary || name === "dump") return;
    expect(result.type === "failed" || result.diagnostics.some(({ code }) => code === "ovsdb/record-torn")).toBe(true);
  }), { numRuns: 400 });
});

it("answers for any bytes", () => {
  const start = fc.constantFrom("", "OVSDB ", "OVSDB JSON 5 ", "{", '{"caption":"A table","headings":["_uuid"],"data":', "[[[[[[");
  fc.assert(fc.property(start, fc.uint8Array({ maxLength: 200 }), (lead, tail) => {
    const bytes = new Uint8Array([...new TextEncoder().encode(lead), ...tail]);
    expect(["failed", "database"]).toContain(readDatabaseSync(bytes).type);
  }), { numRuns: 300 });
});

it("answers for JSON that is nested without measure", () => {
  const deep = "[".repeat(200_000);
  expect(readDatabaseSync(log(schema, `{"Shelf":{"${uuid(1)}":{"labels":${deep}${"]".repeat(200_000)}}}}`)).type).toBe("failed");
  expect(readDatabaseSync(`{"caption":${deep}`).type).toBe("failed");
});
