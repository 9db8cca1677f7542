import { InputError } from "@hopscope/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loadSouthbound } from "../../src/ovsdb/index.ts";
import { uuid } from "./log-text.ts";

type Cells = Readonly<Record<string, unknown>>;
const ref = (number: number): unknown => ["uuid", uuid(number)];
const map = (...pairs: readonly unknown[]): unknown => ["map", pairs];
const dump = (tables: Readonly<Record<string, readonly Cells[]>>): string => Object.entries(tables).map(([table, rows]) =>
  `${JSON.stringify({ caption: `${table} table`, headings: Object.keys(rows[0] ?? {}), data: rows.map((row) => Object.values(row)) })}\n`).join("");

const datapath = { _uuid: ref(1), external_ids: map(["name", "sw"], ["logical-switch", uuid(9)]), tunnel_key: 1 };
const flow = { _uuid: ref(2), logical_datapath: ref(1), pipeline: "ingress", table_id: 0, priority: 5, match: "1", actions: "drop;", external_ids: map(["stage-name", "x"]) };
const port = { _uuid: ref(3), logical_port: "p", datapath: ref(1), tunnel_key: 1, type: "", mac: "unknown", options: map() };
const with_ = (tables: { readonly datapath?: Cells; readonly flow?: Cells; readonly port?: Cells }): string =>
  dump({ Datapath_Binding: [{ ...datapath, ...tables.datapath }], Logical_Flow: [{ ...flow, ...tables.flow }], Port_Binding: [{ ...port, ...tables.port }] });

describe("a Southbound database that makes no sense", () => {
  it.each([
    [{ flow: { table_id: "three" } }, /column table_id holds "three"; expected an integer/],
    [{ flow: { table_id: 1e9 } }, /column table_id holds 1000000000, which is no table/],
    [{ flow: { priority: 1.5 } }, /column priority holds 1\.5; expected an integer/],
    [{ flow: { pipeline: "sideways" } }, /column pipeline holds "sideways" where ingress or egress/],
    [{ flow: { external_ids: "stage" } }, /column external_ids holds "stage"; expected a map/],
    [{ flow: { match: map(["a", "b"]) } }, /column match holds .*; expected no map/],
    [{ flow: { match: ["set", ["a", "b"]] } }, /column match holds .*; expected one value/],
    [{ flow: { logical_datapath: ref(7) } }, /Logical_Flow .*2: column logical_datapath names the row .*7 of Datapath_Binding, which does not exist/],
    [{ port: { datapath: ref(7) } }, /Port_Binding .*3: column datapath names the row/],
    [{ datapath: { tunnel_key: true } }, /column tunnel_key holds true; expected an integer/],
  ])("is refused, and the row is named: %j", (change, problem) => {
    expect(() => loadSouthbound(with_({}), { file: "sb.json" })).not.toThrow();
    expect(() => loadSouthbound(with_(change), { file: "sb.json" })).toThrow(problem);
    expect(() => loadSouthbound(with_(change), { file: "sb.json" })).toThrow(/^sb\.json: /);
  });

  it("is read or refused, whatever its cells are", () => {
    const cell = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(ref(1)), fc.constant(["set", []]), fc.constant(map(["a", "b"])), fc.array(fc.string(), { maxLength: 3 }), fc.constant(null));
    const columns = <Row extends Cells>(row: Row) => fc.dictionary(fc.constantFrom(...Object.keys(row)), cell, { maxKeys: 3 });
    fc.assert(fc.property(columns(datapath), columns(flow), columns(port), (a, b, c) => {
      try {
        expect(loadSouthbound(with_({ datapath: a, flow: b, port: c })).datapaths.length).toBe(1);
      } catch (error) {
        expect(error).toBeInstanceOf(InputError);
      }
    }), { numRuns: 500 });
  });
});
