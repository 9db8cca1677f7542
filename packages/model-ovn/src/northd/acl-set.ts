import type { ACLRow, LogicalSwitchPortRow, PortGroupRow } from "../northbound.ts";
import { rowsOf, type Build, type SwitchDatapath } from "./model.ts";

/** The ACLs that act on a switch and what they amount to. */
export interface AclSet {
  readonly acls: readonly ACLRow[];
  readonly hasAcls: boolean;
  /** Some ACL asks for connection tracking. */
  readonly hasStateful: boolean;
  /** The switch tracks connections, for ACLs or for load balancers. */
  readonly tracks: boolean;
  readonly maxTier: number;
  readonly hasDns: boolean;
}

/** The port groups with a port on each switch. */
export function portGroupsBySwitch(build: Pick<Build, "nb" | "byUuid" | "switchPorts">): ReadonlyMap<SwitchDatapath, readonly PortGroupRow[]> {
  const groups = new Map<SwitchDatapath, PortGroupRow[]>();
  for (const group of build.nb.Port_Group) {
    const rows = rowsOf<LogicalSwitchPortRow>(build, group.ports);
    for (const datapath of new Set(rows.flatMap((row) => build.switchPorts.get(row.name)?.datapath ?? []))) {
      const own = groups.get(datapath) ?? [];
      groups.set(datapath, own);
      own.push(group);
    }
  }
  return groups;
}

/** Collects the ACLs of a switch: its own and those of port groups with a port on it. */
export function aclSetOf(build: Build, datapath: SwitchDatapath): AclSet {
  const groups = build.portGroups.get(datapath) ?? [];
  const acls = rowsOf<ACLRow>(build, [...new Set([...datapath.row.acls, ...groups.flatMap((group) => group.acls)])]);
  const hasStateful = acls.some((acl) => acl.action === "allow-related");
  const dns = rowsOf<Build["nb"]["DNS"][number]>(build, datapath.row.dns_records);
  return {
    acls, hasAcls: acls.length > 0, hasStateful, tracks: hasStateful || datapath.hasLbVip,
    maxTier: acls.reduce((max, acl) => Math.max(max, acl.tier), 0),
    hasDns: dns.some((row) => Object.keys(row.records).length > 0),
  };
}
