import type { LogicalRouterPolicyRow } from "../northbound.ts";
import { ownAddressFor } from "./address.ts";
import { numberOption, rowsOf, type Build, type RouterDatapath, type RouterPort } from "./model.ts";

function hopActions(router: RouterDatapath, nexthop: string): { readonly set: string } | undefined {
  for (const port of router.ports as RouterPort[]) {
    const source = ownAddressFor(port.networks, nexthop);
    if (source === undefined) continue;
    const [hop, own] = nexthop.includes(".") ? ["reg0", "reg1"] : ["xxreg0", "xxreg1"];
    return {
      set: `${hop} = ${nexthop}; ${own} = ${source}; eth.src = ${port.networks.mac}; outport = ${port.quoted}; flags.loopback = 1; `,
    };
  }
  return undefined;
}

const markOf = (row: LogicalRouterPolicyRow): string => {
  const mark = numberOption(row.options, "pkt_mark", 0);
  return mark > 0 ? `pkt.mark = ${mark}; ` : "";
};

function ecmpPolicy(build: Build, router: RouterDatapath, row: LogicalRouterPolicyRow, id: number): void {
  const nexthops = [...row.nexthops].sort();
  if (new Set(nexthops.map((nexthop) => nexthop.includes("."))).size > 1) return;
  for (const [index, nexthop] of nexthops.entries()) {
    const hop = hopActions(router, nexthop);
    if (hop === undefined) return;
    const match = `reg8[0..15] == ${id} && reg8[16..31] == ${index + 1}`;
    build.flows.add(router, "lr_in_policy_ecmp", 100, match, `${markOf(row)}${hop.set}next;`, { row });
  }
  const select = `reg8[0..15] = ${id}; reg8[16..31] = select(${nexthops.map((_, index) => index + 1).join(", ")});`;
  build.flows.add(router, "lr_in_policy", row.priority, row.match, select, { row });
}

function policyAction(router: RouterDatapath, row: LogicalRouterPolicyRow): string | undefined {
  switch (row.action) {
    case "drop":
      return "drop;";
    case "allow":
      return `${markOf(row)}reg8[0..15] = 0; next;`;
    case "reroute": {
      const nexthop = row.nexthops[0] ?? row.nexthop;
      const hop = nexthop === undefined ? undefined : hopActions(router, nexthop);
      return hop === undefined ? undefined : `${markOf(row)}${hop.set}reg8[0..15] = 0; next;`;
    }
    default:
      return row.action satisfies never;
  }
}

/**
 * Routing policies: what overrides the routes.
 *
 * @see OVN 23.09, northd.c, build_ingress_policy_flows_for_lrouter
 */
export function policyFlows(build: Build, router: RouterDatapath): void {
  const { flows } = build;
  flows.add(router, "lr_in_policy", 0, "1", "reg8[0..15] = 0; next;");
  flows.add(router, "lr_in_policy_ecmp", 150, "reg8[0..15] == 0", "next;");
  flows.add(router, "lr_in_policy_ecmp", 0, "1", "drop;");
  let id = 0;
  for (const row of rowsOf<LogicalRouterPolicyRow>(build, router.row.policies)) {
    if (row.action === "reroute" && row.nexthops.length > 1) ecmpPolicy(build, router, row, ++id);
    else {
      const action = policyAction(router, row);
      if (action !== undefined) flows.add(router, "lr_in_policy", row.priority, row.match, action, { row });
    }
  }
}
