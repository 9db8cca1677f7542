import type { SbMulticastGroup } from "../southbound.ts";
import { flag, isEnabled, type Datapath, type RouterPort, type SwitchDatapath, type SwitchPort } from "./model.ts";

/** The groups every datapath may have, with their fixed keys. */
const keys = { _MC_flood: 32768, _MC_unknown: 32769, _MC_mrouter_flood: 32770, _MC_static: 32771, _MC_flood_l2: 32772 } as const;

type GroupName = keyof typeof keys;

function switchMembers(datapath: SwitchDatapath, name: GroupName): readonly SwitchPort[] {
  const ports = (datapath.ports as SwitchPort[]).filter(({ row }) => isEnabled(row));
  switch (name) {
    case "_MC_flood":
      return ports;
    case "_MC_flood_l2":
      return ports.filter(({ row }) => row.type !== "router");
    case "_MC_unknown":
      return ports.filter(({ hasUnknown }) => hasUnknown);
    case "_MC_static":
      return ports.filter(({ row }) => flag(row.options, "mcast_flood", false));
    case "_MC_mrouter_flood":
      return ports.filter(({ row, peer }) =>
        (datapath.floodRelay && peer?.datapath.mcastRelay === true) || flag(row.options, "mcast_flood_reports", false));
    default:
      return name satisfies never;
  }
}

/**
 * The multicast groups of a datapath. Groups that chassis learn from IGMP are not among them.
 *
 * @see OVN 23.09, northd.c, build_mcast_groups
 */
export function multicastGroupsOf(datapath: Datapath): readonly SbMulticastGroup[] {
  const membersOf = (name: GroupName): readonly string[] => {
    if (datapath.type === "switch") return switchMembers(datapath, name).map((port) => port.name);
    if (name !== "_MC_static") return [];
    return (datapath.ports as RouterPort[])
      .filter(({ row }) => isEnabled(row) && flag(row.options, "mcast_flood", false)).map((port) => port.name);
  };
  return (Object.entries(keys) as [GroupName, number][])
    .map(([name, key]) => ({ uuid: `${datapath.row._uuid}/${name}`, name, key, ports: membersOf(name) }))
    .filter(({ ports }) => ports.length > 0);
}
