import type { Build, RouterDatapath, RouterPort } from "./model.ts";
import { controlMeter, numberOption, residentOn } from "./model.ts";
import { checkNat, type CheckedNat } from "./nat-entry.ts";
import { gatewayMtuFlow } from "./router-admission.ts";
import { redirectNatFlows } from "./router-nat-redirect.ts";

const ipOf = (checked: CheckedNat): string => (checked.isV6 ? "ip6" : "ip4");
const quoted = (name: string | undefined): string => `"${name ?? ""}"`;

/** Whether the router keeps both directions of NAT in one conntrack zone. */
const commonZone = (build: Build, router: RouterDatapath): boolean => !router.isGateway && build.options.useCommonZone;

const translatesSource = (checked: CheckedNat): boolean => checked.nat.row.type !== "dnat";
const translatesDestination = (checked: CheckedNat): boolean => checked.nat.row.type !== "snat";

function residence(router: RouterDatapath, checked: CheckedNat): string {
  return !checked.distributed && router.gatewayPorts.length > 0 ? ` && ${residentOn(checked.gatewayPort)}` : "";
}

function unsnatFlows(build: Build, router: RouterDatapath, checked: CheckedNat): void {
  if (!translatesSource(checked)) return;
  const { row } = checked.nat;
  const inport = router.isGateway ? "" : ` && inport == ${checked.gatewayPort?.quoted ?? '""'}`;
  const place = router.isGateway ? "" : residence(router, checked);
  const to = `ip && ${ipOf(checked)}.dst == ${row.external_ip}${inport}`;
  const priority = router.isGateway ? 90 : 100;
  const add = (text: string, action: string): void => build.flows.add(router, "lr_in_unsnat", priority, text, action, { row });
  // 23.03 puts the loopback test before the residence, and applies it to stateless translation too.
  const old = build.version === "23.03";
  const looped = (test: string): string => (old ? `${to} && ${test}${place}` : `${to}${place} && ${test}`);
  if (checked.stateless) add(old && !router.isGateway ? looped("flags.loopback == 0") : `${to}${place}`, "next;");
  else if (commonZone(build, router)) {
    add(looped("flags.loopback == 0"), "ct_snat_in_czone;");
    add(looped("flags.loopback == 1 && flags.use_snat_zone == 1"), "ct_snat;");
  } else add(`${to}${place}`, "ct_snat;");
}

/** Narrows a translation to the outside addresses it is meant for; exempted ones get a flow of their own. */
function outsideMatch(build: Build, router: RouterDatapath, checked: CheckedNat, match: string, direction: "src" | "dst"): string {
  const { allowed, exempted, row } = checked.nat;
  const field = `${ipOf(checked)}.${direction}`;
  if (allowed !== undefined) return `${match} && ${field} == $${allowed.name}`;
  if (exempted !== undefined) {
    const [stage, priority] = direction === "src"
      ? (["lr_in_dnat", 102] as const)
      : (["lr_out_snat", checked.prefixLength + 3 + (router.isGateway ? 0 : 128)] as const);
    build.flows.add(router, stage, priority, `${match} && ${field} == $${exempted.name}`, "next;", { row });
  }
  return match;
}

function dnatFlows(build: Build, router: RouterDatapath, checked: CheckedNat): void {
  if (!translatesDestination(checked)) return;
  const { row } = checked.nat;
  const ip = ipOf(checked);
  const inport = router.isGateway ? "" : ` && inport == ${checked.gatewayPort?.quoted ?? '""'}${residence(router, checked)}`;
  const forced = router.dnatForceSnat.v4.length + router.dnatForceSnat.v6.length > 0 ? "flags.force_snat_for_dnat = 1; " : "";
  const flags = router.isGateway ? `${forced}flags.loopback = 1; ` : "";
  const match = outsideMatch(build, router, checked, `ip && ${ip}.dst == ${row.external_ip}${inport}`, "src");
  const range = row.external_port_range === "" ? "" : `,${row.external_port_range}`;
  const translate = checked.stateless
    ? `${ip}.dst=${row.logical_ip}; next;`
    : `${commonZone(build, router) ? "ct_dnat_in_czone" : "ct_dnat"}(${row.logical_ip}${range});`;
  build.flows.add(router, "lr_in_dnat", 100, match, flags + translate, { row });
}

function undnatFlows(build: Build, router: RouterDatapath, checked: CheckedNat): void {
  if (router.gatewayPorts.length === 0 || !translatesDestination(checked)) return;
  const { row } = checked.nat;
  const match = `ip && ${ipOf(checked)}.src == ${row.logical_ip} && outport == ${checked.gatewayPort?.quoted ?? '""'}`
    + residence(router, checked);
  const mac = checked.distributed ? `eth.src = ${checked.externalMac}; ` : "";
  const undo = checked.stateless ? "next;" : commonZone(build, router) ? "ct_dnat_in_czone;" : "ct_dnat;";
  build.flows.add(router, "lr_out_undnat", 100, match, mac + undo, { row });
}

function snatFlows(build: Build, router: RouterDatapath, checked: CheckedNat): void {
  if (!translatesSource(checked)) return;
  const { row } = checked.nat;
  const { flows } = build;
  const ip = ipOf(checked);
  const place = checked.distributed ? `is_chassis_resident(${quoted(row.logical_port)})` : residentOn(checked.gatewayPort);
  const out = ` && outport == ${checked.gatewayPort?.quoted ?? '""'}`
    + (router.gatewayPorts.length === 0 ? "" : ` && ${place}`);
  const match = outsideMatch(build, router, checked, `ip && ${ip}.src == ${row.logical_ip}${router.isGateway ? "" : out}`, "dst");
  const priority = checked.prefixLength + 1 + (!router.isGateway && router.gatewayPorts.length > 0 ? 128 : 0);
  const mac = !router.isGateway && checked.distributed ? `eth.src = ${checked.externalMac}; ` : "";
  const range = row.external_port_range === "" ? "" : `,${row.external_port_range}`;
  const add = (extra: number, text: string, action: string): void => flows.add(router, "lr_out_snat", priority + extra, text, action, { row });
  if (checked.stateless) add(0, match, `${mac}${ip}.src=${row.external_ip}; next;`);
  else if (commonZone(build, router)) {
    add(0, match, `${mac}ct_snat_in_czone(${row.external_ip}${range});`);
    add(1, `${match} && reg9[4] == 1`, `${mac}reg9[4] = 0; ct_snat(${row.external_ip}${range});`);
  } else add(0, `${match}${router.isGateway ? " && (!ct.trk || !ct.rpl)" : ""}`, `${mac}ct_snat(${row.external_ip}${range});`);
}

function tooBigForNat(build: Build, router: RouterDatapath, checked: CheckedNat, port: RouterPort): void {
  const mtu = numberOption(port.row.options, "gateway_mtu", 0);
  if (mtu === 0) return;
  const { row } = checked.nat;
  const [ip, icmp, type] = checked.isV6 ? ["ip6", "icmp6", "icmp6.type = 2; /* Packet Too Big. */ icmp6.code = 0; "]
    : ["ip4", "icmp4", "icmp4.type = 3; /* Destination Unreachable. */ icmp4.code = 4; /* Frag Needed and DF was Set. */ "];
  const match = `inport == ${port.quoted} && reg9[1] && reg9[0] == 0 && ${ip} && ${ip}.dst == ${row.external_ip}`;
  const action = `${icmp}_error {reg9[0] = 1; reg9[1] = 0; eth.dst = eth.src; eth.src = ${row.external_mac ?? ""}; `
    + `${ip}.dst = ${ip}.src; ${ip}.src = ${row.external_ip}; ip.ttl = 254; ${type}${icmp}.frag_mtu = ${mtu}; `
    + `outport = ${port.quoted}; flags.loopback = 1; output; };`;
  build.flows.add(router, "lr_in_ip_input", 160, match, action, { row, meter: controlMeter(build, router, `${icmp}-error`) });
}

function natIngressFlows(build: Build, router: RouterDatapath, checked: CheckedNat): void {
  const { row } = checked.nat;
  const port = checked.gatewayPort;
  if (port === undefined) return;
  if (row.type === "snat") {
    build.flows.add(router, "lr_in_ip_input", 120, `inport == ${port.quoted} && ${ipOf(checked)}.src == ${row.external_ip}`, "next;", { row });
  }
  if (!checked.distributed) return;
  const match = `eth.dst == ${checked.externalMac} && inport == ${port.quoted} && is_chassis_resident(${quoted(row.logical_port)})`;
  gatewayMtuFlow(build, port, { stage: "lr_in_admission", match, action: `xreg0[0..47] = ${port.networks.mac}; next;`, row });
  tooBigForNat(build, router, checked, port);
}

function forceSnatFlows({ flows }: Build, router: RouterDatapath): void {
  for (const [context, addresses] of [["dnat", router.dnatForceSnat], ["lb", router.lbForceSnat]] as const) {
    for (const address of [addresses.v4[0], addresses.v6[0]]) {
      if (address === undefined) continue;
      const ip = `ip${address.family}`;
      flows.add(router, "lr_in_unsnat", 110, `${ip} && ${ip}.dst == ${address.text}`, "ct_snat;");
      flows.add(router, "lr_out_snat", 100, `flags.force_snat_for_${context} == 1 && ${ip}`, `ct_snat(${address.text});`);
    }
  }
}

/** Sources balanced connections from the port they leave through, where the router is told to. */
export function forceSnatPortFlows({ flows }: Build, port: RouterPort): void {
  const router = port.datapath;
  if (port.peer === undefined || !router.lbForceSnatRouterIp) return;
  const { v4, v6 } = port.networks;
  // The link-local address is always there, so one IPv6 address is none that could be used.
  for (const address of [v4[0], v6.length > 1 ? v6[0] : undefined]) {
    if (address === undefined) continue;
    const ip = `ip${address.family}`;
    flows.add(router, "lr_in_unsnat", 110, `inport == ${port.quoted} && ${ip}.dst == ${address.text}`, "ct_snat;", { row: port.row });
    const match = `flags.force_snat_for_lb == 1 && ${ip} && outport == ${port.quoted}`;
    flows.add(router, "lr_out_snat", 110, match, `ct_snat(${address.text});`, { row: port.row });
  }
}

function natFrameFlows({ flows, features }: Build, router: RouterDatapath): void {
  for (const stage of [
    "lr_in_defrag", "lr_in_unsnat", "lr_out_snat", "lr_in_dnat", "lr_out_undnat", "lr_out_post_undnat", "lr_out_post_snat",
    "lr_out_egr_loop", "lr_in_ecmp_stateful",
  ] as const) flows.add(router, stage, 0, "1", "next;");
  flows.add(router, "lr_out_chk_dnat_local", 0, "1", "reg9[4] = 0; next;");
  const field = features.ctNoMaskedLabel ? "ct_mark" : "ct_label";
  if (router.hasLbVip) {
    const states = [
      ...(features.ctLbRelated ? [["ct.rel && !ct.est && !ct.new", "ct_commit_nat;"] as const] : []),
      [`ct.est && !ct.rel && !ct.new && ${field}.natted`, "next;"] as const,
    ];
    for (const [match, action] of states) {
      flows.add(router, "lr_in_dnat", 70, `${match} && ${field}.skip_snat == 1`, `flags.skip_snat_for_lb = 1; ${action}`);
      flows.add(router, "lr_in_dnat", 70, `${match} && ${field}.force_snat == 1`, `flags.force_snat_for_lb = 1; ${action}`);
      flows.add(router, "lr_in_dnat", 50, match, action);
    }
  }
  if (router.isGateway && (router.nats.length > 0 || router.hasLbVip)) {
    flows.add(router, "lr_out_undnat", 100, "nd || nd_rs || nd_ra", "next;");
    flows.add(router, "lr_out_undnat", 50, "ip", "flags.loopback = 1; ct_dnat;");
    flows.add(router, "lr_out_post_undnat", 50, "ip && ct.new", "ct_commit { } ; next; ");
  }
  flows.add(router, "lr_out_snat", 120, "nd_ns", "next;");
}

/**
 * Address translation of a router.
 *
 * @see OVN 23.09, northd.c, build_lrouter_nat_defrag_and_lb
 */
export function natFlows(build: Build, router: RouterDatapath): void {
  natFrameFlows(build, router);
  if (!router.isGateway && router.gatewayPorts.length === 0) return;
  const seen = new Set<string>();
  for (const nat of router.nats) {
    const checked = checkNat(router, nat, build.routerPorts);
    if (checked === undefined) continue;
    unsnatFlows(build, router, checked);
    dnatFlows(build, router, checked);
    redirectNatFlows(build, router, checked, { first: !seen.has(nat.row.external_ip) });
    seen.add(nat.row.external_ip);
    undnatFlows(build, router, checked);
    snatFlows(build, router, checked);
    natIngressFlows(build, router, checked);
  }
  if (build.options.useCommonZone && router.nats.length > 0) {
    const match = `ip && ${build.features.ctNoMaskedLabel ? "ct_mark" : "ct_label"}.natted == 1`;
    build.flows.add(router, "lr_out_chk_dnat_local", 50, match, "reg9[4] = 1; next;");
  }
  if (router.isGateway) forceSnatFlows(build, router);
}
