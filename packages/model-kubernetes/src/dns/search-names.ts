import type { Caveat } from "@hopscope/core";
import { resourcesOf, type Snapshot } from "../snapshot.ts";
import { clusterIps, serviceNamed } from "../service/service.ts";
import { addressValue, nthAddress, parseSubnet } from "../workload/address-pool.ts";
import { originOf } from "../resource.ts";
import type { Pod } from "../workload/pod.ts";

export const CLUSTER_DOMAIN = "cluster.local";

/** What a resolver goes by. */
export interface ResolvConf {
  readonly nameservers: readonly string[];
  readonly search: readonly string[];
  readonly ndots: number;
  /** Who is asked: the cluster's DNS, or whom the node asks. */
  readonly asks: "cluster" | "node";
  readonly caveats: readonly Caveat[];
}

/**
 * The `/etc/resolv.conf` of a pod.
 *
 * `ClusterFirst` on the host network means the node's own resolver; `None` takes what `dnsConfig` says alone; else `dnsConfig` adds.
 *
 * @see https://github.com/kubernetes/kubernetes/blob/v1.27.10/pkg/kubelet/network/dns/dns.go GetPodDNS
 */
export function resolvConfOf(snapshot: Snapshot, pod: Pod): ResolvConf {
  const { dnsPolicy = "ClusterFirst", dnsConfig, hostNetwork = false } = pod.spec;
  const caveats: Caveat[] = [];
  const usesCluster = dnsPolicy === "ClusterFirstWithHostNet" || (dnsPolicy === "ClusterFirst" && !hostNetwork);
  const namespace = pod.metadata.namespace ?? "default";
  const cluster = clusterDnsAddresses(snapshot);
  if (usesCluster) caveats.push(...cluster.caveats);
  const base = usesCluster
    ? { nameservers: cluster.addresses, search: [`${namespace}.svc.${CLUSTER_DOMAIN}`, `svc.${CLUSTER_DOMAIN}`, CLUSTER_DOMAIN], ndots: 5 }
    : { nameservers: [] as readonly string[], search: [] as readonly string[], ndots: 1 };
  const nameservers = [...new Set([...base.nameservers, ...(dnsConfig?.nameservers ?? [])])];
  const written = Number(dnsConfig?.options?.find((option) => option.name === "ndots")?.value);
  return {
    nameservers,
    search: [...new Set([...base.search, ...(dnsConfig?.searches ?? [])])],
    ndots: Number.isInteger(written) && written >= 0 ? Math.min(written, 15) : base.ndots,
    asks: nameservers[0] !== undefined && cluster.addresses.includes(nameservers[0]) ? "cluster" : "node",
    caveats,
  };
}

/** Addresses at which pods ask the cluster's DNS. */
export function clusterDnsAddresses(snapshot: Snapshot): { readonly addresses: readonly string[]; readonly caveats: readonly Caveat[] } {
  const service = serviceNamed(snapshot, "openshift-dns", "dns-default") ?? serviceNamed(snapshot, "kube-system", "kube-dns");
  if (service !== undefined && clusterIps(service).length > 0) return { addresses: clusterIps(service), caveats: [] };
  const [operator] = resourcesOf(snapshot, "DNS", { group: "operator.openshift.io" });
  const stated = (operator?.status as { readonly clusterIP?: unknown } | undefined)?.clusterIP;
  if (typeof stated === "string" && addressValue(stated) !== undefined) return { addresses: [stated], caveats: [] };
  const tenth = snapshot.cluster.network.services.flatMap((text) => {
    const network = parseSubnet(text);
    return network === undefined ? [] : [nthAddress(network, 10)];
  });
  const caveat: Caveat = { code: "assumed/cluster-dns", problem: `the snapshot holds no Service of the cluster's DNS; ${tenth.join(" and ") || "no address"} is assumed`, origin: service === undefined ? undefined : originOf(service) };
  return { addresses: tenth, caveats: [caveat] };
}

/**
 * The names a resolver asks for in turn, until one is answered; none for an address.
 *
 * With fewer dots than `ndots` the search path comes first; a name with a dot at its end is asked as it is.
 *
 * @see https://man7.org/linux/man-pages/man5/resolv.conf.5.html
 *
 * @example
 * searchNames("web.shop", { search: ["demo.svc.cluster.local"], ndots: 5 }); // ["web.shop.demo.svc.cluster.local", "web.shop"]
 */
export function searchNames(name: string, resolvConf: Pick<ResolvConf, "search" | "ndots">): readonly string[] {
  const plain = name.replace(/\.$/, "");
  if (plain === "" || addressValue(plain) !== undefined) return [];
  if (name.endsWith(".")) return [plain];
  const dots = plain.split(".").length - 1;
  const searched = resolvConf.search.map((suffix) => `${plain}.${suffix.replace(/\.$/, "")}`);
  return [...new Set(dots >= resolvConf.ndots ? [plain, ...searched] : [...searched, plain])];
}
