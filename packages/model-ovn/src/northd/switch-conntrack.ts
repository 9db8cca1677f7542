import type { ACLRow } from "../northbound.ts";
import type { AclSet } from "./acl-set.ts";
import { controlMeter, flag, type Build, type SwitchDatapath, type SwitchPort } from "./model.ts";
import type { StageName } from "./stage.ts";

const neighbourDiscovery = "nd || nd_rs || nd_ra || mldv1 || mldv2";

function skipPort({ flows }: Build, port: SwitchPort, stages: readonly [StageName, StageName], acls: AclSet): void {
  flows.add(port.datapath, stages[0], 110, `ip && inport == ${port.quoted}`, "next;", { row: port.row });
  const action = acls.hasStateful ? "next;" : "ct_clear; next;";
  flows.add(port.datapath, stages[1], 110, `ip && outport == ${port.quoted}`, action, { row: port.row });
}

function statelessFilter({ flows }: Build, datapath: SwitchDatapath, acl: ACLRow): void {
  if (acl.action !== "allow-stateless") return;
  const stage = acl.direction === "from-lport" ? "ls_in_pre_acl" : "ls_out_pre_acl";
  flows.add(datapath, stage, acl.priority + 1000, acl.match, "reg0[16] = 1; next;", { row: acl });
}

/** Decides which packets connection tracking must see for the ACLs' sake. */
export function preAclFlows(build: Build, datapath: SwitchDatapath, acls: AclSet): void {
  const { flows } = build;
  flows.add(datapath, "ls_in_pre_acl", 0, "1", "next;");
  flows.add(datapath, "ls_out_pre_acl", 0, "1", "next;");
  flows.add(datapath, "ls_in_pre_acl", 110, "eth.dst == $svc_monitor_mac", "next;");
  flows.add(datapath, "ls_out_pre_acl", 110, "eth.src == $svc_monitor_mac", "next;");
  if (acls.hasStateful) {
    for (const port of [...datapath.routerPorts, ...datapath.localnetPorts]) skipPort(build, port, ["ls_in_pre_acl", "ls_out_pre_acl"], acls);
  }
  if (acls.tracks) for (const acl of acls.acls) statelessFilter(build, datapath, acl);
  if (!acls.hasStateful) return;
  for (const stage of ["ls_in_pre_acl", "ls_out_pre_acl"] as const) {
    flows.add(datapath, stage, 110, `${neighbourDiscovery} || (udp && udp.src == 546 && udp.dst == 547)`, "next;");
    flows.add(datapath, stage, 110, "eth.mcast", "next;");
    flows.add(datapath, stage, 100, "ip", "reg0[0] = 1; next;");
  }
}

/** Decides which packets connection tracking must see for the load balancers' sake. */
export function preLbFlows(build: Build, datapath: SwitchDatapath, acls: AclSet): void {
  const { flows } = build;
  const snooping = flag(datapath.row.other_config, "mcast_snoop", false);
  if (snooping && datapath.row.other_config["interconn-ts"] !== undefined) {
    for (const port of datapath.ports as SwitchPort[]) {
      if (port.row.type !== "remote") continue;
      const meter = controlMeter(build, datapath, "igmp");
      flows.add(datapath, "ls_out_pre_lb", 120, `inport == ${port.quoted} && igmp`, "clone { igmp; }; next;", { meter });
      flows.add(datapath, "ls_out_pre_lb", 120, `inport == ${port.quoted} && (mldv1 || mldv2)`, "clone { igmp; }; next;", { meter });
    }
  }
  flows.add(datapath, "ls_in_pre_lb", 110, "eth.dst == $svc_monitor_mac", "next;");
  flows.add(datapath, "ls_out_pre_lb", 110, "eth.src == $svc_monitor_mac", "next;");
  for (const stage of ["ls_in_pre_lb", "ls_out_pre_lb"] as const) {
    flows.add(datapath, stage, 110, "eth.mcast", "next;");
    flows.add(datapath, stage, 110, neighbourDiscovery, "next;");
    flows.add(datapath, stage, 0, "1", "next;");
    flows.add(datapath, stage, 110, "reg0[16] == 1", "next;");
    if (datapath.hasLbVip) flows.add(datapath, stage, 100, "ip", "reg0[2] = 1; next;");
  }
  const skipped = datapath.hasLbVip ? datapath.routerPorts : [...datapath.routerPorts, ...datapath.localnetPorts];
  for (const port of skipped) skipPort(build, port, ["ls_in_pre_lb", "ls_out_pre_lb"], acls);
}

/** Sends packets to connection tracking. */
export function preStatefulFlows({ flows, features }: Build, datapath: SwitchDatapath): void {
  for (const stage of ["ls_in_pre_stateful", "ls_out_pre_stateful"] as const) {
    flows.add(datapath, stage, 0, "1", "next;");
    flows.add(datapath, stage, 110, "reg0[2] == 1", features.ctNoMaskedLabel ? "ct_lb_mark;" : "ct_lb;");
    flows.add(datapath, stage, 100, "reg0[0] == 1", "ct_next;");
  }
}

/** Commits allowed connections. */
export function statefulFlows({ flows, features }: Build, datapath: SwitchDatapath): void {
  const mark = features.ctNoMaskedLabel ? "ct_mark" : "ct_label";
  flows.add(datapath, "ls_in_lb", 0, "1", "next;");
  for (const stage of ["ls_in_stateful", "ls_out_stateful"] as const) {
    flows.add(datapath, stage, 0, "1", "next;");
    const labelled = `ct_commit { ${mark}.blocked = 0; ct_label.label = reg3; }; next;`;
    flows.add(datapath, stage, 100, "reg0[1] == 1 && reg0[13] == 1", labelled);
    flows.add(datapath, stage, 100, "reg0[1] == 1 && reg0[13] == 0", `ct_commit { ${mark}.blocked = 0; }; next;`);
  }
}

/** Turns packets around whose backend is their own sender. */
export function hairpinFlows({ flows }: Build, datapath: SwitchDatapath): void {
  for (const stage of ["ls_in_pre_hairpin", "ls_in_nat_hairpin", "ls_in_hairpin"] as const) flows.add(datapath, stage, 0, "1", "next;");
  if (datapath.hasLbVip) {
    const check = "reg0[6] = chk_lb_hairpin(); reg0[12] = chk_lb_hairpin_reply(); next;";
    flows.add(datapath, "ls_in_pre_hairpin", 100, "ip && ct.trk", check);
    flows.add(datapath, "ls_in_nat_hairpin", 100, "ip && ct.new && ct.trk && reg0[6] == 1", "ct_snat_to_vip; next;");
    flows.add(datapath, "ls_in_nat_hairpin", 100, "ip && ct.est && ct.trk && reg0[6] == 1", "ct_snat;");
    flows.add(datapath, "ls_in_nat_hairpin", 90, "ip && reg0[12] == 1", "ct_snat;");
    const turn = "eth.dst <-> eth.src; outport = inport; flags.loopback = 1; output;";
    flows.add(datapath, "ls_in_hairpin", 1, "(reg0[6] == 1 || reg0[12] == 1)", turn);
  }
}

/** Lets packets from hardware gateways skip to the lookup. */
export function vtepFlows({ flows, version }: Build, datapath: SwitchDatapath): void {
  if (!datapath.hasVtepPorts) return;
  flows.add(datapath, "ls_in_hairpin", 1000, "reg0[14] == 1", `next(pipeline=ingress, table=${flows.table("ls_in_l2_lkup")});`);
  for (const port of datapath.routerPorts) {
    if (port.peer?.redirect === undefined) continue;
    flows.add(datapath, "ls_in_hairpin", 2000, `reg0[14] == 1 && is_chassis_resident(${port.peer.redirect.quoted})`, "next;");
  }
  if (version === "23.09") flows.add(datapath, "ls_in_arp_rsp", 65535, "reg0[14] == 1 && (arp || nd_ns)", "flags.loopback = 1; next;");
}
