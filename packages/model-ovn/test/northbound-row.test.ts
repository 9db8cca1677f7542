import { describe, expect, it } from "vitest";
import { emptyNorthbound, northboundRow } from "../src/northbound-row.ts";

describe("northboundRow", () => {
  it("fills in the database's defaults and leaves optional columns out", () => {
    const row = northboundRow("Logical_Switch_Port", { _uuid: "p", name: "pod" });
    expect(row).toMatchObject({ type: "", addresses: [], options: {} });
    expect("dynamic_addresses" in row).toBe(false);
  });

  it("knows every table", () => {
    expect(Object.keys(emptyNorthbound())).toContain("Static_MAC_Binding");
  });
});
