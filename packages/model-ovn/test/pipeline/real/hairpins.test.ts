import { describe, expect, it } from "vitest";
import { hairpinsOf } from "../../../src/pipeline/real/hairpins.ts";
import type { SbLoadBalancer } from "../../../src/southbound.ts";
import { southbound } from "../../../src/southbound-row.ts";

const balancer = (more: Partial<SbLoadBalancer>): SbLoadBalancer => ({ uuid: "lb", name: "lb", protocol: "tcp", vips: {}, options: { hairpin_snat_ip: "169.254.169.5 fd69::5" }, datapaths: ["dp"], ...more });
const found = (row: SbLoadBalancer) =>
  hairpinsOf(southbound({ loadBalancers: [row], templates: new Map([["c0", new Map([["NODEIP", "192.0.2.10"]])]]) }), "c0").map(({ vip, vipPort, backend, backendPort, snat }) => ({ vip, vipPort, backend, backendPort, snat }));

describe("what a chassis looks for in packets that come back to their sender", () => {
  it("puts the chassis' templates in", () => {
    expect(found(balancer({ vips: { "^NODEIP:30080": "10.128.0.10:8080" } }))).toEqual([{ vip: "192.0.2.10", vipPort: 30080, backend: "10.128.0.10", backendPort: 8080, snat: "169.254.169.5" }]);
  });

  it("takes the source address of the packet's family, else the virtual address", () => {
    expect(found(balancer({ vips: { "[fd02::1]:80": "[fd01::9]:8080" } }))).toMatchObject([{ vip: "fd02::1", backend: "fd01::9", snat: "fd69::5" }]);
    expect(found(balancer({ vips: { "172.30.0.9": "10.128.0.10" }, options: {} }))).toEqual([{ vip: "172.30.0.9", vipPort: undefined, backend: "10.128.0.10", backendPort: undefined, snat: "172.30.0.9" }]);
  });
});
