import { expect, it } from "vitest";
import { loadSouthbound } from "../../src/ovsdb/index.ts";
import { uuid } from "./log-text.ts";

const table = (name: string, headings: readonly string[], data: readonly (readonly unknown[])[]): string => JSON.stringify({ caption: `${name} table`, headings, data });

it("reads datapaths with the flows of their groups", () => {
  const db = loadSouthbound([
    table("Datapath_Binding", ["_uuid", "external_ids", "tunnel_key"], [[["uuid", uuid(1)], ["map", [["logical-switch", "x"], ["name", "sw"]]], 7]]),
    table("Logical_DP_Group", ["_uuid", "datapaths"], [[["uuid", uuid(2)], ["uuid", uuid(1)]]]),
    table("Logical_Flow", ["_uuid", "match", "actions", "pipeline", "table_id", "priority", "logical_datapath", "logical_dp_group", "external_ids"], [[["uuid", uuid(3)], "1", "next;", "ingress", 0, 5, ["set", []], ["uuid", uuid(2)], ["map", [["stage-name", "ls_in"]]]]]),
    table("Port_Group", ["name", "ports"], [["7_pods", ["set", ["a", "b"]]], ["8_pods", "c"]]),
  ].join("\n"));
  expect(db.datapaths[0]).toMatchObject({ name: "sw", key: 7, type: "switch", flows: [{ stage: "ls_in", priority: 5, match: "1" }] });
  expect(db.portGroups.get("pods")).toEqual(["a", "b", "c"]);
});

it("refuses text that is no database", () => {
  expect(() => loadSouthbound("{", { file: "sb.db" })).toThrow(/sb\.db:1: .*the file ends inside an object/);
});
