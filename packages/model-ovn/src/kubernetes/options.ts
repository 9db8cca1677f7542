import { resourcesOf, type Snapshot } from "@hopscope/model-kubernetes";
import { parseSubnet, type Subnet } from "./address.ts";

/** How the controllers of the zone are configured; what is not given is as OpenShift 4.14 sets it, or as the snapshot's Cluster document says. */
export interface CompileNorthboundOptions {
  /** The zone whose database is wanted: with interconnect a node's name, else `global`. Default: the first node's zone. */
  readonly zone?: string;
  readonly gatewayMode?: "shared" | "local";
  /** One zone per node (OVN-Kubernetes 4.14 and later), or one database for all. */
  readonly interconnect?: boolean;
  /** Version of OVN the rows are meant for; it decides nothing yet, ACL tiers are always written. */
  readonly version?: string;
  /** `10.128.0.0/14/23`; the last number, the length of a node's part, may be missing. */
  readonly clusterSubnets?: readonly string[];
  readonly serviceCidrs?: readonly string[];
  readonly joinSubnets?: readonly string[];
  readonly transitSubnets?: readonly string[];
  readonly mtu?: number;
  readonly multicast?: boolean;
  /** One SNAT row per pod, as OpenShift does; `false` gives one per cluster subnet. */
  readonly disableSnatMultipleGateways?: boolean;
  readonly emptyLbEvents?: boolean;
  readonly egressIp?: boolean;
  readonly egressFirewall?: boolean;
  readonly egressQos?: boolean;
  readonly egressService?: boolean;
  readonly multiExternalGateway?: boolean;
  readonly adminNetworkPolicy?: boolean;
  /** Whether the server has the Chassis_Template_Var table (OVN 22.12 and later). */
  readonly templates?: boolean;
  readonly hostNetworkNamespace?: string;
  /** Subnets of the hybrid overlay; absent when it is off. */
  readonly hybridOverlaySubnets?: readonly string[];
  /** Answers to the names of EgressFirewall rules; the Cluster document's `outside.dns` is added. */
  readonly dns?: Readonly<Record<string, readonly string[]>>;
}

/** Options with every default filled in. */
export interface Config extends Required<Omit<CompileNorthboundOptions, "zone" | "clusterSubnets" | "serviceCidrs" | "joinSubnets" | "transitSubnets" | "adminNetworkPolicy">> {
  /** `undefined` where nothing says; then that such objects exist says it, since only the preview installs their kinds. */
  readonly adminNetworkPolicy: boolean | undefined;
  readonly zone: string | undefined;
  readonly clusterSubnets: readonly ClusterSubnet[];
  readonly serviceCidrs: readonly Subnet[];
  readonly joinSubnets: readonly Subnet[];
  readonly transitSubnets: readonly Subnet[];
  readonly families: readonly (4 | 6)[];
}

/** A cluster subnet and the prefix length of one node's part of it. */
export interface ClusterSubnet {
  readonly subnet: Subnet;
  readonly hostLength: number;
}

function clusterSubnet(text: string): ClusterSubnet[] {
  const [address = "", length = "", host] = text.split("/");
  const subnet = parseSubnet(`${address}/${length}`);
  if (subnet === undefined) return [];
  return [{ subnet, hostLength: host === undefined ? (subnet.family === 4 ? 23 : 64) : Number(host) }];
}

const subnets = (texts: readonly string[]): Subnet[] => texts.flatMap((text) => parseSubnet(text) ?? []);

/** The pods' MTU as the cluster's Network object states it. */
function networkMtu(snapshot: Snapshot): number | undefined {
  const [network] = resourcesOf(snapshot, "Network", { group: "config.openshift.io" });
  const { clusterNetworkMTU } = (network?.status ?? {}) as { clusterNetworkMTU?: number };
  return clusterNetworkMTU;
}

/** Whether the cluster has its technology previews on; `undefined` where no FeatureGate says. */
function techPreview(snapshot: Snapshot): boolean | undefined {
  const gate = resourcesOf(snapshot, "FeatureGate", { group: "config.openshift.io" }).find(({ metadata }) => metadata.name === "cluster");
  if (gate === undefined) return undefined;
  const { featureSet, customNoUpgrade } = (gate.spec ?? {}) as { featureSet?: string; customNoUpgrade?: { enabled?: readonly string[] | null } };
  return featureSet === "TechPreviewNoUpgrade" || customNoUpgrade?.enabled?.includes("AdminNetworkPolicy") === true;
}

/** Completes the options from the snapshot and from what OpenShift 4.14 sets. */
export function resolveConfig(snapshot: Snapshot, options: CompileNorthboundOptions): Config {
  const { network, outside } = snapshot.cluster;
  const cluster = (options.clusterSubnets ?? network.pods).flatMap(clusterSubnet);
  const dns: Record<string, readonly string[]> = {};
  for (const { name, addresses } of outside.dns) dns[name.toLowerCase()] = addresses;
  for (const [name, addresses] of Object.entries(options.dns ?? {})) dns[name.toLowerCase()] = addresses;
  return {
    zone: options.zone,
    gatewayMode: options.gatewayMode ?? network.gatewayMode,
    interconnect: options.interconnect ?? network.interconnect,
    version: options.version ?? "23.09",
    clusterSubnets: cluster,
    serviceCidrs: subnets(options.serviceCidrs ?? network.services),
    joinSubnets: subnets(options.joinSubnets ?? ["100.64.0.0/16", "fd98::/64"]),
    transitSubnets: subnets(options.transitSubnets ?? ["100.88.0.0/16", "fd97::/64"]),
    families: ([4, 6] as const).filter((family) => cluster.some(({ subnet }) => subnet.family === family)),
    mtu: options.mtu ?? networkMtu(snapshot) ?? 1400,
    multicast: options.multicast ?? true,
    disableSnatMultipleGateways: options.disableSnatMultipleGateways ?? true,
    emptyLbEvents: options.emptyLbEvents ?? true,
    egressIp: options.egressIp ?? true,
    egressFirewall: options.egressFirewall ?? true,
    egressQos: options.egressQos ?? true,
    egressService: options.egressService ?? true,
    multiExternalGateway: options.multiExternalGateway ?? true,
    adminNetworkPolicy: options.adminNetworkPolicy ?? techPreview(snapshot),
    templates: options.templates ?? true,
    hostNetworkNamespace: options.hostNetworkNamespace ?? "openshift-host-network",
    hybridOverlaySubnets: options.hybridOverlaySubnets ?? [],
    dns,
  };
}
