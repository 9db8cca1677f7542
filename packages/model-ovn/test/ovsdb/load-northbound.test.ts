import { expect, it } from "vitest";
import { loadNorthbound, loadSouthbound } from "../../src/ovsdb/index.ts";
import { log, uuid } from "./log-text.ts";

const many = (key: unknown, value?: unknown): unknown => ({ type: { key, ...(value === undefined ? {} : { value }), min: 0, max: "unlimited" } });
const schema = {
  name: "OVN_Northbound",
  tables: {
    Logical_Switch: { columns: { name: { type: "string" }, ports: many({ type: "uuid", refTable: "Logical_Switch_Port" }), other_config: many("string", "string") } },
    Logical_Switch_Port: { columns: { name: { type: "string" }, addresses: many("string"), tag: { type: { key: "integer", min: 0, max: 1 } }, enabled: { type: { key: "boolean", min: 0, max: 1 } } } },
    QoS: { columns: { priority: { type: "integer" }, bandwidth: many("string", "integer") } },
    Novelty: { columns: { name: { type: "string" } } },
  },
};
const file = log(schema, {
  Logical_Switch: { [uuid(1)]: { name: "sw", ports: ["uuid", uuid(2)], other_config: ["map", [["subnet", "10.0.0.0/24"]]] } },
  Logical_Switch_Port: { [uuid(2)]: { name: "port", addresses: "router", enabled: false } },
  QoS: { [uuid(3)]: { priority: 5, bandwidth: ["map", [["rate", 100]]] } },
  Novelty: { [uuid(4)]: { name: "later" } },
});

it("holds sets as lists, maps as objects and unset values as nothing", () => {
  const nb = loadNorthbound(file);
  expect(nb.Logical_Switch[0]).toMatchObject({ _uuid: uuid(1), name: "sw", ports: [uuid(2)], acls: [], other_config: { subnet: "10.0.0.0/24" } });
  expect(nb.Logical_Switch_Port[0]).toMatchObject({ addresses: ["router"], enabled: false, options: {}, port_security: [] });
  expect(nb.Logical_Switch_Port[0]?.tag).toBeUndefined();
  expect(nb.QoS[0]).toMatchObject({ priority: 5, bandwidth: { rate: 100 } });
});

it("leaves tables that an older schema does not have empty", () => {
  expect(loadNorthbound(file).Chassis_Template_Var).toEqual([]);
});

it("is not taken for a Southbound database", () => {
  expect(() => loadSouthbound(file, { file: "nb.db" })).toThrow(/nb\.db: .*the file holds the database OVN_Northbound; expected OVN_Southbound/);
});
