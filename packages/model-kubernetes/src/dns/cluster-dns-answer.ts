import type { Caveat } from "@hopscope/core";
import { at } from "../cluster/facts.ts";
import { originOf } from "../resource.ts";
import { endpointsOf, type ServiceEndpoint } from "../service/endpoints.ts";
import { clusterIps, isHeadless, type Service, serviceNamed } from "../service/service.ts";
import { resourcesOf, type Snapshot } from "../snapshot.ts";
import { addressValue } from "../workload/address-pool.ts";
import { addressRecords, type DnsAnswer, type DnsRecord, type DnsType, normalName } from "./answer.ts";
import { outsideAnswer } from "./outside-answer.ts";
import { CLUSTER_DOMAIN } from "./search-names.ts";

const LONGEST_CHAIN = 8;

/**
 * What the cluster's DNS answers: names below `cluster.local` from Services and endpoints, the rest as the DNS outside says.
 *
 * A headless Service answers with its ready endpoints, and is not there without any; an ExternalName Service is a CNAME that the server follows.
 *
 * @see https://github.com/coredns/coredns/blob/v1.10.1/plugin/kubernetes/kubernetes.go
 */
export function clusterDnsAnswer(snapshot: Snapshot, name: string, type: DnsType): DnsAnswer {
  return answer(snapshot, normalName(name), type, 0);
}

function answer(snapshot: Snapshot, name: string, type: DnsType, depth: number): DnsAnswer {
  const inside = name === CLUSTER_DOMAIN || name.endsWith(`.${CLUSTER_DOMAIN}`);
  if (!inside) {
    const outside = outsideAnswer(snapshot, name, type);
    return { ...outside, caveats: [...outside.caveats, ...customZones(snapshot, name)] };
  }
  const labels = name.slice(0, -CLUSTER_DOMAIN.length).split(".").filter((label) => label !== "");
  const kind = labels.pop();
  if (kind === undefined) return said([]);
  if (kind === "pod") return podAnswer(snapshot, name, labels, type);
  if (kind !== "svc") return missing();
  const namespace = labels.pop();
  if (namespace === undefined) return said([]);
  if (!hasNamespace(snapshot, namespace)) return missing();
  const service = labels.pop();
  if (service === undefined) return said([]);
  const found = serviceNamed(snapshot, namespace, service);
  if (found === undefined) return missing();
  return serviceAnswer(snapshot, found, { name, labels, type, depth });
}

const said = (records: readonly DnsRecord[], service?: Service): DnsAnswer => ({ code: "NOERROR", records, by: "kubernetes", origin: service === undefined ? undefined : originOf(service), caveats: [] });
const missing = (service?: Service): DnsAnswer => ({ code: "NXDOMAIN", records: [], by: "kubernetes", origin: service === undefined ? undefined : originOf(service), caveats: [] });

const hasNamespace = (snapshot: Snapshot, namespace: string): boolean =>
  resourcesOf(snapshot, "Namespace", { group: "" }).some((resource) => resource.metadata.name === namespace) || resourcesOf(snapshot, "Service", { group: "", namespace }).length > 0;

interface Asked {
  readonly name: string;
  /** What stands before the Service's name. */
  readonly labels: readonly string[];
  readonly type: DnsType;
  readonly depth: number;
}

function serviceAnswer(snapshot: Snapshot, service: Service, asked: Asked): DnsAnswer {
  const { name, labels, type, depth } = asked;
  const { type: kind, externalName } = service.spec;
  if (kind === "ExternalName") {
    if (labels.length > 0 || externalName === undefined || externalName === "") return missing(service);
    return externalAnswer(snapshot, service, { target: normalName(externalName), name, type, depth });
  }
  if (labels.length === 2 && labels.every((label) => label.startsWith("_"))) return portAnswer(snapshot, service, asked);
  if (labels.length === 1) {
    const endpoints = endpointsOf(snapshot, service).endpoints.filter((endpoint) => endpoint.ready && endpointLabel(endpoint) === labels[0]);
    return endpoints.length === 0 ? missing(service) : said(addressRecords(name, type, endpoints.map((endpoint) => endpoint.address)), service);
  }
  if (labels.length > 0) return missing(service);
  if (!isHeadless(service)) return said(type === "SRV" ? [] : addressRecords(name, type, clusterIps(service)), service);
  const ready = endpointsOf(snapshot, service).endpoints.filter((endpoint) => endpoint.ready);
  return ready.length === 0 ? missing(service) : said(addressRecords(name, type, ready.map((endpoint) => endpoint.address)), service);
}

/** First label of an endpoint's own name: its host name, else its address with dashes. */
const endpointLabel = (endpoint: ServiceEndpoint): string => (endpoint.hostname ?? endpoint.address.replace(/[.:]/g, "-")).toLowerCase();

function externalAnswer(snapshot: Snapshot, service: Service, step: { readonly target: string; readonly name: string; readonly type: DnsType; readonly depth: number }): DnsAnswer {
  const { target, name, type, depth } = step;
  // CoreDNS answers with an address where the external name is one.
  if (addressValue(target) !== undefined) return said(addressRecords(name, type, [target]), service);
  const cname: DnsRecord = { type: "CNAME", name, target };
  if (type === "CNAME") return said([cname], service);
  if (depth >= LONGEST_CHAIN) return { code: "SERVFAIL", records: [cname], by: "kubernetes", origin: originOf(service, "spec.externalName"), caveats: [] };
  const rest = answer(snapshot, target, type, depth + 1);
  return { ...rest, records: [cname, ...rest.records], origin: rest.origin ?? originOf(service, "spec.externalName") };
}

function portAnswer(snapshot: Snapshot, service: Service, { name, labels, type }: Asked): DnsAnswer {
  const [port, protocol] = labels.map((label) => label.slice(1).toLowerCase());
  const base = name.split(".").slice(2).join(".");
  const matches = (candidate: { readonly name?: string; readonly protocol?: string }): boolean => candidate.name === port && (candidate.protocol ?? "TCP").toLowerCase() === protocol;
  if (isHeadless(service)) {
    const ready = endpointsOf(snapshot, service).endpoints.filter((endpoint) => endpoint.ready && matches({ name: endpoint.portName, protocol: endpoint.protocol }));
    const records = ready.map((endpoint): DnsRecord => ({ type: "SRV", name, target: `${endpointLabel(endpoint)}.${base}`, port: endpoint.port }));
    return records.length === 0 ? missing(service) : said(type === "SRV" ? records : addressRecords(name, type, ready.map((endpoint) => endpoint.address)), service);
  }
  const found = (service.spec.ports ?? []).find(matches);
  if (found === undefined) return missing(service);
  return said(type === "SRV" ? [{ type: "SRV", name, target: base, port: found.port }] : addressRecords(name, type, clusterIps(service)), service);
}

/** `pods insecure`: an address written with dashes is answered whether or not there is such a pod. */
function podAnswer(snapshot: Snapshot, name: string, labels: readonly string[], type: DnsType): DnsAnswer {
  const [dashed, namespace] = labels;
  if (labels.length === 0) return said([]);
  if (labels.length === 1) return hasNamespace(snapshot, labels[0] ?? "") ? said([]) : missing();
  if (labels.length > 2 || dashed === undefined || namespace === undefined || !hasNamespace(snapshot, namespace)) return missing();
  const address = /^\d+-\d+-\d+-\d+$/.test(dashed) ? dashed.replace(/-/g, ".") : dashed.replace(/-/g, ":");
  return addressValue(address) === undefined ? missing() : said(addressRecords(name, type, [address]));
}

/** Zones that the DNS operator sends to other servers, of which the snapshot says nothing but the outside records. */
function customZones(snapshot: Snapshot, name: string): readonly Caveat[] {
  return resourcesOf(snapshot, "DNS", { group: "operator.openshift.io" }).flatMap((operator) => {
    const servers = at(operator.spec, "servers");
    return (Array.isArray(servers) ? (servers as readonly unknown[]) : []).flatMap((server, index): readonly Caveat[] => {
      const zones = at(server, "zones");
      const zone = (Array.isArray(zones) ? (zones as readonly unknown[]) : []).find((entry) => typeof entry === "string" && (name === normalName(entry) || name.endsWith(`.${normalName(entry)}`)));
      if (zone === undefined) return [];
      return [{ code: "dns/custom-zone-not-modelled", problem: `"${name}" is asked of the servers for zone "${String(zone)}"; outside.dns is taken for their answer`, origin: originOf(operator, `spec.servers[${index}]`) }];
    });
  });
}
