import { describe, expect, it } from "vitest";
import type { NorthboundDb } from "../../src/northbound.ts";
import { emptyNorthbound, northboundRow } from "../../src/northbound-row.ts";
import { northd, northdCaveats, printLflows, type NorthdOptions } from "../../src/northd/index.ts";
import { randomNorthbound } from "./random-northbound.ts";

const options = { version: "23.09", chassis: [{ name: "c0", hostname: "worker-0", ip: "192.0.2.10" }] } satisfies NorthdOptions;

/** A switch with one workload behind a router. */
function network(more: Partial<NorthboundDb> = {}): NorthboundDb {
  return {
    ...emptyNorthbound(),
    Logical_Switch: [northboundRow("Logical_Switch", { _uuid: "ls", name: "worker-0", ports: ["pod", "stor"], acls: ["acl"], load_balancer: ["lb"] })],
    Logical_Switch_Port: [
      northboundRow("Logical_Switch_Port", { _uuid: "pod", name: "shop_web", addresses: ["0a:58:0a:80:00:0a 10.128.0.10"], options: { "requested-chassis": "worker-0" } }),
      northboundRow("Logical_Switch_Port", { _uuid: "stor", name: "stor", type: "router", addresses: ["router"], options: { "router-port": "rtos" } }),
    ],
    Logical_Router: [northboundRow("Logical_Router", { _uuid: "lr", name: "router", ports: ["rtos"] })],
    Logical_Router_Port: [
      northboundRow("Logical_Router_Port", { _uuid: "rtos", name: "rtos", mac: "0a:58:0a:80:00:01", networks: ["10.128.0.1/23"], gateway_chassis: ["gc"] }),
    ],
    Gateway_Chassis: [northboundRow("Gateway_Chassis", { _uuid: "gc", name: "rtos-c0", chassis_name: "c0", priority: 1 })],
    ACL: [northboundRow("ACL", {
      _uuid: "acl", direction: "to-lport", priority: 1001, action: "allow-related", match: "tcp.dst == 80", tier: 2,
      origin: { object: "NetworkPolicy shop/web", path: "spec.ingress[0]" },
    })],
    Load_Balancer: [northboundRow("Load_Balancer", { _uuid: "lb", name: "empty", vips: { "172.30.0.1:80": "" }, options: { reject: "true" } })],
    ...more,
  };
}

const flowsOf = (nb: NorthboundDb, stage: string): string[] =>
  northd(nb, options).datapaths.flatMap(({ flows }) => flows).filter((flow) => flow.stage === stage)
    .map((flow) => `${flow.priority} ${flow.match} => ${flow.actions}`);

describe("northd", () => {
  it("evaluates an ACL in its tier and names the object that made it", () => {
    const flow = northd(network(), options).datapaths[0]?.flows.find(({ match }) => match.includes("tcp.dst == 80"));
    expect(flow).toMatchObject({
      stage: "ls_out_acl_eval", table: 4, priority: 2001, match: "reg8[30..31] == 2 && reg0[7] == 1 && (tcp.dst == 80)",
      origin: { object: "NetworkPolicy shop/web", path: "spec.ingress[0]" },
    });
  });

  it("walks the tiers below the highest in the action stage", () => {
    expect(flowsOf(network(), "ls_out_acl_action").filter((text) => text.startsWith("500"))).toEqual([
      "500 reg8[30..31] == 0 => reg8[30..31] = 1; next(pipeline=egress,table=4);",
      "500 reg8[30..31] == 1 => reg8[30..31] = 2; next(pipeline=egress,table=4);",
    ]);
  });

  it("refuses connections to a service without endpoints", () => {
    expect(flowsOf(network(), "ls_in_lb")).toContain(
      "120 ct.new && ip4.dst == 172.30.0.1 && tcp.dst == 80 => reg0 = 0; reject { outport <-> inport; next(pipeline=egress,table=6);};");
  });

  it("prefers connected routes, then static ones, then those by source", () => {
    const route = (policy: "src-ip" | "dst-ip") => northboundRow("Logical_Router_Static_Route", {
      _uuid: policy, ip_prefix: "10.128.0.0/23", nexthop: "10.128.0.2", policy,
    });
    const [base] = network().Logical_Router;
    if (base === undefined) throw new Error("no router");
    const nb = network({ Logical_Router: [{ ...base, static_routes: ["src-ip", "dst-ip"] }], Logical_Router_Static_Route: [route("src-ip"), route("dst-ip")] });
    const priorities = flowsOf(nb, "lr_in_ip_routing").filter((text) => text.includes("10.128.0.0/23")).map((text) => Number(text.split(" ")[0]));
    expect(priorities.sort((a, b) => b - a)).toEqual([71, 70, 69]);
  });

  it("binds ports to their chassis and makes the redirect port of a gateway port", () => {
    const ports = northd(network(), options).datapaths.flatMap((datapath) => datapath.ports);
    expect(ports.find(({ name }) => name === "shop_web")).toMatchObject({ type: "", chassis: "c0" });
    expect(ports.find(({ name }) => name === "stor")).toMatchObject({ type: "patch", peer: "rtos" });
    expect(ports.find(({ name }) => name === "cr-rtos")).toMatchObject({ type: "chassisredirect", distributedPort: "rtos", chassis: "c0" });
  });

  it("fills the flood groups", () => {
    const [datapath] = northd(network(), options).datapaths;
    expect(datapath?.multicastGroups).toMatchObject([
      { name: "_MC_flood", key: 32768, ports: ["shop_web", "stor"] }, { name: "_MC_flood_l2", key: 32772, ports: ["shop_web"] },
    ]);
  });

  it("makes address sets of port groups", () => {
    const nb = network({ Port_Group: [northboundRow("Port_Group", { _uuid: "pg", name: "pg", ports: ["pod"] })] });
    const { addressSets, portGroups } = northd(nb, options);
    expect([addressSets.get("pg_ip4"), addressSets.get("pg_ip6"), portGroups.get("pg")]).toEqual([["10.128.0.10"], [], ["shop_web"]]);
  });

  it("says what it does not know", () => {
    const nb = network({
      Logical_Switch_Port: [northboundRow("Logical_Switch_Port", { _uuid: "pod", name: "vm", addresses: ["dynamic"], options: { qos_max_rate: "10" } })],
      ACL: [northboundRow("ACL", { _uuid: "acl", action: "pass" })],
    });
    expect(northdCaveats(nb, { ...options, version: "23.03" }).map(({ code }) => code))
      .toEqual(["northd/dynamic-address", "northd/port-queue", "northd/acl-pass"]);
  });

  it.each(["23.03", "23.09"] as const)("gives equal flows for equal rows and an origin to each, in %s", (version) => {
    for (let seed = 1; seed <= 10; seed++) {
      const run = (): string => printLflows(northd(randomNorthbound(seed), { ...options, version }));
      expect(run()).toBe(run());
      const flows = northd(randomNorthbound(seed), { ...options, version }).datapaths.flatMap((datapath) => datapath.flows);
      expect(flows.every(({ origin }) => origin.object !== "")).toBe(true);
    }
  });

  it("prints flows as lflow-list does", () => {
    const lines = printLflows(northd(network(), options)).split("\n");
    expect(lines.slice(0, 2)).toEqual([
      'Datapath: "router" (lr)  Pipeline: ingress',
      "  table=0 (lr_in_admission    ), priority=100  , match=(vlan.present || eth.src[40]), action=(drop;)",
    ]);
  });
});
