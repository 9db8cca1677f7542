import { contains, isIpv6, parseAddress } from "./address.ts";
import type { NodeFacts } from "./node-facts.ts";
import { type Protocol, protocols, type VipConfig } from "./service-config.ts";
import type { Zone } from "./zone.ts";

/** One row of the Load_Balancer table, before it is written. */
export interface LoadBalancerDraft {
  readonly name: string;
  readonly protocol: Protocol;
  readonly vips: Readonly<Record<string, string>>;
  readonly skipSnat: boolean;
  readonly template?: "ipv4" | "ipv6";
  readonly switches: readonly string[];
  readonly routers: readonly string[];
  readonly groups: readonly string[];
}

/** A template and its value per chassis. */
export interface TemplateValue {
  readonly chassis: string;
  readonly name: string;
  readonly value: string;
}

/** Where packets from OVN to the own host go, and the address of node-local traffic for local node ports. */
const hostMasquerade = { 4: "169.254.169.2", 6: "fd69::2" } as const;
// The controller uses the host's address in place of fd69::3.
const localMasquerade = { 4: "169.254.169.3", 6: "fd69::2" } as const;

const hostPort = (ip: string, port: number): string => (isIpv6(ip) ? `[${ip}]:${port}` : `${ip}:${port}`);
const joined = (ips: readonly string[], port: number): string => ips.map((ip) => hostPort(ip, port)).join(",");
const family = (ip: string): 4 | 6 => (isIpv6(ip) ? 6 : 4);
const backendsFor = (config: VipConfig, of: 4 | 6): readonly string[] => (of === 6 ? config.backends.v6 : config.backends.v4);

const ownAddresses = (node: NodeFacts): readonly string[] => [...node.hostAddresses, ...node.gateway.addresses.map((text) => text.split("/")[0] ?? text)];

function isLocal(node: NodeFacts, ip: string): boolean {
  const address = parseAddress(ip);
  return address !== undefined && (node.subnets.some((subnet) => contains(subnet, address)) || ownAddresses(node).includes(ip));
}

/** The backends as a gateway router must see them: the own host is reached by a masquerade address. */
function routerBackends(node: NodeFacts, ips: readonly string[]): readonly string[] {
  return ips.map((ip) => (ownAddresses(node).includes(ip) ? hostMasquerade[family(ip)] : ip));
}

const byProtocol = (configs: readonly VipConfig[]): [Protocol, VipConfig[]][] =>
  protocols.map((protocol): [Protocol, VipConfig[]] => [protocol, configs.filter((config) => config.protocol === protocol)]).filter(([, list]) => list.length > 0);

const size = (vips: Readonly<Record<string, string>>): number => Object.keys(vips).length;
const equal = (a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean => size(a) === size(b) && Object.entries(a).every(([vip, targets]) => b[vip] === targets);

/** Load balancers that are the same on every node. */
export function clusterLoadBalancers(prefix: string, configs: readonly VipConfig[]): LoadBalancerDraft[] {
  return byProtocol(configs).map(([protocol, list]) => {
    const vips: Record<string, string> = {};
    for (const config of list) {
      for (const vip of config.vips === "node" ? [] : config.vips) vips[hostPort(vip, config.inport)] = joined(backendsFor(config, family(vip)), config.backends.port);
    }
    return { name: `${prefix}_${protocol}_cluster`, protocol, vips, skipSnat: false, switches: [], routers: [], groups: ["clusterLBGroup"] };
  });
}

interface NodeRules {
  readonly onSwitch: Record<string, string>;
  readonly onRouter: Record<string, string>;
  readonly withoutSnat: Record<string, string>;
}

function addNodeRules(zone: Zone, node: NodeFacts, config: VipConfig, rules: NodeRules): void {
  const { port } = config.backends;
  for (const vip of config.vips === "node" ? node.hostAddresses : config.vips) {
    const all = backendsFor(config, family(vip));
    const local = all.filter((ip) => isLocal(node, ip));
    const key = hostPort(vip, config.inport);
    if (config.externalLocal && config.nodePort) rules.onSwitch[hostPort(localMasquerade[family(vip)], config.inport)] = joined(local, port);
    const address = parseAddress(vip);
    const isClusterIp = address !== undefined && zone.config.serviceCidrs.some((cidr) => contains(cidr, address));
    rules.onSwitch[key] = joined(config.internalLocal && isClusterIp ? local : all, port);
    const targets = routerBackends(node, config.externalLocal ? local : all);
    (config.externalLocal && targets.length > 0 ? rules.withoutSnat : rules.onRouter)[key] = joined(targets, port);
  }
}

/**
 * Load balancers that differ from node to node.
 *
 * @see ovn-kubernetes go-controller/pkg/ovn/controller/services/lb_config.go buildPerNodeLBs, 2023-10-31
 */
export function perNodeLoadBalancers(zone: Zone, prefix: string, configs: readonly VipConfig[]): LoadBalancerDraft[] {
  const made: LoadBalancerDraft[] = [];
  for (const node of byName(zone.local)) {
    const router = `GR_${node.name}`;
    for (const [protocol, list] of byProtocol(configs)) {
      const rules: NodeRules = { onSwitch: {}, onRouter: {}, withoutSnat: {} };
      for (const config of list) addNodeRules(zone, node, config, rules);
      const make = (scope: string, vips: Readonly<Record<string, string>>, on: { switches?: string[]; routers?: string[]; skipSnat?: boolean }): void => {
        if (size(vips) > 0) made.push({ name: `${prefix}_${protocol}_${scope}_${node.name}`, protocol, vips, skipSnat: false, switches: [], routers: [], groups: [], ...on });
      };
      const same = equal(rules.onSwitch, rules.onRouter);
      if (same) make("node_router+switch", rules.onRouter, { switches: [node.name], routers: [router] });
      else make("node_router", rules.onRouter, { routers: [router] });
      make("node_local_router", rules.withoutSnat, { routers: [router], skipSnat: true });
      if (!same) make("node_switch", rules.onSwitch, { switches: [node.name] });
    }
  }
  return merge(made);
}

const byName = (nodes: readonly NodeFacts[]): readonly NodeFacts[] => [...nodes].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));

/** Joins load balancers of equal protocol, options and rules into the first of them. */
function merge(drafts: readonly LoadBalancerDraft[]): LoadBalancerDraft[] {
  const out: LoadBalancerDraft[] = [];
  for (const draft of drafts) {
    const index = out.findIndex((other) => other.protocol === draft.protocol && other.skipSnat === draft.skipSnat && other.template === draft.template && equal(other.vips, draft.vips));
    const into = out[index];
    if (into === undefined) out.push(draft);
    else {
      out[index] = {
        ...into,
        name: into.name.endsWith("_merged") ? into.name : `${into.name}_merged`,
        switches: [...into.switches, ...draft.switches],
        routers: [...into.routers, ...draft.routers],
        groups: [...into.groups, ...draft.groups],
      };
    }
  }
  return out;
}

/** A template's name: underscores doubled, what OVN does not take in a name made an underscore. */
const templateName = (text: string): string => text.replaceAll("_", "__").replaceAll(/[^A-Za-z0-9_]/g, "_");

/** The node-address variables of a family, as many as the node with the most addresses has. */
export const nodeAddressVariable = (of: 4 | 6, index: number): string => `NODEIP_IPv${of}_${index}`;

/**
 * Load balancers for node ports that every node fills with its own addresses.
 *
 * @see ovn-kubernetes go-controller/pkg/ovn/controller/services/lb_config.go buildTemplateLBs, 2023-10-31
 */
export function templateLoadBalancers(zone: Zone, prefix: string, configs: readonly VipConfig[]): { loadBalancers: LoadBalancerDraft[]; values: TemplateValue[] } {
  const made: LoadBalancerDraft[] = [];
  const values: TemplateValue[] = [];
  for (const [protocol, list] of byProtocol(configs)) {
    for (const of of zone.config.families) {
      const addresses = Math.max(0, ...zone.local.map((node) => node.hostAddresses.filter((ip) => family(ip) === of).length));
      const vips: { node_switch: Record<string, string>; node_router: Record<string, string> } = { node_switch: {}, node_router: {} };
      for (const config of list) {
        const all = backendsFor(config, of);
        const shared = joined(all, config.backends.port);
        for (const place of ["node_switch", "node_router"] as const) {
          const perNode = zone.local.map((node) => ({ node, value: joined(place === "node_router" ? routerBackends(node, all) : all, config.backends.port) }));
          let target = shared;
          if (perNode.some(({ value }) => value !== shared)) {
            const name = templateName(`${prefix}_${protocol}_${config.inport}_${place}_template_IPv${of}`);
            for (const { node, value } of perNode) values.push({ chassis: node.chassis, name, value });
            target = `^${name}`;
          }
          for (let index = 0; index < addresses; index++) vips[place][`^${nodeAddressVariable(of, index)}:${config.inport}`] = target;
        }
      }
      for (const place of ["node_switch", "node_router"] as const) {
        if (size(vips[place]) === 0) continue;
        const group = place === "node_switch" ? "clusterSwitchLBGroup" : "clusterRouterLBGroup";
        made.push({ name: `${prefix}_${protocol}_${place}_template_IPv${of}`, protocol, vips: vips[place], skipSnat: false, template: of === 4 ? "ipv4" : "ipv6", switches: [], routers: [], groups: [group] });
      }
    }
  }
  return { loadBalancers: merge(made), values };
}
