import type { ForwardingGroupRow } from "../northbound.ts";
import { aclHintFlows, tieredAclFlows } from "./acl.ts";
import { aclSetOf, type AclSet } from "./acl-set.ts";
import { singleStageAclFlows } from "./acl-single-stage.ts";
import { affinityDefaultFlows } from "./affinity.ts";
import { arpReply, arpResponderFlows } from "./arp-responder.ts";
import { dhcpFlows } from "./dhcp.ts";
import { externalPortFlows, floodFlows, unicastFlows } from "./l2-lookup.ts";
import { controlMeter, rowsOf, type Build, type SwitchDatapath, type SwitchPort } from "./model.ts";
import { qosFlows } from "./qos.ts";
import { hairpinFlows, preAclFlows, preLbFlows, preStatefulFlows, statefulFlows, vtepFlows } from "./switch-conntrack.ts";
import { portSecurityFlows, switchSecurityFlows } from "./switch-port-security.ts";

function dnsFlows(build: Build, datapath: SwitchDatapath, acls: AclSet): void {
  const { flows } = build;
  for (const stage of [
    "ls_in_arp_rsp", "ls_in_dhcp_options", "ls_in_dhcp_response", "ls_in_dns_lookup", "ls_in_dns_response", "ls_in_external_port",
  ] as const) flows.add(datapath, stage, 0, "1", "next;");
  if (!acls.hasDns) return;
  const meter = controlMeter(build, datapath, "dns");
  flows.add(datapath, "ls_in_dns_lookup", 100, "udp.dst == 53", "reg0[4] = dns_lookup(); next;", { meter });
  for (const ip of ["ip4", "ip6"]) {
    const action = `eth.dst <-> eth.src; ${ip}.src <-> ${ip}.dst; udp.dst = udp.src; udp.src = 53; outport = inport; `
      + "flags.loopback = 1; output;";
    flows.add(datapath, "ls_in_dns_response", 100, "udp.dst == 53 && reg0[4]", action);
  }
}

function forwardingGroupFlows(build: Build, datapath: SwitchDatapath): void {
  for (const row of rowsOf<ForwardingGroupRow>(build, datapath.row.forwarding_groups)) {
    if (row.child_port.length === 0) continue;
    const reply = arpReply(row.vmac, `arp.tpa = arp.spa; arp.spa = ${row.vip}`);
    build.flows.add(datapath, "ls_in_arp_rsp", 50, `arp.tpa == ${row.vip} && arp.op == 1`, reply, { row });
    const ports = `${row.liveness ? 'liveness="true",' : ""}childports=${[...row.child_port].sort().map((name) => `"${name}"`).join(",")}`;
    build.flows.add(datapath, "ls_in_l2_lkup", 50, `eth.dst == ${row.vmac}`, `fwd_group(${ports});`, { row });
  }
}

/** All flows of one switch except those of its load balancers. */
export function switchFlows(build: Build, datapath: SwitchDatapath): void {
  const acls = aclSetOf(build, datapath);
  preAclFlows(build, datapath, acls);
  preLbFlows(build, datapath, acls);
  preStatefulFlows(build, datapath);
  aclHintFlows(build, datapath, acls);
  if (build.version === "23.03") singleStageAclFlows(build, datapath, acls);
  else tieredAclFlows(build, datapath, acls);
  qosFlows(build, datapath);
  statefulFlows(build, datapath);
  hairpinFlows(build, datapath);
  vtepFlows(build, datapath);
  forwardingGroupFlows(build, datapath);
  switchSecurityFlows(build, datapath);
  dnsFlows(build, datapath, acls);
  floodFlows(build, datapath);
  affinityDefaultFlows(build, datapath);
  for (const port of datapath.ports as SwitchPort[]) {
    portSecurityFlows(build, port);
    arpResponderFlows(build, port);
    dhcpFlows(build, port, { commits: acls.tracks });
    externalPortFlows(build, port);
    unicastFlows(build, port);
  }
}
