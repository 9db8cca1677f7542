import { describe, expect, it } from "vitest";
import { stagePlaces } from "../../src/northd/stage.ts";

describe("stages", () => {
  it.each([
    ["ls_in_qos_mark", 9, 10], ["ls_in_lb", 12, 13], ["ls_in_stateful", 18, 20], ["ls_in_l2_lkup", 25, 27], ["ls_out_qos_mark", 5, 6],
    ["ls_out_apply_port_sec", 9, 10], ["lr_in_dnat", 7, 7], ["lr_in_arp_request", 21, 21], ["lr_out_snat", 3, 3],
  ] as const)("puts %s into table %i of 23.03 and %i of 23.09", (stage, old, recent) => {
    expect([stagePlaces("23.03").get(stage)?.table, stagePlaces("23.09").get(stage)?.table]).toEqual([old, recent]);
  });

  it("splits the ACL stages from 23.09 on", () => {
    expect([stagePlaces("23.03").get("ls_in_acl")?.table, stagePlaces("23.03").has("ls_in_acl_eval")]).toEqual([8, false]);
    expect([stagePlaces("23.09").has("ls_in_acl"), stagePlaces("23.09").get("ls_in_acl_action")?.table]).toEqual([false, 9]);
  });
});
