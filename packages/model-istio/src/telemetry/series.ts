import type { Journey, Noted } from "@hopscope/core";
import { type Pod, podsOf, resourcesOf, type Snapshot } from "@hopscope/model-kubernetes";

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
}

const UNKNOWN = "unknown";
const CLUSTER = "Kubernetes";
const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

interface Peer {
  readonly workload: string;
  readonly namespace: string;
  readonly app: string;
  readonly version: string;
}

const nobody: Peer = { workload: UNKNOWN, namespace: UNKNOWN, app: UNKNOWN, version: "latest" };

function peerOf(pod: Pod | undefined): Peer {
  if (pod === undefined) return nobody;
  const labels = pod.metadata.labels ?? {};
  const name = pod.metadata.name ?? UNKNOWN;
  const hash = labels["pod-template-hash"];
  const owners: unknown = Reflect.get(pod.metadata, "ownerReferences");
  const first: unknown = Array.isArray(owners) ? owners[0] : undefined;
  const owner = typeof first === "object" && first !== null ? text(Reflect.get(first, "name")) : undefined;
  const set = owner ?? (hash === undefined ? name : name.replace(new RegExp(`-${hash}-[^-]+$`), ""));
  const workload = hash !== undefined && set.endsWith(`-${hash}`) ? set.slice(0, -hash.length - 1) : set;
  return {
    workload,
    namespace: pod.metadata.namespace ?? "default",
    app: labels["service.istio.io/canonical-name"] ?? labels["app.kubernetes.io/name"] ?? labels["app"] ?? workload,
    version: labels["service.istio.io/canonical-revision"] ?? labels["app.kubernetes.io/version"] ?? labels["version"] ?? "latest",
  };
}

const peerLabels = (side: "source" | "destination", peer: Peer): Labels => ({
  [`${side}_workload`]: peer.workload,
  [`${side}_workload_namespace`]: peer.namespace,
  [`${side}_canonical_service`]: peer.app,
  [`${side}_canonical_revision`]: peer.version,
  [`${side}_cluster`]: peer.workload === UNKNOWN ? UNKNOWN : CLUSTER,
});

/** The destination service as the metrics name it: from the cluster's host, or the catch-all cluster's own name. */
function serviceLabels(cluster: string, route: string | undefined, authority: string | undefined, fallback: { readonly host: string; readonly name: string; readonly namespace: string } | undefined): Labels {
  const catchAll = route === "block_all" ? "BlackHoleCluster" : route === "allow_any" ? "PassthroughCluster" : /^(BlackHoleCluster|(Inbound)?PassthroughCluster)/.test(cluster) ? cluster : undefined;
  const host = cluster.startsWith("outbound") ? (cluster.split(/\||_\._/)[3] ?? UNKNOWN) : UNKNOWN;
  const named = (service: string, name: string, namespace: string): Labels => ({ destination_service: service, destination_service_name: name, destination_service_namespace: namespace });
  if (catchAll !== undefined) return named(authority ?? UNKNOWN, catchAll, UNKNOWN);
  if (fallback !== undefined) return named(fallback.host, fallback.name, fallback.namespace);
  const inCluster = /^([^.]+)\.([^.]+)\.svc\./.exec(host);
  return inCluster === null ? named(host, host, UNKNOWN) : named(host, inCluster[1] ?? host, inCluster[2] ?? UNKNOWN);
}

/**
 * Derives the `istio_*` series that the proxies of a journey record, one per request or connection and proxy.
 *
 * A gateway and an outbound listener report as `source`, an inbound listener as `destination`. A client that gets no
 * metadata from its peer names the destination by the endpoint's workload; a ServiceEntry's endpoint has none.
 *
 * @see Istio 1.18, istio/proxy `istio_stats.cc`
 */
export function seriesOf(journey: Journey, snapshot: Snapshot): readonly ProxySeries[] {
  const pods = podsOf(snapshot);
  const podOf = (object: string | undefined): Pod | undefined => pods.find(({ metadata }) => object === `Pod ${metadata.namespace ?? ""}/${metadata.name ?? ""}`);
  const noted = journey.observations.filter(({ fact, leg }) => fact.type === "envoy" && leg !== undefined && text(fact["cluster"]) !== undefined);
  const inbound = ({ fact }: Noted): boolean => /^Inbound|^inbound\|/.test(text(fact["cluster"]) ?? "");
  const clientOf = (server: Noted): Noted | undefined => {
    const parent = journey.legs.find(({ id }) => id === (server.leg ?? -1) + 1)?.parent;
    return parent === undefined ? undefined : noted.find((other) => other.leg === parent - 1 && !inbound(other));
  };
  return noted.map((one): ProxySeries => {
    const { fact, object } = one;
    const leg = (one.leg ?? 0) + 1;
    const server = inbound(one);
    const arrived = journey.legs.find(({ id }) => id === leg);
    const onward = journey.legs.find(({ parent }) => parent === leg);
    const client = server ? clientOf(one) : undefined;
    const http = fact["protocol"] !== undefined;
    const encrypted = fact["downstreamPeer"] !== undefined;
    const cluster = text(fact["cluster"]) ?? UNKNOWN;
    const known = server ? client !== undefined && (http || encrypted) : !/^(PassthroughCluster|BlackHoleCluster)$/.test(cluster);
    const source = peerOf(podOf(server ? (known ? client?.object : undefined) : object));
    const destination = peerOf(podOf(server ? object : known ? onward?.to.object : undefined));
    const asked = server && client !== undefined ? text(client.fact["cluster"]) : undefined;
    const services = resourcesOf(snapshot, "Service").filter(({ metadata }) => metadata.namespace === destination.namespace && metadata.name === destination.app);
    const only = server && !cluster.startsWith("Inbound") ? services[0]?.metadata : undefined;
    const own = only?.name === undefined ? undefined : { host: `${only.name}.${only.namespace ?? ""}.svc.cluster.local`, name: only.name, namespace: only.namespace ?? "" };
    const labels: Labels = {
      reporter: server ? "destination" : "source",
      ...peerLabels("source", source),
      ...peerLabels("destination", destination),
      ...serviceLabels(asked?.startsWith("outbound") === true && !cluster.startsWith("Inbound") ? asked : cluster, text(fact["route"]), http ? text(fact["authority"]) : undefined, asked?.startsWith("outbound") === true ? undefined : own),
      request_protocol: http ? "http" : "tcp",
      ...(http ? { response_code: String(fact["code"] ?? 0) } : {}),
      response_flags: text(fact["flags"]) ?? "-",
      connection_security_policy: server ? (encrypted ? "mutual_tls" : "none") : UNKNOWN,
    };
    const duration = typeof fact["duration"] === "number" ? fact["duration"] : (arrived?.times.closed ?? 0) - (arrived?.times.connected ?? 0);
    return { leg, object, labels, duration: http ? duration : undefined };
  });
}
