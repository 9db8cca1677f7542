import type { LoadBalancerGroupRow, LoadBalancerHealthCheckRow, LoadBalancerRow, NorthboundDb, NorthboundRow, Uuid } from "../northbound.ts";
import { ownAddressFor } from "./address.ts";
import { parseIp, printIp } from "./ip.ts";
import { flag, numberOption, rowsOf, type Backend, type LoadBalancer, type RouterDatapath, type RouterPort, type Vip } from "./model.ts";
import type { OvnVersion } from "./stage.ts";
import type { Topology } from "./topology.ts";

interface AddressAndPort {
  readonly family: 4 | 6;
  readonly ip: string;
  readonly port: number;
}

function parseKey(text: string): AddressAndPort | undefined {
  const bracketed = /^\[([^\]]+)\](?::(\d+))?$/.exec(text);
  const plain = parseIp(text);
  const [address, port] = bracketed !== null
    ? [bracketed[1] ?? "", bracketed[2]]
    : plain !== undefined ? [text, undefined] : text.split(":");
  const ip = parseIp(address ?? "");
  if (ip === undefined || (bracketed === null && plain === undefined && ip.family === 6)) return undefined;
  if (port !== undefined && (!/^\d+$/.test(port) || Number(port) > 65535)) return undefined;
  return { family: ip.family, ip: printIp(ip.family, ip.value), port: Number(port ?? 0) };
}

const tokens = (text: string, separator: string): string[] => text.split(separator).filter((token) => token !== "");

function templateParts(text: string): { readonly ip: string; readonly port?: string } | undefined {
  const [ip, port, extra] = tokens(text, ":");
  return ip === undefined || extra !== undefined ? undefined : { ip, ...(port === undefined ? {} : { port }) };
}

function monitorOf(row: LoadBalancerRow, ip: string, isV4: boolean): Backend["monitor"] {
  const mapping = row.ip_port_mappings[isV4 ? ip : `[${ip}]`];
  const colon = mapping?.indexOf(":") ?? -1;
  if (mapping === undefined || colon < 0) return undefined;
  const source = parseIp(mapping.slice(colon + 1).replace(/^\[|\]$/g, ""));
  return source === undefined ? undefined : { port: mapping.slice(0, colon), sourceIp: printIp(source.family, source.value) };
}

function explicitVip(row: LoadBalancerRow, key: string, value: string, hasHealthCheck: boolean, rejects: boolean): Vip | undefined {
  const vip = parseKey(key);
  if (vip === undefined) return undefined;
  const backends: Backend[] = [];
  for (const token of tokens(value, ",")) {
    const backend = parseKey(token);
    // One bad backend makes northd leave out the whole virtual address.
    if (backend === undefined || backend.family !== vip.family || (vip.port !== 0) !== (backend.port !== 0)) return undefined;
    const monitor = hasHealthCheck ? monitorOf(row, backend.ip, vip.family === 4) : undefined;
    backends.push({
      ip: backend.ip, port: backend.port === 0 ? undefined : String(backend.port), portNumber: backend.port,
      ...(monitor === undefined ? {} : { monitor }),
    });
  }
  return {
    ip: vip.ip, port: vip.port === 0 ? undefined : String(vip.port), isV4: vip.family === 4, parsedV4: vip.family === 4,
    backends, backendText: value, hasHealthCheck, rejects,
  };
}

function templateVip(key: string, value: string, isV4: boolean, rejects: boolean): Vip | undefined {
  const vip = templateParts(key);
  if (vip === undefined) return undefined;
  const parts = tokens(value, ",").map(templateParts);
  let backends = parts.flatMap((part) => (part === undefined ? [] : [{ ip: part.ip, port: part.port, portNumber: 0 }]));
  if (backends.length !== parts.length) {
    const explicit = tokens(value, ",").map(parseKey);
    if (explicit.some((backend) => backend === undefined || backend.family !== (isV4 ? 4 : 6))) return undefined;
    backends = explicit.flatMap((backend) => (backend === undefined ? [] : [{
      ip: backend.ip, port: backend.port === 0 ? undefined : String(backend.port), portNumber: backend.port,
    }]));
  }
  return { ip: vip.ip, port: vip.port, isV4, parsedV4: false, backends, backendText: value, hasHealthCheck: false, rejects };
}

function selectionFieldsOf(row: LoadBalancerRow): string {
  const protocol = row.protocol;
  return row.selection_fields
    .map((field) => (protocol === undefined ? field : field === "tp_src" ? `${protocol}_src` : field === "tp_dst" ? `${protocol}_dst` : field))
    .join(",");
}

function readLoadBalancer(row: LoadBalancerRow, checks: readonly LoadBalancerHealthCheckRow[]): LoadBalancer {
  const isTemplate = flag(row.options, "template", false);
  const rejects = flag(row.options, "reject", false);
  const isV4 = (row.options["address-family"] ?? "ipv4") === "ipv4";
  const probed = row.protocol === "sctp" ? new Set<string>() : new Set(checks.map((check) => check.vip));
  const vips = Object.entries(row.vips).flatMap(([key, value]) =>
    (isTemplate ? templateVip(key, value, isV4, rejects) : explicitVip(row, key, value, probed.has(key), rejects)) ?? []);
  const mode = row.options["neighbor_responder"];
  return {
    row, protocol: row.protocol ?? "tcp", vips, isTemplate, skipSnat: flag(row.options, "skip_snat", false),
    controllerEvent: flag(row.options, "event", false), routable: !isTemplate && flag(row.options, "add_route", false),
    neighbour: mode === "all" || mode === "none" || (mode === "reachable" && !isTemplate) ? mode : isTemplate ? "none" : "reachable",
    affinityTimeout: Math.min(Math.max(numberOption(row.options, "affinity_timeout", 0), 0), 65535),
    selectionFields: selectionFieldsOf(row), switches: new Set(), routers: new Set(),
  };
}

const reaches = (port: RouterPort, ip: string): boolean => ownAddressFor(port.networks, ip) !== undefined;

function addIps(router: RouterDatapath, balancer: LoadBalancer, version: OvnVersion): void {
  const { lbIps } = router;
  for (const vip of balancer.vips) {
    // northd looks at the parsed address, which a template does not have, so a template counts as IPv6.
    (vip.parsedV4 ? lbIps.v4 : lbIps.v6).add(vip.ip);
    if (balancer.routable) (vip.parsedV4 ? lbIps.v4Routable : lbIps.v6Routable).add(vip.ip);
    const reachable = balancer.neighbour === "all"
      || (balancer.neighbour === "reachable" && router.ports.some((port) => reaches(port as RouterPort, vip.ip)));
    const v4 = version === "23.03" ? vip.isV4 : vip.parsedV4;
    if (reachable) (v4 ? lbIps.v4Reachable : lbIps.v6Reachable).add(vip.ip);
  }
}

/**
 * Reads the load balancers and attaches them to their switches and routers.
 *
 * @see OVN 23.09, northd.c, build_lb_datapaths and build_lb_port_related_data
 */
export function attachLoadBalancers(
  nb: NorthboundDb,
  byUuid: ReadonlyMap<Uuid, NorthboundRow>,
  topology: Topology,
  options: { readonly installSwitchLbFromRouter: boolean; readonly version: OvnVersion },
): readonly LoadBalancer[] {
  const balancers = new Map<Uuid, LoadBalancer>();
  for (const row of nb.Load_Balancer) {
    balancers.set(row._uuid, readLoadBalancer(row, rowsOf<LoadBalancerHealthCheckRow>({ byUuid }, row.health_check)));
  }
  for (const datapath of [...topology.switches, ...topology.routers]) {
    const groups = rowsOf<LoadBalancerGroupRow>({ byUuid }, datapath.row.load_balancer_group);
    const uuids = new Set([...datapath.row.load_balancer, ...groups.flatMap((group) => group.load_balancer)]);
    datapath.loadBalancers = [...uuids].flatMap((uuid) => balancers.get(uuid) ?? []);
    datapath.hasLbVip = datapath.loadBalancers.some((balancer) => Object.keys(balancer.row.vips).length > 0);
    for (const balancer of datapath.loadBalancers) {
      if (datapath.type === "switch") balancer.switches.add(datapath);
      else {
        balancer.routers.add(datapath);
        addIps(datapath, balancer, options.version);
        if (options.installSwitchLbFromRouter) for (const peer of datapath.switches) balancer.switches.add(peer);
      }
    }
  }
  return [...balancers.values()];
}
