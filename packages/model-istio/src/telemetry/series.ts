import type { Journey, Leg, Noted } from "@hopscope/core";
import { matchesLabels, type Pod, podsOf, resourcesOf, servicesOf, type Snapshot, targetPortOf } from "@hopscope/model-kubernetes";
import { type MetricOverrides, overridesOf } from "./overrides.ts";
import { fromEndpoint, type Peer, peerLabels, peerOf } from "./peer.ts";

export type Labels = Readonly<Record<string, string>>;

/** One time series with what it grew by: a rate per second, or the count of one journey. */
export interface Sample {
  readonly name: string;
  readonly labels: Labels;
  readonly value: number;
}

/** The series that one proxy records for one request or connection. */
export interface ProxySeries {
  /** Id of the leg that came to the proxy. */
  readonly leg: number;
  readonly object: string;
  readonly labels: Labels;
  /** Whole time of the request in this proxy, nanoseconds; undefined for TCP, which no metric times. */
  readonly duration?: number;
  /** What Telemetry objects leave out of this series; undefined where nothing. */
  readonly overrides?: MetricOverrides;
}

const UNKNOWN = "unknown";
const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
const isHttp = ({ fact }: Noted): boolean => fact["protocol"] !== undefined;
const clusterOf = ({ fact }: Noted): string => text(fact["cluster"]) ?? "";
const isServer = (one: Noted): boolean => /^(Inbound|inbound\|)/.test(clusterOf(one)) || (clusterOf(one) === "" && /^virtualInbound/i.test(text(one.fact["listener"]) ?? ""));

/** The journey as the proxies noted it. */
interface Story {
  readonly snapshot: Snapshot;
  readonly noted: readonly Noted[];
  readonly legs: readonly Leg[];
  readonly podOf: (object: string | undefined) => Pod | undefined;
}

/** Leg by which a proxy passes on what came to it: the last try. */
const onwardOf = ({ legs }: Story, one: Noted): Leg | undefined => legs.filter(({ parent }) => parent === (one.leg ?? -1) + 1).at(-1);

function clientOf({ legs, noted }: Story, server: Noted): Noted | undefined {
  const parent = legs.find(({ id }) => id === (server.leg ?? -1) + 1)?.parent;
  return parent === undefined ? undefined : noted.find((other) => other.leg === parent - 1 && !isServer(other));
}

/** The Service that the cluster of an outbound listener is made of: its host is in the cluster's name. */
const hostOf = (cluster: string): string | undefined => (cluster.startsWith("outbound") ? cluster.split(/\||_\._/)[3] : undefined);

/** The Service behind an inbound port: of those that select the pod and send to the port, the oldest. */
function ownService({ snapshot }: Story, pod: Pod | undefined, port: number): { readonly host: string; readonly name: string } | undefined {
  if (pod === undefined) return undefined;
  const namespace = pod.metadata.namespace ?? "default";
  const candidates = servicesOf(snapshot, namespace).filter(({ spec }) => {
    const selector = spec.selector ?? {};
    return Object.keys(selector).length > 0 && matchesLabels(selector, pod.metadata.labels) && (spec.ports ?? []).some((one) => (one.protocol ?? "TCP") === "TCP" && targetPortOf(pod, one.targetPort ?? one.port) === port);
  });
  const age = (service: (typeof candidates)[number]): string => `${service.metadata.creationTimestamp ?? ""} ${service.metadata.name}`;
  const [oldest] = [...candidates].sort((a, b) => (age(a) < age(b) ? -1 : 1));
  return oldest === undefined ? undefined : { host: `${oldest.metadata.name}.${namespace}.svc.cluster.local`, name: oldest.metadata.name };
}

/** Whether istiod writes a workload beside the endpoints of a host: those that a selector found. */
function hasEndpointMetadata({ snapshot }: Story, host: string | undefined): boolean {
  const [, name, namespace] = /^([^.]+)\.([^.]+)\.svc\./.exec(host ?? "") ?? [];
  if (name !== undefined && namespace !== undefined) return servicesOf(snapshot, namespace).some(({ metadata, spec }) => metadata.name === name && Object.keys(spec.selector ?? {}).length > 0);
  return resourcesOf(snapshot, "ServiceEntry").some(({ spec }) => {
    const fields: object = typeof spec === "object" && spec !== null ? spec : {};
    const hosts: unknown = Reflect.get(fields, "hosts");
    return Array.isArray(hosts) && hosts.includes(host) && Reflect.get(fields, "workloadSelector") !== undefined;
  });
}

const CATCH_ALL = /^(BlackHoleCluster|(Inbound)?PassthroughCluster(Ipv[46])?)$/;

/** What the proxy knows of the service: the catch-all's name, the cluster's Service, else a fallback. */
function serviceLabels(one: Noted, named: { readonly host: string; readonly name: string } | undefined, fallback: { readonly host: string; readonly name: string }): Labels {
  const route = text(one.fact["route"]);
  const catchAll = route === "block_all" ? "BlackHoleCluster" : route === "allow_any" ? "PassthroughCluster" : CATCH_ALL.test(clusterOf(one)) ? clusterOf(one) : undefined;
  if (catchAll !== undefined) return { destination_service: fallback.host, destination_service_name: catchAll };
  return { destination_service: (named ?? fallback).host, destination_service_name: (named ?? fallback).name };
}

/** Labels at a server's proxy. The Host header is no fallback there: a port of no Service has the workload's own name. */
function serverLabels(story: Story, one: Noted): Labels {
  const pod = story.podOf(one.object);
  const own = pod === undefined ? undefined : peerOf(pod);
  const client = clientOf(story, one);
  const clientPod = story.podOf(client?.object);
  const principal = text(one.fact["downstreamPeer"]);
  const source = clientPod !== undefined && (isHttp(one) || principal !== undefined) ? peerOf(clientPod) : undefined;
  const port = Number(/^inbound\|(\d+)\|/.exec(clusterOf(one))?.[1]);
  const fallback = own?.canonicalService ?? UNKNOWN;
  return {
    reporter: "destination",
    ...peerLabels("source", source, principal),
    ...peerLabels("destination", own, principal === undefined ? undefined : principalOf(pod, principal)),
    ...(own === undefined ? {} : { destination_workload_namespace: own.namespace }),
    ...serviceLabels(one, ownService(story, pod, port), { host: fallback, name: fallback }),
    destination_service_namespace: own?.namespace ?? UNKNOWN,
    connection_security_policy: principal === undefined ? "none" : "mutual_tls",
  };
}

/** The identity of a pod in the trust domain of its peer. */
const principalOf = (pod: Pod | undefined, peer: string): string | undefined =>
  pod === undefined ? undefined : `spiffe://${/^spiffe:\/\/([^/]+)/.exec(peer)?.[1] ?? "cluster.local"}/ns/${pod.metadata.namespace ?? "default"}/sa/${pod.spec.serviceAccountName ?? "default"}`;

/** Labels at a client's proxy or a gateway. What the peer does not tell, the endpoint's metadata does, without app and version. */
function clientLabels(story: Story, one: Noted): Labels {
  const pod = story.podOf(one.object);
  const onward = onwardOf(story, one);
  const peerPod = story.podOf(onward?.to.object);
  const host = hostOf(clusterOf(one));
  const far = onward === undefined ? undefined : story.noted.find((other) => other.leg === onward.id - 1);
  const seen = text(far?.fact["downstreamPeer"]);
  const told = far !== undefined && (isHttp(one) ? isHttp(far) && Number(far.fact["code"] ?? 0) > 0 : seen !== undefined);
  const destination: Peer | undefined = peerPod === undefined ? undefined : told ? peerOf(peerPod) : hasEndpointMetadata(story, host) ? fromEndpoint(peerOf(peerPod)) : undefined;
  const gateway = !(text(one.fact["proxy"]) ?? "").endsWith(" sidecar");
  const authority = isHttp(one) && !gateway ? (text(one.fact["authority"]) ?? UNKNOWN) : UNKNOWN;
  const [first = host] = host === undefined ? [] : /^[^.]+(?=\.[^.]+\.svc\.)/.exec(host) ?? [];
  const labels = peerLabels("destination", destination, seen === undefined ? undefined : principalOf(peerPod, seen));
  return {
    reporter: "source",
    ...peerLabels("source", pod === undefined ? undefined : peerOf(pod), seen),
    ...(pod === undefined ? {} : { source_workload_namespace: pod.metadata.namespace ?? "default" }),
    ...labels,
    ...serviceLabels(one, host === undefined ? undefined : { host, name: first ?? host }, { host: authority, name: authority }),
    destination_service_namespace: labels["destination_workload_namespace"] ?? UNKNOWN,
    connection_security_policy: UNKNOWN,
  };
}

/**
 * Derives the `istio_*` series that the proxies of a journey record, one per request or connection and proxy.
 *
 * A gateway and an outbound listener report as `source`, an inbound listener as `destination`. Peers know each other by
 * a header of HTTP, or by the exchange that needs mutual TLS on TCP; a client falls back to the endpoint's metadata, which
 * a ServiceEntry's endpoint lacks. The namespace of the destination service is that of the peer, as the proxy has no other.
 *
 * @see istio/proxy 1.18.7, source/extensions/filters/http/istio_stats/istio_stats.cc; Istio 1.18, pilot/pkg/model/telemetry.go (no fallback to the Host header at gateways and inbound)
 */
export function seriesOf(journey: Pick<Journey, "legs" | "observations">, snapshot: Snapshot, options: { readonly rootNamespace?: string } = {}): readonly ProxySeries[] {
  const pods = new Map(podsOf(snapshot).map((pod) => [`Pod ${pod.metadata.namespace ?? ""}/${pod.metadata.name}`, pod]));
  const noted = journey.observations.filter((one) => one.fact.type === "envoy" && one.leg !== undefined && (clusterOf(one) !== "" || isHttp(one)));
  const story: Story = { snapshot, noted, legs: journey.legs, podOf: (object) => (object === undefined ? undefined : pods.get(object)) };
  return noted.map((one): ProxySeries => {
    const http = isHttp(one);
    const { fact, object } = one;
    const leg = (one.leg ?? 0) + 1;
    const arrived = journey.legs.find(({ id }) => id === leg);
    const took = typeof fact["duration"] === "number" ? fact["duration"] : (arrived?.times.closed ?? 0) - (arrived?.times.connected ?? 0);
    const labels: Labels = {
      ...(isServer(one) ? serverLabels(story, one) : clientLabels(story, one)),
      request_protocol: http ? "http" : "tcp",
      ...(http ? { response_code: String(fact["code"] ?? 0) } : {}),
      response_flags: text(fact["flags"]) ?? "-",
    };
    const pod = story.podOf(object);
    const overrides = pod === undefined ? undefined : overridesOf(snapshot, pod, { mode: isServer(one) ? "SERVER" : "CLIENT", rootNamespace: options.rootNamespace ?? "istio-system" });
    return { leg, object, labels, duration: http ? took : undefined, ...(overrides === undefined ? {} : { overrides }) };
  });
}
