import type { GatewayChassisRow, HAChassisGroupRow, HAChassisRow, StringMap } from "../northbound.ts";
import { sbPort } from "../southbound-row.ts";
import type { SbPort } from "../southbound.ts";
import { rowOf, rowsOf, type Build, type RouterPort, type SwitchPort } from "./model.ts";
import type { ChassisInput } from "./options.ts";

type Chassis = readonly ChassisInput[];

const named = (chassis: Chassis, text: string | undefined): string | undefined =>
  chassis.find(({ name, hostname }) => name === text || hostname === text)?.name;

/** The chassis that may host a distributed gateway port. */
function gatewaysOf(build: Build, port: RouterPort): readonly (GatewayChassisRow | HAChassisRow)[] {
  const group = rowOf<HAChassisGroupRow>(build, port.row.ha_chassis_group);
  return group === undefined ? rowsOf<GatewayChassisRow>(build, port.row.gateway_chassis) : rowsOf<HAChassisRow>(build, group.ha_chassis);
}

/** The chassis that hosts a distributed gateway port: the one of highest priority. */
function gatewayChassisOf(build: Build, port: RouterPort): string | undefined {
  return [...gatewaysOf(build, port)].sort((a, b) => b.priority - a.priority)[0]?.chassis_name;
}

/**
 * The chassis a switch port is plugged in at.
 *
 * Asked-for chassis first; without one, the only local chassis, or the one behind the switch's gateway.
 */
function vifChassis(build: Build, port: SwitchPort, chassis: Chassis): string | undefined {
  const requested = port.row.options["requested-chassis"]?.split(",")[0];
  if (requested !== undefined && requested !== "") return named(chassis, requested) ?? (port.row.type === "remote" ? requested : undefined);
  // OVN-Kubernetes binds transit ports in Southbound itself and leaves the node's name on the Northbound row.
  if (port.row.type === "remote") return named(chassis, port.row.external_ids["node"]);
  const local = chassis.filter(({ remote }) => remote !== true);
  if (local.length === 1) return local[0]?.name;
  const gateway = port.datapath.routerPorts.map(({ peer }) => peer).find((peer) => peer?.redirect !== undefined);
  return gateway === undefined ? undefined : gatewayChassisOf(build, gateway);
}

const withChassis = (chassis: string | undefined): { readonly chassis?: string } => (chassis === undefined ? {} : { chassis });

const optionsOf = (options: Readonly<Record<string, string | undefined>>): StringMap =>
  Object.fromEntries(Object.entries(options).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));

/** The Southbound form of a switch port. */
export function switchPortBinding(build: Build, port: SwitchPort, chassis: Chassis): SbPort {
  const { row } = port;
  const base = {
    uuid: row._uuid, name: port.name, key: port.key, mac: row.addresses, security: row.port_security, externalIds: row.external_ids,
    tag: row.tag, parentPort: row.parent_name,
  };
  if (row.type === "router") {
    const gateway = port.peer?.datapath.row.options["chassis"];
    const peer = row.options["router-port"];
    const options = optionsOf({ peer, "l3gateway-chassis": gateway });
    return sbPort({ ...base, type: gateway === undefined ? "patch" : "l3gateway", options, ...(peer === undefined ? {} : { peer }), ...withChassis(gateway) });
  }
  const plugged = row.type === "" || row.type === "remote";
  return sbPort({ ...base, type: row.type as SbPort["type"], options: row.options, ...(plugged ? withChassis(vifChassis(build, port, chassis)) : {}) });
}

/** The Southbound forms of a router port: itself and, for a distributed gateway port, its redirect port. */
export function routerPortBindings(build: Build, port: RouterPort): readonly SbPort[] {
  const gateway = port.datapath.row.options["chassis"];
  const peer = port.peer?.name;
  const mac = [[port.row.mac, ...port.row.networks].join(" ")];
  const externalIds = port.row.external_ids;
  const own = sbPort({
    uuid: port.row._uuid, name: port.name, key: port.key, type: gateway === undefined ? "patch" : "l3gateway", externalIds,
    options: optionsOf({ peer, "l3gateway-chassis": gateway }), ...(peer === undefined ? {} : { peer }), ...withChassis(gateway), mac,
  });
  if (port.redirect === undefined) return [own];
  const { name, key } = port.redirect;
  const candidates = gatewaysOf(build, port).map((row) => ({ uuid: row._uuid, chassis: row.chassis_name, priority: row.priority }));
  return [own, sbPort({
    uuid: `${port.row._uuid}/redirect`, name, key, type: "chassisredirect", distributedPort: port.name, mac, externalIds,
    options: { "distributed-port": port.name }, gatewayChassis: candidates, ...withChassis(gatewayChassisOf(build, port)),
  })];
}
