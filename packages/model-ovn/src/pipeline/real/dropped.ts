import type { Action } from "../../actions/action.ts";
import type { Site } from "../mode.ts";
import { denialCode } from "./generate.ts";
import { end, originOf, placeOf, type RealContext } from "./run.ts";

/** Code of the drop of a session's first packet: the next one goes through. @see OVN 23.09, ovn-northd(8), table LB affinity learn */
export const LEARNING = "ovn/affinity-first-packet";

/** Ends a packet that no flow wants, or that a flow says to drop; what an ACL drops is denied by its policy. */
export function dropped(context: RealContext, site: Site): void {
  const { flow, table } = site;
  const { datapath } = table;
  if (flow === undefined) return end(context, site, "drop", `no flow of ${datapath.name} table ${table.pipeline} ${table.number} matches`);
  const { stage, match } = flow.row;
  if (flow.body?.type === "actions" && flow.body.actions.some(({ type }) => type === "commit_lb_aff")) {
    return end(context, site, "drop", `${placeOf(datapath)} learns which backend the client keeps, and drops the packet that it learns from`, LEARNING);
  }
  if (!stage.includes("_acl")) return end(context, site, "drop", `${placeOf(datapath)} drops it in ${stage}: ${match}`);
  const policy = context.passes[site.node]?.decisions.findLast(({ table: name, verdict }) => /_acl(_eval|_after_lb_eval)?$/.test(name) && /reg8\[1[78]\] = 1|drop/.test(verdict));
  const origin = policy?.origin ?? originOf(site);
  context.ends.push({ type: "drop", reason: `${origin.object} denies it (${datapath.name}, ${stage})`, origin, code: denialCode(origin.object) });
}

/** Actions after which a packet is somewhere else, or an answer to it is. */
const LEADING: ReadonlySet<Action["type"]> = new Set([
  "next", "output", "clone", "select", "fwd_group", "ct_next", "ct_lb", "ct_lb_mark", "ct_dnat", "ct_snat", "ct_dnat_in_czone", "ct_snat_in_czone", "ct_commit_nat", "ct_commit_to_zone",
  "arp", "icmp4", "icmp4_error", "icmp6", "icmp6_error", "tcp_reset", "sctp_abort", "nd_na", "nd_na_router", "nd_ns", "reject",
]);
const known = new WeakMap<readonly Action[], boolean>();

/** Whether a packet ends with a list of actions, as northd writes drops that do something first: `reg8[17] = 0; /* drop *\/`. */
export function leadsNowhere(actions: readonly Action[]): boolean {
  const found = known.get(actions) ?? (actions.length > 0 && !actions.some(({ type }) => LEADING.has(type)));
  known.set(actions, found);
  return found;
}
