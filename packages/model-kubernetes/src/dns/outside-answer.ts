import type { Caveat, Origin } from "@hopscope/core";
import { at } from "../cluster/facts.ts";
import { originOf, type Resource } from "../resource.ts";
import { resourcesOf, type Snapshot } from "../snapshot.ts";
import { balancerAddresses } from "../service/balancer-addresses.ts";
import { serviceNamed, servicesOf } from "../service/service.ts";
import { nodeAddresses } from "../workload/derive-nodes.ts";
import { matchesLabels } from "../workload/selector.ts";
import { podIps, podsOf } from "../workload/pod.ts";
import { addressRecords, type DnsAnswer, type DnsType, normalName } from "./answer.ts";

/**
 * What the DNS outside of the cluster answers: the records of `outside.dns`, wildcards too, names of outside hosts, and the ingress domains.
 *
 * A Node's name leads to its InternalIP, as the installers' own records have it, as a caveat. Names below the domain of an IngressController that no record gives are taken to lead to its address, as a caveat.
 */
export function outsideAnswer(snapshot: Snapshot, name: string, type: DnsType): DnsAnswer {
  const asked = normalName(name);
  const { dns, hosts } = snapshot.cluster.outside;
  const exact = dns.filter((record) => normalName(record.name) === asked);
  const found = exact.length > 0 ? exact : closestWildcard(dns, asked);
  if (found.length > 0) {
    const origin: Origin = { object: `Cluster ${snapshot.cluster.name}`, path: `spec.outside.dns[${dns.indexOf(found[0] ?? { name: "", addresses: [] })}]` };
    return { code: "NOERROR", records: addressRecords(asked, type, found.flatMap((record) => record.addresses)), by: "outside", origin, caveats: [] };
  }
  const host = asked.includes(".") ? hosts.find((candidate) => normalName(candidate.name) === asked) : undefined;
  if (host !== undefined) return assumed(asked, type, host.addresses, { object: `Cluster ${snapshot.cluster.name}`, path: `spec.outside.hosts[${hosts.indexOf(host)}]` });
  const node = resourcesOf(snapshot, "Node", { group: "" }).find((candidate) => normalName(candidate.metadata.name) === asked);
  if (node !== undefined) return assumed(asked, type, nodeAddresses(node), originOf(node, "status.addresses"));
  return ingressAnswer(snapshot, asked, type) ?? publishedAnswer(snapshot, asked, type) ?? { code: below(dns, asked) ? "NOERROR" : "NXDOMAIN", records: [], by: "outside", caveats: [] };
}

/** A name that has records below it is there, if only as a way to them (RFC 8020). */
const below = (dns: Snapshot["cluster"]["outside"]["dns"], asked: string): boolean => dns.some((record) => normalName(record.name).endsWith(`.${asked}`));

/** The wildcard nearest above a name; one is hidden by a name that is there (RFC 4592). */
function closestWildcard(dns: Snapshot["cluster"]["outside"]["dns"], asked: string): Snapshot["cluster"]["outside"]["dns"] {
  if (below(dns, asked)) return [];
  for (let parent = parentOf(asked); parent !== ""; parent = parentOf(parent)) {
    const wildcards = dns.filter((record) => normalName(record.name) === `*.${parent}`);
    if (wildcards.length > 0) return wildcards;
    if (dns.some((record) => normalName(record.name) === parent) || below(dns, parent)) return [];
  }
  return [];
}

const parentOf = (name: string): string => (name.includes(".") ? name.slice(name.indexOf(".") + 1) : "");

function assumed(name: string, type: DnsType, addresses: readonly string[], origin: Origin): DnsAnswer {
  const caveat: Caveat = { code: "assumed/dns-record", problem: `no DNS record for "${name}" is given; ${addresses.join(", ")} is assumed`, origin };
  return { code: "NOERROR", records: addressRecords(name, type, addresses), by: "outside", origin, caveats: [caveat] };
}

function ingressAnswer(snapshot: Snapshot, asked: string, type: DnsType): DnsAnswer | undefined {
  const domains = ingressDomains(snapshot).filter(({ domain }) => asked.endsWith(`.${domain}`));
  const nearest = domains.reduce<(typeof domains)[number] | undefined>((best, entry) => (best === undefined || entry.domain.length > best.domain.length ? entry : best), undefined);
  if (nearest === undefined) return undefined;
  const addresses = ingressAddresses(snapshot, nearest.controller);
  if (addresses.length > 0) return assumed(asked, type, addresses, nearest.origin);
  const problem = `"${asked}" is below the ingress domain "${nearest.domain}", but the address of IngressController "${nearest.controller}" is not known`;
  return { code: "SERVFAIL", records: [], by: "outside", origin: nearest.origin, caveats: [{ code: "dns/ingress-address-unknown", problem, origin: nearest.origin }] };
}

/** Names outside of any ingress domain that the cluster's own objects publish: hosts of Routes, and names of load balancers. */
function publishedAnswer(snapshot: Snapshot, asked: string, type: DnsType): DnsAnswer | undefined {
  const balancer = servicesOf(snapshot).find((service) => (service.status?.loadBalancer?.ingress ?? []).some(({ hostname }) => hostname !== undefined && normalName(hostname) === asked));
  if (balancer !== undefined) return assumed(asked, type, balancerAddresses(snapshot, balancer), originOf(balancer, "status.loadBalancer.ingress"));
  const route = resourcesOf(snapshot, "Route", { group: "route.openshift.io" }).find(({ spec }) => normalName(String(at(spec, "host") ?? "")) === asked);
  if (route === undefined) return ingressHost(snapshot, asked, type) ?? gatewayHost(snapshot, asked, type);
  const router = at(route.status, "ingress", 0, "routerName");
  const addresses = ingressAddresses(snapshot, typeof router === "string" ? router : "default");
  return addresses.length === 0 ? undefined : assumed(asked, type, addresses, originOf(route, "spec.host"));
}

/** A host of an Ingress, which the router serves unless another controller's class is named. */
function ingressHost(snapshot: Snapshot, asked: string, type: DnsType): DnsAnswer | undefined {
  const ingress = resourcesOf(snapshot, "Ingress", { group: "networking.k8s.io" }).find(({ spec }) => listAt(spec, "rules").some((rule) => normalName(String(at(rule, "host") ?? "")) === asked));
  const addresses = ingress === undefined ? [] : ingressAddresses(snapshot, "default");
  return ingress === undefined || addresses.length === 0 ? undefined : assumed(asked, type, addresses, originOf(ingress, "spec.rules"));
}

/** A host that a mesh's Gateway serves: the load balancer of a Service that leads to the pods it selects. */
function gatewayHost(snapshot: Snapshot, asked: string, type: DnsType): DnsAnswer | undefined {
  for (const gateway of resourcesOf(snapshot, "Gateway", { group: "networking.istio.io" })) {
    const hosts = listAt(gateway.spec, "servers").flatMap((server) => listAt(server, "hosts")).map((host) => normalName(String(host).replace(/^[^/]*\//, "")));
    if (!hosts.some((host) => host === asked || (host.startsWith("*.") && asked.endsWith(host.slice(1))))) continue;
    const selector = at(gateway.spec, "selector") as Readonly<Record<string, string>> | undefined;
    const pods = selector === undefined ? [] : podsOf(snapshot).filter((pod) => matchesLabels(selector, pod.metadata.labels));
    const services = servicesOf(snapshot).filter((service) => Object.keys(service.spec.selector ?? {}).length > 0 && pods.some((pod) => pod.metadata.namespace === service.metadata.namespace && matchesLabels(service.spec.selector ?? {}, pod.metadata.labels)));
    const addresses = services.flatMap((service) => [...balancerAddresses(snapshot, service), ...(service.spec.externalIPs ?? [])]);
    if (addresses.length > 0) return assumed(asked, type, addresses, originOf(gateway, "spec.servers"));
  }
  return undefined;
}

const listAt = (value: unknown, field: string): readonly unknown[] => {
  const found = at(value, field);
  return Array.isArray(found) ? (found as readonly unknown[]) : [];
};

interface IngressDomain {
  readonly controller: string;
  readonly domain: string;
  readonly origin: Origin;
}

/** Domains of the IngressControllers; the default one's is also said by the cluster's Ingress configuration and its base domain. */
export function ingressDomains(snapshot: Snapshot): readonly IngressDomain[] {
  const text = (resource: Resource, part: "spec" | "status", field: string): string | undefined => {
    const value = at(resource[part], field);
    return typeof value === "string" && value !== "" ? normalName(value) : undefined;
  };
  const stated = resourcesOf(snapshot, "IngressController", { group: "operator.openshift.io" }).flatMap((resource): readonly IngressDomain[] => {
    const status = text(resource, "status", "domain");
    const domain = status ?? text(resource, "spec", "domain");
    return domain === undefined ? [] : [{ controller: resource.metadata.name, domain, origin: originOf(resource, status === undefined ? "spec.domain" : "status.domain") }];
  });
  if (stated.some((entry) => entry.controller === "default")) return stated;
  for (const [kind, field, prefix] of [["Ingress", "domain", ""], ["DNS", "baseDomain", "apps."]] as const) {
    for (const resource of resourcesOf(snapshot, kind, { group: "config.openshift.io" })) {
      const domain = text(resource, "spec", field);
      if (domain !== undefined) return [...stated, { controller: "default", domain: `${prefix}${domain}`, origin: originOf(resource, `spec.${field}`) }];
    }
  }
  return stated;
}

/** Where an IngressController is reached: its virtual addresses, else the nodes of its routers on the host network. */
export function ingressAddresses(snapshot: Snapshot, controller: string): readonly string[] {
  const vips = snapshot.cluster.ingress.filter((entry) => entry.controller === controller).map((entry) => entry.vip);
  if (vips.length > 0) return vips;
  const service = serviceNamed(snapshot, "openshift-ingress", `router-${controller}`);
  const balanced = service === undefined ? [] : balancerAddresses(snapshot, service);
  if (balanced.length > 0) return balanced;
  const routers = podsOf(snapshot, "openshift-ingress").filter(
    (pod) => pod.metadata.labels?.["ingresscontroller.operator.openshift.io/deployment-ingresscontroller"] === controller && pod.spec.hostNetwork === true,
  );
  return [...new Set(routers.flatMap(podIps))].sort();
}
