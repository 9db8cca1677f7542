import type { Constant, FieldRange } from "../expr/expression.ts";

export type Pipeline = "ingress" | "egress";

/** Where in a datapath a flow stands or a packet goes next. */
export interface Place {
  readonly pipeline: Pipeline;
  readonly table: number;
}

export interface ActionAddress {
  readonly family: 4 | 6;
  readonly value: bigint;
}

/** A load balancer's destination; port 0 keeps the packet's. */
export interface ActionBackend {
  readonly address: ActionAddress;
  readonly port: number;
}

/** An option of DHCP, router advertisements or events. */
export interface ActionOption {
  readonly name: string;
  readonly code: number;
  /** The values, and whether they were written in braces. */
  readonly values: readonly Constant[];
  readonly braces: boolean;
}

export type NestedActionType = "clone" | "arp" | "icmp4" | "icmp4_error" | "icmp6" | "icmp6_error" | "tcp_reset" | "sctp_abort" | "nd_na" | "nd_na_router" | "nd_ns" | "reject" | "ct_commit";
export type PlainActionType = "output" | "dec_ttl" | "ct_clear" | "igmp" | "handle_dhcpv6_reply" | "handle_bfd_msg" | "ct_snat_to_vip" | "mac_cache_use";
export type ResultActionType =
  | "dns_lookup" | "chk_lb_hairpin" | "chk_lb_hairpin_reply" | "check_in_port_sec" | "check_out_port_sec" | "chk_ecmp_nh_mac" | "chk_ecmp_nh" | "chk_lb_aff"
  | "ct_nw_dst" | "ct_ip6_dst" | "ct_tp_dst" | "ct_state_save";
export type TransportName = "tcp" | "udp" | "sctp";
export type NatZone = "dnat" | "snat";

/**
 * One action of a logical flow. An empty list of actions is `drop;`.
 *
 * `table` of actions that recirculate is the table of the same pipeline that the packet continues in.
 *
 * @see OVN 23.09 and 24.03, include/ovn/actions.h, OVNACTS
 */
export type Action =
  | { readonly type: PlainActionType }
  | { readonly type: NestedActionType; readonly actions: readonly Action[] }
  | { readonly type: "next"; readonly to: Place; /** Where the flow stands: how the action is printed depends on it. */ readonly from: Place }
  | { readonly type: "load"; readonly to: FieldRange; readonly value: Constant }
  /** A value for a field that only ovn-controller can write. */
  | { readonly type: "ovnfield_load"; readonly to: FieldRange; readonly value: Constant }
  | { readonly type: "move"; readonly to: FieldRange; readonly from: FieldRange }
  | { readonly type: "exchange"; readonly left: FieldRange; readonly right: FieldRange }
  | { readonly type: "push" | "pop"; readonly field: FieldRange }
  /** `zone` is written from OVN 24.03 on; routers only have two. */
  | { readonly type: "ct_next" | "ct_commit_nat" | "ct_commit_to_zone"; readonly table: number; readonly zone?: NatZone }
  /** The old form with parentheses. */
  | { readonly type: "ct_commit_v1"; readonly mark?: Masked; readonly label?: Masked }
  /** Without an address the packet is only translated as its connection says. */
  | { readonly type: "ct_dnat" | "ct_snat" | "ct_dnat_in_czone" | "ct_snat_in_czone"; readonly address?: ActionAddress; readonly ports?: { readonly low: number; readonly high?: number }; readonly table: number }
  | { readonly type: "ct_lb" | "ct_lb_mark"; readonly backends: readonly ActionBackend[]; readonly hashFields?: string; readonly flag?: "skip_snat" | "force_snat"; readonly table: number }
  | { readonly type: "select"; readonly to: FieldRange; readonly members: readonly { readonly id: number; readonly weight: number }[]; readonly table: number }
  | { readonly type: "fwd_group"; readonly liveness: boolean; readonly ports: readonly string[]; readonly table: number }
  | { readonly type: "get_arp" | "get_nd"; readonly port: FieldRange; readonly ip: FieldRange }
  | { readonly type: "put_arp" | "put_nd"; readonly port: FieldRange; readonly ip: FieldRange; readonly mac: FieldRange }
  | { readonly type: "lookup_arp" | "lookup_nd"; readonly to: FieldRange; readonly port: FieldRange; readonly ip: FieldRange; readonly mac: FieldRange }
  | { readonly type: "lookup_arp_ip" | "lookup_nd_ip"; readonly to: FieldRange; readonly port: FieldRange; readonly ip: FieldRange }
  | { readonly type: "get_fdb"; readonly to: FieldRange; readonly mac: FieldRange }
  | { readonly type: "put_fdb"; readonly port: FieldRange; readonly mac: FieldRange }
  | { readonly type: "lookup_fdb"; readonly to: FieldRange; readonly port: FieldRange; readonly mac: FieldRange }
  | { readonly type: "put_dhcp_opts" | "put_dhcpv6_opts" | "put_nd_ra_opts"; readonly to: FieldRange; readonly options: readonly ActionOption[] }
  | { readonly type: ResultActionType; readonly to: FieldRange }
  | { readonly type: "check_pkt_larger"; readonly to: FieldRange; readonly bytes: number }
  | { readonly type: "set_queue"; readonly queue: number }
  | { readonly type: "log"; readonly verdict: "allow" | "drop" | "reject" | "pass"; readonly severity: LogSeverity; readonly name?: string; readonly meter?: string }
  | { readonly type: "set_meter"; readonly rate: bigint; readonly burst: bigint }
  /** Releases before OVN 21.09 name the meter here. */
  | { readonly type: "trigger_event"; readonly event: "empty_lb_backends"; readonly meter?: string; readonly options: readonly ActionOption[] }
  | { readonly type: "bind_vport"; readonly port: string; readonly parent: FieldRange }
  | { readonly type: "handle_svc_check"; readonly port: FieldRange }
  | { readonly type: "commit_ecmp_nh"; readonly ipv6: boolean; readonly protocol: TransportName }
  | { readonly type: "commit_lb_aff"; readonly vip: ActionBackend; readonly backend: ActionBackend; readonly protocol?: TransportName; readonly timeout: number }
  | { readonly type: "sample"; readonly probability: number; readonly collectorSet: number; readonly domain: number; /** `cookie` for the flow's own. */ readonly point: number | "cookie" };

/** The action that has a certain tag. */
export type ActionOf<Type extends Action["type"]> = Action extends infer One ? (One extends { readonly type: infer Types } ? (Type extends Types ? One : never) : never) : never;

export type LogSeverity = "alert" | "warning" | "notice" | "info" | "debug";

export interface Masked {
  readonly value: bigint;
  readonly mask: bigint;
}
