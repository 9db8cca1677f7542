import type { Origin } from "@hopscope/core";
import { type LabelSelector, matchesSelector, originOf, type Resource } from "@hopscope/model-kubernetes";
import { canonicalAddress, isIpv6, parseAddress, printSubnet } from "./address.ts";
import { jsonAnnotation, type NodeFacts } from "./node-facts.ts";
import type { PodFacts } from "./pod-facts.ts";
import { removePodSnat } from "./pods.ts";
import { addressSetName, CLUSTER_ROUTER, ensureAddressSets, gatewayRouter, networkedPods, ofFamily, ovnObjects, SYSTEM, type Zone } from "./zone.ts";

interface Gateway {
  readonly ip: string;
  readonly bfd: boolean;
  readonly origin: Origin;
}
interface DynamicHop {
  readonly namespaceSelector?: LabelSelector;
  readonly podSelector?: LabelSelector;
  readonly bfdEnabled?: boolean;
  readonly networkAttachmentName?: string;
}
interface ExternalRouteSpec {
  readonly from?: { readonly namespaceSelector?: LabelSelector };
  readonly nextHops?: {
    readonly static?: readonly { readonly ip: string; readonly bfdEnabled?: boolean }[];
    readonly dynamic?: readonly DynamicHop[];
  };
}

/**
 * Routes pods out over external gateways, as policies or the older annotations of namespaces and gateway pods ask.
 *
 * @see ovn-kubernetes go-controller/pkg/ovn/egressgw.go and controller/apbroute, 2023-10-31
 */
export function compileExternalRoutes(zone: Zone): void {
  for (const namespace of zone.namespaces) {
    const gateways = gatewaysOf(zone, namespace);
    if (gateways.length === 0) continue;
    for (const pod of networkedPods(zone)) if (pod.local && pod.namespace === namespace.metadata.name) routePod(zone, pod, gateways);
  }
}

function gatewaysOf(zone: Zone, namespace: Resource): readonly Gateway[] {
  const { name, labels, annotations = {} } = namespace.metadata;
  const found = new Map<string, Gateway>();
  const add = (ip: string, bfd: boolean, origin: Origin): void => {
    const text = canonicalAddress(ip.trim());
    if (parseAddress(text) !== undefined && !found.has(text)) found.set(text, { ip: text, bfd, origin });
  };
  for (const ip of (annotations["k8s.ovn.org/routing-external-gws"] ?? "").split(",")) {
    add(ip, annotations["k8s.ovn.org/bfd-enabled"] !== undefined, originOf(namespace, "metadata.annotations[k8s.ovn.org/routing-external-gws]"));
  }
  for (const pod of zone.pods) {
    const own = pod.resource.metadata.annotations ?? {};
    if (pod.completed || !(own["k8s.ovn.org/routing-namespaces"] ?? "").split(",").includes(name)) continue;
    const origin = originOf(pod.resource, "metadata.annotations[k8s.ovn.org/routing-namespaces]");
    for (const ip of gatewayAddresses(pod, own["k8s.ovn.org/routing-network"])) add(ip, own["k8s.ovn.org/bfd-enabled"] !== undefined, origin);
  }
  if (!zone.config.multiExternalGateway) return [...found.values()];
  for (const policy of ovnObjects(zone, "AdminPolicyBasedExternalRoute")) {
    const { from, nextHops } = (policy.spec ?? {}) as ExternalRouteSpec;
    if (!matchesSelector(from?.namespaceSelector ?? {}, labels)) continue;
    for (const [index, hop] of (nextHops?.static ?? []).entries()) add(hop.ip, hop.bfdEnabled === true, originOf(policy, `spec.nextHops.static[${index}]`));
    for (const [index, hop] of (nextHops?.dynamic ?? []).entries()) {
      for (const pod of zone.pods) {
        const home = zone.namespaces.find(({ metadata }) => metadata.name === pod.namespace);
        if (pod.completed || !matchesSelector(hop.namespaceSelector ?? {}, home?.metadata.labels) || !matchesSelector(hop.podSelector ?? {}, pod.labels)) continue;
        for (const ip of gatewayAddresses(pod, hop.networkAttachmentName)) add(ip, hop.bfdEnabled === true, originOf(policy, `spec.nextHops.dynamic[${index}]`));
      }
    }
  }
  return [...found.values()];
}

/** A gateway pod's addresses: on the named network, or the host's when it runs there. */
function gatewayAddresses(pod: PodFacts, network: string | undefined): readonly string[] {
  if (network === undefined || network === "") return pod.hostNetwork ? pod.addresses : [];
  const networks = jsonAnnotation(pod.resource, "k8s.v1.cni.cncf.io/network-status");
  const list = Array.isArray(networks) ? (networks as readonly { name?: string; ips?: readonly string[] }[]) : [];
  return list.filter(({ name }) => name === network).flatMap(({ ips = [] }) => ips);
}

function routePod(zone: Zone, pod: PodFacts, gateways: readonly Gateway[]): void {
  const { draft } = zone;
  const node = zone.nodes.find(({ name }) => name === pod.node);
  if (node === undefined) return;
  const router = draft.find("Logical_Router", gatewayRouter(node));
  const output_port = `${node.gateway.external === undefined ? "" : "exgw-"}rtoe-${gatewayRouter(node)}`;
  for (const address of pod.addresses) {
    const hops = gateways.filter(({ ip }) => isIpv6(ip) === isIpv6(address));
    if (hops.length === 0) continue;
    for (const { ip, bfd, origin } of hops) {
      const session = bfd ? (draft.find("BFD", `${output_port}/${ip}`) ?? draft.add("BFD", `${output_port}/${ip}`, { logical_port: output_port, dst_ip: ip }, origin)) : undefined;
      const ip_prefix = `${address}/${isIpv6(address) ? 128 : 32}`;
      const row = { ip_prefix, nexthop: ip, policy: "src-ip", output_port, options: { ecmp_symmetric_reply: "true" }, bfd: session?._uuid } as const;
      router?.static_routes.push(draft.add("Logical_Router_Static_Route", `${gatewayRouter(node)}/src-ip/${ip_prefix}/${ip}`, row, origin)._uuid);
    }
    if (zone.config.disableSnatMultipleGateways) removePodSnat(zone, node.name, address);
    if (node.gateway.mode === "local") leaveByGateway(zone, node, address);
  }
}

/** With a local gateway pods leave by the host; those with external gateways must go by the gateway router. */
function leaveByGateway(zone: Zone, node: NodeFacts, address: string): void {
  const family = isIpv6(address) ? 6 : 4;
  ensureAddressSets(zone, "HybridNodeRoute", node.name, [], SYSTEM);
  const setName = addressSetName("HybridNodeRoute", node.name, family);
  const set = zone.draft.find("Address_Set", setName);
  if (set !== undefined && !set.addresses.includes(address)) set.addresses.push(address);
  const key = `501/${node.name}/v${family}`;
  const nexthop = ofFamily(node.join, family === 6);
  if (zone.draft.find("Logical_Router_Policy", key) !== undefined || nexthop === undefined) return;
  const outside = zone.config.clusterSubnets.filter(({ subnet }) => subnet.family === family).map(({ subnet }) => ` && ip${family}.dst != ${printSubnet(subnet)}`);
  const match = `inport == "rtos-${node.name}" && ip${family}.src == $${setName}${outside.join("")}`;
  const policy = zone.draft.add("Logical_Router_Policy", key, { priority: 501, match, action: "reroute", nexthops: [nexthop] }, SYSTEM);
  zone.draft.find("Logical_Router", CLUSTER_ROUTER)?.policies.push(policy._uuid);
}
