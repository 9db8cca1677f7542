import { residentOn, type Build, type RouterDatapath } from "./model.ts";
import type { CheckedNat } from "./nat-entry.ts";

const zeroRegisters = Array.from({ length: 10 }, (_, index) => `reg${index} = 0; `).join("");

/**
 * What translation needs on routers with distributed gateway ports: neighbours, redirection and the egress loopback.
 *
 * @see OVN 23.09, northd.c, build_lrouter_nat_defrag_and_lb
 */
export function redirectNatFlows(build: Build, router: RouterDatapath, checked: CheckedNat, options: { readonly first: boolean }): void {
  const { flows } = build;
  const { row } = checked.nat;
  const port = checked.gatewayPort;
  if (router.isGateway || port === undefined) return;
  const ip = checked.isV6 ? "ip6" : "ip4";
  const [hop, source] = checked.isV6 ? ["xxreg0", "xxreg1"] : ["reg0", "reg1"];
  const resident = `is_chassis_resident("${row.logical_port ?? ""}")`;
  const add = (stage: Parameters<typeof flows.add>[1], priority: number, match: string, action: string): void =>
    flows.add(router, stage, priority, match, action, { row });
  if (options.first) {
    add("lr_in_arp_resolve", 150, `inport == ${port.quoted} && outport == ${port.quoted} && ${ip}.dst == ${row.external_ip}`, "drop;");
    const mac = checked.distributed ? (row.external_mac ?? "") : port.networks.mac;
    add("lr_in_arp_resolve", 100, `outport == ${port.quoted} && ${hop} == ${row.external_ip}`, `eth.dst = ${mac}; next;`);
    if (router.redirectBridged && checked.distributed) {
      const match = `outport == ${router.gatewayPorts[0]?.quoted ?? '""'} && ${ip}.src == ${row.logical_ip} && ${resident}`;
      add("lr_in_arp_resolve", 90, match, checked.isV6 ? "get_nd(outport, xxreg0); next;" : "get_arp(outport, reg0); next;");
    }
  }
  const place = checked.distributed ? resident : residentOn(port);
  if (build.options.useCommonZone) {
    add("lr_out_chk_dnat_local", 50, `ip && ${ip}.dst == ${row.external_ip} && ${place}`, "reg9[4] = 1; next;");
  }
  if (checked.distributed) {
    const match = `${ip}.src == ${row.logical_ip} && outport == ${port.quoted}`;
    if (build.switchPorts.get(row.logical_port ?? "")?.row.type === "virtual") add("lr_in_gw_redirect", 80, match, "drop;");
    const action = `eth.src = ${row.external_mac ?? ""}; ${source} = ${row.external_ip}; next;`;
    add("lr_in_gw_redirect", 100, `${match} && ${resident}`, action);
  }
  const zone = build.options.useCommonZone ? "flags.use_snat_zone = reg9[4]; " : "";
  const loop = 'clone { ct_clear; inport = outport; outport = ""; eth.dst <-> eth.src; flags = 0; flags.loopback = 1; '
    + `${zone}${zeroRegisters}reg9[0] = 1; next(pipeline=ingress, table=${flows.table("lr_in_admission")}); };`;
  add("lr_out_egr_loop", 100, `${ip}.dst == ${row.external_ip} && outport == ${port.quoted} && ${place}`, loop);
}
