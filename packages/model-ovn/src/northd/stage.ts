/** The OVN releases whose northd is modelled. */
export type OvnVersion = "23.03" | "23.09";

/** Which half of a datapath's pipeline a stage belongs to. */
export type Pipeline = "ingress" | "egress";

/** Where a stage sits: its pipeline and its table number there. */
export interface StagePlace {
  readonly pipeline: Pipeline;
  readonly table: number;
}

const switchIngress = [
  "ls_in_check_port_sec", "ls_in_apply_port_sec", "ls_in_lookup_fdb", "ls_in_put_fdb", "ls_in_pre_acl", "ls_in_pre_lb",
  "ls_in_pre_stateful", "ls_in_acl_hint", "ls_in_acl", "ls_in_acl_eval", "ls_in_acl_action", "ls_in_qos_mark",
  "ls_in_qos_meter", "ls_in_lb_aff_check", "ls_in_lb", "ls_in_lb_aff_learn", "ls_in_pre_hairpin", "ls_in_nat_hairpin",
  "ls_in_hairpin", "ls_in_acl_after_lb", "ls_in_acl_after_lb_eval", "ls_in_acl_after_lb_action", "ls_in_stateful",
  "ls_in_arp_rsp", "ls_in_dhcp_options", "ls_in_dhcp_response", "ls_in_dns_lookup", "ls_in_dns_response",
  "ls_in_external_port", "ls_in_l2_lkup", "ls_in_l2_unknown",
] as const;

const switchEgress = [
  "ls_out_pre_acl", "ls_out_pre_lb", "ls_out_pre_stateful", "ls_out_acl_hint", "ls_out_acl", "ls_out_acl_eval",
  "ls_out_acl_action", "ls_out_qos_mark", "ls_out_qos_meter", "ls_out_stateful", "ls_out_check_port_sec",
  "ls_out_apply_port_sec",
] as const;

const routerIngress = [
  "lr_in_admission", "lr_in_lookup_neighbor", "lr_in_learn_neighbor", "lr_in_ip_input", "lr_in_unsnat", "lr_in_defrag",
  "lr_in_lb_aff_check", "lr_in_dnat", "lr_in_lb_aff_learn", "lr_in_ecmp_stateful", "lr_in_nd_ra_options",
  "lr_in_nd_ra_response", "lr_in_ip_routing_pre", "lr_in_ip_routing", "lr_in_ip_routing_ecmp", "lr_in_policy",
  "lr_in_policy_ecmp", "lr_in_arp_resolve", "lr_in_chk_pkt_len", "lr_in_larger_pkts", "lr_in_gw_redirect",
  "lr_in_arp_request",
] as const;

const routerEgress = [
  "lr_out_chk_dnat_local", "lr_out_undnat", "lr_out_post_undnat", "lr_out_snat", "lr_out_post_snat", "lr_out_egr_loop",
  "lr_out_delivery",
] as const;

/** A stage by the name OVN gives it. */
export type StageName =
  | (typeof switchIngress)[number] | (typeof switchEgress)[number]
  | (typeof routerIngress)[number] | (typeof routerEgress)[number];

/** 23.09 splits the ACL stages of 23.03 into evaluation and action. */
const absent: Readonly<Record<OvnVersion, ReadonlySet<string>>> = {
  "23.03": new Set([
    "ls_in_acl_eval", "ls_in_acl_action", "ls_in_acl_after_lb_eval", "ls_in_acl_after_lb_action",
    "ls_out_acl_eval", "ls_out_acl_action",
  ]),
  "23.09": new Set(["ls_in_acl", "ls_in_acl_after_lb", "ls_out_acl"]),
};

/**
 * The table number of every stage in one OVN release.
 *
 * @see OVN 23.03 and 23.09, northd.c, PIPELINE_STAGES
 * @example
 * stagePlaces("23.09").get("ls_in_l2_lkup") // { pipeline: "ingress", table: 27 }
 */
export function stagePlaces(version: OvnVersion): ReadonlyMap<StageName, StagePlace> {
  const places = new Map<StageName, StagePlace>();
  const number = (names: readonly StageName[], pipeline: Pipeline): void =>
    names.filter((name) => !absent[version].has(name)).forEach((name, table) => places.set(name, { pipeline, table }));
  number(switchIngress, "ingress");
  number(switchEgress, "egress");
  number(routerIngress, "ingress");
  number(routerEgress, "egress");
  return places;
}
