import type { ACLRow } from "../northbound.ts";
import type { AclSet } from "./acl-set.ts";
import { controlMeter, flag, type Build, type SwitchDatapath } from "./model.ts";
import type { StageName } from "./stage.ts";

/** IPv6 housekeeping that no ACL may stop. */
const neverTracked = "nd || nd_ra || nd_rs || mldv1 || mldv2";

const blockedField = (build: Build): string => (build.features.ctNoMaskedLabel ? "ct_mark.blocked" : "ct_label.blocked");
const notInvalid = (build: Build): string => (build.options.useCtInvMatch ? " && !ct.inv" : "");

/** The `log(…)` action of an ACL, or nothing when it does not log. */
export function aclLog(build: Build, acl: ACLRow): string {
  if (!acl.log) return "";
  const parts: string[] = [];
  if (acl.name !== undefined) parts.push(`name="${acl.name}"`);
  parts.push(`severity=${acl.severity ?? "info"}`);
  parts.push(`verdict=${acl.action.startsWith("allow") ? "allow" : acl.action}`);
  if (acl.meter !== undefined) {
    const fair = build.meters.get(acl.meter)?.fair === true;
    parts.push(`meter="${acl.meter}${fair ? `__${acl._uuid}` : ""}"`);
  }
  return `log(${parts.join(", ")}); `;
}

/** Tells, before ACLs are looked at, what the connection's state lets them do. */
export function aclHintFlows(build: Build, datapath: SwitchDatapath, acls: AclSet): void {
  const { flows } = build;
  const blocked = blockedField(build);
  for (const stage of ["ls_in_acl_hint", "ls_out_acl_hint"] as const) {
    flows.add(datapath, stage, acls.hasAcls || datapath.hasLbVip ? 0 : 65535, "1", "next;");
    if (!acls.tracks) continue;
    flows.add(datapath, stage, 7, "ct.new && !ct.est", "reg0[7] = 1; reg0[9] = 1; next;");
    flows.add(datapath, stage, 6, `!ct.new && ct.est && !ct.rpl && ${blocked} == 1`, "reg0[7] = 1; reg0[9] = 1; next;");
    flows.add(datapath, stage, 5, "!ct.trk", "reg0[8] = 1; reg0[9] = 1; next;");
    flows.add(datapath, stage, 4, `!ct.new && ct.est && !ct.rpl && ${blocked} == 0`, "reg0[8] = 1; reg0[10] = 1; next;");
    flows.add(datapath, stage, 3, "!ct.est", "reg0[9] = 1; next;");
    flows.add(datapath, stage, 2, `ct.est && ${blocked} == 1`, "reg0[9] = 1; next;");
    flows.add(datapath, stage, 1, `ct.est && ${blocked} == 0`, "reg0[10] = 1; next;");
  }
}

/** The verdict texts in which the releases differ: 23.09 writes a bit and goes on, 23.03 acts at once. */
export interface AclWording {
  readonly in: StageName;
  readonly afterLb: StageName;
  readonly out: StageName;
  readonly allow: string;
  readonly drop: string;
}

/** The stages and verdicts of the release in use. */
export function aclWording(build: Build): AclWording {
  return build.version === "23.03"
    ? { in: "ls_in_acl", afterLb: "ls_in_acl_after_lb", out: "ls_out_acl", allow: "", drop: "drop;" }
    : {
        in: "ls_in_acl_eval", afterLb: "ls_in_acl_after_lb_eval", out: "ls_out_acl_eval",
        allow: "reg8[16] = 1; ", drop: "reg8[17] = 1; next;",
      };
}

/** Flows of the ACL stages that do not come of an ACL: defaults, replies, related packets, invalid ones. */
export function aclFrameFlows(build: Build, datapath: SwitchDatapath, acls: AclSet): void {
  const { flows, options, features } = build;
  const words = aclWording(build);
  const blocked = blockedField(build);
  const idle = !acls.hasAcls && !datapath.hasLbVip;
  const dropsByDefault = options.defaultAclDrop && build.version === "23.03" && acls.hasAcls;
  for (const stage of [words.in, words.out]) flows.add(datapath, stage, idle ? 65535 : 0, "1", dropsByDefault ? "drop;" : "next;");
  flows.add(datapath, words.afterLb, 0, "1", dropsByDefault ? "drop;" : "next;");
  if (acls.tracks) {
    const inv = notInvalid(build);
    const unknown = options.defaultAclDrop ? (build.version === "23.03" ? "drop;" : "next;") : "reg0[1] = 1; next;";
    const invalid = `${options.useCtInvMatch ? "ct.inv || " : ""}(ct.est && ct.rpl && ${blocked} == 1)`;
    for (const stage of [words.in, words.out]) {
      flows.add(datapath, stage, 1, `ip && ct.est && ${blocked} == 1`, `reg0[1] = 1; ${words.allow}next;`);
      flows.add(datapath, stage, 1, "ip && !ct.est", unknown);
      flows.add(datapath, stage, 65532, invalid, words.drop);
    }
    const reply = `ct.est && !ct.rel && !ct.new${inv} && ct.rpl && ${blocked} == 0`;
    flows.add(datapath, words.in, 65532, reply, `reg0[9] = 0; reg0[10] = 0; reg0[17] = 1; ${words.allow}next;`);
    flows.add(datapath, words.out, 65532, reply, `${words.allow}next;`);
    const related = `!ct.est && ct.rel && !ct.new${inv} && ${blocked} == 0`;
    const commit = features.ctLbRelated ? "ct_commit_nat;" : "next;";
    flows.add(datapath, words.in, 65532, related, `reg0[17] = 1; ${words.allow}${commit}`);
    flows.add(datapath, words.out, 65532, related, `${words.allow}${commit}`);
    flows.add(datapath, words.afterLb, 65532, "reg0[17] == 1", `${words.allow}next;`);
  }
  for (const stage of [words.in, words.out, words.afterLb]) flows.add(datapath, stage, 65532, neverTracked, `${words.allow}next;`);
  if (acls.hasDns) flows.add(datapath, words.out, 34000, "udp.src == 53", `${words.allow}${acls.tracks ? "ct_commit; " : ""}next;`);
  if (acls.hasAcls || datapath.hasLbVip) {
    flows.add(datapath, words.in, 34000, "eth.dst == $svc_monitor_mac", `${words.allow}next;`);
    flows.add(datapath, words.out, 34000, "eth.src == $svc_monitor_mac", `${words.allow}next;`);
  }
}

/** The stage an ACL acts in. */
export function aclStage(words: AclWording, acl: ACLRow): StageName {
  if (acl.direction === "to-lport") return words.out;
  return flag(acl.options, "apply-after-lb", false) ? words.afterLb : words.in;
}

/** Logs the replies and related packets of a labelled connection in the other direction. */
export function relatedLogFlows(build: Build, datapath: SwitchDatapath, acls: AclSet, acl: ACLRow): void {
  if (!acls.tracks || (acl.action !== "allow" && acl.action !== "allow-related")) return;
  if (!acl.log || acl.label === 0 || !flag(acl.options, "log-related", false)) return;
  const words = aclWording(build);
  const stage = acl.direction === "from-lport" ? words.out : words.in;
  const action = `${aclLog(build, acl)}${words.allow}next;`;
  const blocked = blockedField(build);
  const inv = notInvalid(build);
  const label = `ct_label.label == ${acl.label}`;
  const reply = `ct.est && !ct.rel && !ct.new${inv} && ct.rpl && ${blocked} == 0 && ${label}`;
  build.flows.add(datapath, stage, 65533, reply, action, { row: acl });
  build.flows.add(datapath, stage, 65533, `!ct.est && ct.rel && !ct.new${inv} && ${blocked} == 0 && ${label}`, action, { row: acl });
}

function considerAcl(build: Build, datapath: SwitchDatapath, acls: AclSet, acl: ACLRow): void {
  const { flows } = build;
  const stage = aclStage(aclWording(build), acl);
  const verdict = { drop: "reg8[17] = 1; ", reject: "reg8[18] = 1; ", pass: "" }[acl.action as string] ?? "reg8[16] = 1; ";
  const head = `${aclLog(build, acl)}${verdict}`;
  const tier = acls.maxTier > 0 ? `reg8[30..31] == ${acl.tier} && ` : "";
  const priority = acl.priority + 1000;
  const details = { row: acl };
  if (!acls.tracks || acl.action === "pass" || acl.action === "allow-stateless") {
    flows.add(datapath, stage, priority, `${tier}(${acl.match})`, `${head}next;`, details);
  } else if (acl.action === "drop" || acl.action === "reject") {
    flows.add(datapath, stage, priority, `${tier}reg0[9] == 1 && (${acl.match})`, `${head}next;`, details);
    const block = `${head}ct_commit { ${blockedField(build)} = 1; }; next;`;
    flows.add(datapath, stage, priority, `${tier}reg0[10] == 1 && (${acl.match})`, block, details);
  } else {
    const label = acl.label === 0 ? "" : `reg0[13] = 1; reg3 = ${acl.label}; `;
    flows.add(datapath, stage, priority, `${tier}reg0[7] == 1 && (${acl.match})`, `${head}reg0[1] = 1; ${label}next;`, details);
    const known = acl.label === 0 ? "" : `reg0[1] = 1; ${label}`;
    flows.add(datapath, stage, priority, `${tier}reg0[8] == 1 && (${acl.match})`, `${head}${known}next;`, details);
  }
}

function aclActionFlows(build: Build, datapath: SwitchDatapath, acls: AclSet): void {
  const { flows } = build;
  const clear = `reg8[16] = 0; reg8[17] = 0; reg8[18] = 0; ${acls.maxTier > 0 ? "reg8[30..31] = 0; " : ""}`;
  const stages = [
    ["ls_in_acl_action", "ls_in_acl_eval"], ["ls_in_acl_after_lb_action", "ls_in_acl_after_lb_eval"],
    ["ls_out_acl_action", "ls_out_acl_eval"],
  ] as const;
  for (const [stage, evaluation] of stages) {
    if (!acls.hasAcls) {
      flows.add(datapath, stage, 0, "1", "next;");
      continue;
    }
    const ingress = stage !== "ls_out_acl_action";
    const jump = ingress
      ? `next(pipeline=egress,table=${flows.table("ls_out_qos_mark")})`
      : `next(pipeline=ingress,table=${flows.table("ls_in_l2_lkup")})`;
    const reject = `reg0 = 0; reject { /* eth.dst <-> eth.src; ip.dst <-> ip.src; is implicit. */ outport <-> inport; ${jump}; };`;
    flows.add(datapath, stage, 1000, "reg8[16] == 1", `${clear}next;`);
    flows.add(datapath, stage, 1000, "reg8[17] == 1", `${clear}/* drop */`);
    flows.add(datapath, stage, 1000, "reg8[18] == 1", clear + reject, { meter: controlMeter(build, datapath, "reject") });
    flows.add(datapath, stage, 0, "1", clear + (build.options.defaultAclDrop ? "/* drop */" : "next;"));
    for (let tier = 0; tier < acls.maxTier; tier++) {
      const next = `next(pipeline=${ingress ? "ingress" : "egress"},table=${flows.table(evaluation)});`;
      flows.add(datapath, stage, 500, `reg8[30..31] == ${tier}`, `reg8[30..31] = ${tier + 1}; ${next}`);
    }
  }
}

/**
 * The ACL stages of OVN 23.09: rules write a verdict, the action stage carries it out, tier after tier.
 *
 * @see OVN 23.09, northd.c, build_acls
 */
export function tieredAclFlows(build: Build, datapath: SwitchDatapath, acls: AclSet): void {
  aclFrameFlows(build, datapath, acls);
  for (const acl of acls.acls) {
    relatedLogFlows(build, datapath, acls, acl);
    considerAcl(build, datapath, acls, acl);
  }
  aclActionFlows(build, datapath, acls);
}
