import type { LogicalSwitchPortRow } from "../northbound.ts";
import { parseAddresses } from "./address.ts";
import { rowsOf, type Build } from "./model.ts";

/**
 * Address sets: the configured ones, those made of port groups, and those of load balancer addresses.
 *
 * @see OVN 23.09, en-sync-sb.c, sync_addr_sets
 */
export function addressSetsOf(build: Build): ReadonlyMap<string, readonly string[]> {
  const sets = new Map<string, readonly string[]>();
  const { serviceMonitorMac } = build.options;
  sets.set("svc_monitor_mac", serviceMonitorMac === "" ? [] : [serviceMonitorMac]);
  for (const group of build.nb.Port_Group) {
    const addresses = rowsOf<LogicalSwitchPortRow>(build, group.ports)
      .flatMap((row) => [...row.addresses, row.dynamic_addresses ?? ""]).flatMap((text) => parseAddresses(text) ?? []);
    sets.set(`${group.name}_ip4`, [...new Set(addresses.flatMap(({ v4 }) => v4.map(({ text }) => text)))].sort());
    sets.set(`${group.name}_ip6`, [...new Set(addresses.flatMap(({ v6 }) => v6.map(({ text }) => text)))].sort());
  }
  for (const router of build.routers) {
    const { v4Reachable, v6Reachable } = router.lbIps;
    if (v4Reachable.size > 0) sets.set(`_rtr_lb_${router.key}_ip4`, [...v4Reachable].sort());
    if (v6Reachable.size > 0) sets.set(`_rtr_lb_${router.key}_ip6`, [...v6Reachable].sort());
  }
  for (const row of build.nb.Address_Set) sets.set(row.name, row.addresses);
  return sets;
}

/** Port groups under the name matches use (`@name`) and, per datapath, under Southbound's (`<key>_<name>`). */
export function portGroupsByName(build: Build): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, readonly string[]>();
  for (const group of build.nb.Port_Group) {
    const ports = rowsOf<LogicalSwitchPortRow>(build, group.ports).flatMap((row) => build.switchPorts.get(row.name) ?? []);
    groups.set(group.name, ports.map((port) => port.name));
    for (const key of new Set(ports.map((port) => port.datapath.key))) {
      groups.set(`${key}_${group.name}`, ports.filter((port) => port.datapath.key === key).map((port) => port.name));
    }
  }
  return groups;
}
