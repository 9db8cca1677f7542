import { clusterIps, endpointsOf, objectName, type Pod, podsOf, podIps, resourcesOf, serviceNamed, type Snapshot } from "@hopscope/model-kubernetes";
import type { Seat } from "./cluster-network.ts";
import type { DnsAnswer } from "./dns-endpoint.ts";

const DOMAIN = "cluster.local";

/** Address of the cluster's DNS Service. */
function dnsServers(snapshot: Snapshot): readonly { readonly address: string; readonly port: number }[] {
  const service = serviceNamed(snapshot, "openshift-dns", "dns-default") ?? serviceNamed(snapshot, "kube-system", "kube-dns");
  return service === undefined ? [] : clusterIps(service).slice(0, 1).map((address) => ({ address, port: 53 }));
}

/**
 * What a process asks for a name: the search path first where the name has fewer dots than `ndots` (5), then the name itself.
 *
 * @see Kubernetes 1.27, DNS for Services and Pods; resolv.conf(5)
 */
export function resolverOf(snapshot: Snapshot, pod: Pod | undefined): Seat["resolver"] {
  const policy = pod?.spec.dnsPolicy ?? "ClusterFirst";
  const hosts = pod?.spec.hostNetwork === true;
  if (pod === undefined || policy === "Default" || (hosts && policy === "ClusterFirst")) return undefined;
  const config = pod.spec.dnsConfig ?? {};
  const namespace = pod.metadata.namespace ?? "default";
  const search = [...(policy === "None" ? [] : [`${namespace}.svc.${DOMAIN}`, `svc.${DOMAIN}`, DOMAIN]), ...(config.searches ?? [])];
  const ndots = Number(config.options?.find(({ name }) => name === "ndots")?.value ?? (policy === "None" ? 1 : 5));
  const servers = [...(policy === "None" ? [] : dnsServers(snapshot)), ...(config.nameservers ?? []).map((address) => ({ address, port: 53 }))];
  return (host) => {
    if (host.endsWith(".")) return { servers, names: [host.slice(0, -1)] };
    const searched = search.map((suffix) => `${host}.${suffix}`);
    return { servers, names: host.split(".").length - 1 >= ndots ? [host, ...searched] : [...searched, host] };
  };
}

const answer = (addresses: readonly string[], because: string, object: string, extra: Partial<DnsAnswer> = {}): DnsAnswer => ({ rcode: "NOERROR", addresses, because, object, ...extra });
const nothing = (because: string, extra: Partial<DnsAnswer> = {}): DnsAnswer => ({ rcode: "NXDOMAIN", addresses: [], because, object: "cluster DNS", ...extra });

/**
 * What the cluster's DNS answers: its own zone from Services and Endpoints, the rest as a resolver outside would.
 *
 * @see CoreDNS 1.11, plugin/kubernetes
 */
export function answerOf(snapshot: Snapshot): (name: string, type: "A" | "AAAA") => DnsAnswer {
  const family = (addresses: readonly string[], type: "A" | "AAAA"): readonly string[] => addresses.filter((address) => address.includes(":") === (type === "AAAA"));
  const find = (given: string, type: "A" | "AAAA", depth: number): DnsAnswer => {
    const name = given.toLowerCase().replace(/\.$/, "");
    if (depth > 8) return { rcode: "SERVFAIL", addresses: [], because: "the CNAME records go in a circle", object: "cluster DNS" };
    if (!name.endsWith(`.${DOMAIN}`)) return outside(snapshot, name, type);
    const labels = name.slice(0, -DOMAIN.length - 1).split(".");
    if (labels.at(-1) !== "svc" || labels.length < 3) return nothing("no such name in the zone of the cluster");
    const [serviceName = "", namespace = ""] = labels.slice(-3);
    const service = serviceNamed(snapshot, namespace, serviceName);
    if (service === undefined) return nothing(`there is no Service ${namespace}/${serviceName}`);
    const object = objectName(service);
    if (service.spec.type === "ExternalName") return { ...find(service.spec.externalName ?? "", type, depth + 1), object };
    if (labels.length === 3) {
      if (service.spec.clusterIP !== "None") return answer(family(clusterIps(service), type), "cluster address of the Service", object);
      const { endpoints } = endpointsOf(snapshot, service);
      return answer(family([...new Set(endpoints.filter(({ ready }) => ready).map(({ address }) => address))], type), "endpoints of the headless Service", object);
    }
    if (labels.length !== 4) return nothing("no such name in the zone of the cluster");
    const hosts = podsOf(snapshot, namespace).filter((pod) => pod.spec.subdomain === serviceName && (pod.spec.hostname ?? pod.metadata.name) === labels[0]);
    return hosts.length === 0 ? nothing(`${object} has no endpoint with the host name "${labels[0]}"`) : answer(family(hosts.flatMap(podIps), type), "a pod of the headless Service", object);
  };
  return (name, type) => find(name, type, 0);
}

/** Records of the Cluster document, wildcards included; then hosts of Routes, which are assumed to lead to the ingress VIP. */
function outside(snapshot: Snapshot, name: string, type: "A" | "AAAA"): DnsAnswer {
  const { dns } = snapshot.cluster.outside;
  const forwarded = { forwarded: true } as const;
  const record = dns.find((one) => one.name.toLowerCase() === name) ?? dns.find((one) => one.name.startsWith("*.") && name.endsWith(one.name.slice(1).toLowerCase()));
  if (record !== undefined) return answer(record.addresses.filter((address) => address.includes(":") === (type === "AAAA")), "record outside", `dns ${record.name}`, forwarded);
  const domains = resourcesOf(snapshot, "IngressController").flatMap((controller) => {
    const domain = (controller.status as { domain?: string } | undefined)?.domain ?? (controller.spec as { domain?: string } | undefined)?.domain;
    const vip = snapshot.cluster.ingress.find((entry) => entry.controller === controller.metadata.name)?.vip;
    return domain === undefined || vip === undefined ? [] : [{ domain, vip, object: objectName(controller) }];
  });
  const covered = domains.find(({ domain }) => name.endsWith(`.${domain}`));
  if (covered !== undefined && type === "A") {
    return answer([covered.vip], `wildcard record of the ingress domain ${covered.domain}`, covered.object, { ...forwarded, caveats: [{ code: "assumed/dns-record", problem: `*.${covered.domain} is assumed to resolve to the ingress address ${covered.vip}` }] });
  }
  const node = snapshot.resources.find((resource) => resource.kind === "Node" && resource.metadata.name === name);
  if (node !== undefined) {
    const addresses = (node.status as { addresses?: readonly { type: string; address: string }[] } | undefined)?.addresses ?? [];
    return answer(addresses.filter((one) => one.type === "InternalIP" && one.address.includes(":") === (type === "AAAA")).map((one) => one.address), "address of the node", objectName(node), forwarded);
  }
  return nothing("no record outside is described for the name", forwarded);
}

