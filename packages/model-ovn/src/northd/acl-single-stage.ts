import type { ACLRow } from "../northbound.ts";
import type { AclSet } from "./acl-set.ts";
import { aclFrameFlows, aclLog, aclStage, aclWording, relatedLogFlows } from "./acl.ts";
import { controlMeter, type Build, type SwitchDatapath } from "./model.ts";

function reject(build: Build, datapath: SwitchDatapath, acl: ACLRow, hint: string, before: string): void {
  const { flows } = build;
  const jump = acl.direction === "from-lport"
    ? `next(pipeline=egress,table=${flows.table("ls_out_qos_mark")})`
    : `next(pipeline=ingress,table=${flows.table("ls_in_l2_lkup")})`;
  const match = hint === "" ? acl.match : `(${hint}) && ${acl.match}`;
  const action = `${aclLog(build, acl)}${before === "" ? "" : `${before} `}reg0 = 0; `
    + `reject { /* eth.dst <-> eth.src; ip.dst <-> ip.src; is implicit. */ outport <-> inport; ${jump}; };`;
  const details = { row: acl, meter: controlMeter(build, datapath, "reject") };
  flows.add(datapath, aclStage(aclWording(build), acl), acl.priority + 1000, match, action, details);
}

function considerAcl(build: Build, datapath: SwitchDatapath, acls: AclSet, acl: ACLRow): void {
  const stage = aclStage(aclWording(build), acl);
  const log = aclLog(build, acl);
  const blocked = build.features.ctNoMaskedLabel ? "ct_mark.blocked" : "ct_label.blocked";
  const add = (match: string, action: string): void =>
    build.flows.add(datapath, stage, acl.priority + 1000, match, action, { row: acl });
  switch (acl.action) {
    case "pass":
      return; // OVN 23.03 does not know the action and ignores the row.
    case "allow-stateless":
      return add(acl.match, `${log}next;`);
    case "allow":
    case "allow-related": {
      if (!acls.tracks) return add(acl.match, `${log}next;`);
      const label = acl.label === 0 ? "" : `reg0[13] = 1; reg3 = ${acl.label}; `;
      add(`reg0[7] == 1 && (${acl.match})`, `reg0[1] = 1; ${label}${log}next;`);
      return add(`reg0[8] == 1 && (${acl.match})`, `${acl.label === 0 ? "" : `reg0[1] = 1; ${label}`}${log}next;`);
    }
    case "drop":
      if (!acls.tracks) return add(acl.match, `${log}/* drop */`);
      add(`reg0[9] == 1 && (${acl.match})`, `${log}/* drop */`);
      return add(`reg0[10] == 1 && (${acl.match})`, `ct_commit { ${blocked} = 1; }; ${log}/* drop */`);
    case "reject":
      if (!acls.tracks) return reject(build, datapath, acl, "", "");
      reject(build, datapath, acl, "reg0[9] == 1", "");
      return reject(build, datapath, acl, "reg0[10] == 1", `ct_commit { ${blocked} = 1; }; `);
    default:
      acl.action satisfies never;
  }
}

/**
 * The ACL stage of OVN 23.03, where a rule acts at once and tiers do not exist.
 *
 * @see OVN 23.03, northd.c, build_acls
 */
export function singleStageAclFlows(build: Build, datapath: SwitchDatapath, acls: AclSet): void {
  aclFrameFlows(build, datapath, acls);
  for (const acl of acls.acls) {
    relatedLogFlows(build, datapath, acls, acl);
    considerAcl(build, datapath, acls, acl);
  }
}
