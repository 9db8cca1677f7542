import { type Caveat, type Diagnostic, type ChoosePolicy, httpClient, InputError, type Journey, type Profile, profiles, simulate as simulateNetwork } from "@hopscope/core";
import { containerPorts, matchesSelector, podsOf, resourcesOf, serviceNamed, selectedPods, clusterIps, type LabelSelector, type Resource } from "@hopscope/model-kubernetes";
import type { ClusterNetwork, Seat } from "./network/cluster-network.ts";
import { unknownAddresses } from "./network/unknown-addresses.ts";
import { type Resolving, resolvingOf } from "./network/resolving.ts";
import { explained } from "./findings/findings.ts";
import { located } from "./locator.ts";
import { type EndpointName, isAddress, parseEndpoint, parseTarget } from "./question/parse.ts";

export interface Request {
  /** `external/IP`, `node/NAME`, `pod/NS/NAME`, `deploy/NS/NAME`, `svc/NS/NAME`. */
  readonly from: string;
  /** A URL, or an endpoint followed by `:PORT`. */
  readonly to: string;
}

export interface TraceOptions {
  readonly choose?: ChoosePolicy;
  /** A profile's name, or a profile. */
  readonly profile?: string | Profile;
}

/** What could have been named instead. */
function listed(resources: readonly Resource[], what: string): string {
  const names = resources.map(({ metadata }) => `${metadata.namespace ?? "default"}/${metadata.name}`);
  return names.length === 0 ? `an object that the snapshot has; it has no ${what}` : `one of ${names.slice(0, 6).join(", ")}${names.length > 6 ? ", …" : ""}`;
}

const trouble = (object: string, problem: string, expected?: string): InputError => {
  const diagnostic: Diagnostic = { code: "input/endpoint-unknown", severity: "error", origin: { object }, problem, expected };
  return new InputError([diagnostic]);
};

/**
 * Simulates one request in a cluster's network.
 *
 * @throws {@link InputError} where `from`, `to` or an option names nothing that is known
 * @example
 * simulate(buildNetwork(snapshot), { from: "external/172.21.6.102", to: "http://shop.example/" }).verdict.type
 */
export function simulate(cluster: ClusterNetwork, request: Request, options: TraceOptions = {}): Journey {
  const seat = seatOf(cluster, parseEndpoint(request.from), request.from);
  const profile = profileOf(cluster, options.profile);
  const target = parseTarget(request.to);
  const url = target.type === "url" ? target : { scheme: spokenAt(cluster, target.endpoint, target.port), host: addressOf(cluster, target.endpoint, request.to), port: target.port, path: "/" };
  const resolving: Resolving = isAddress(url.host) ? { addresses: [url.host], caveats: [] } : resolvingOf(cluster.snapshot, seat, url.host);
  const { addresses, resolver, unresolved, caveats } = resolving;
  const client = httpClient({ question: { from: request.from, to: request.to }, identity: seat.identity, url, address: addresses, resolver, unresolved, source: seat.identity.node === undefined ? seat.addresses[0] : undefined });
  const journey = simulateNetwork(cluster.network, client, { choose: options.choose, profile, locate: (origin) => located(cluster.snapshot, origin) });
  const strangers = unknownAddresses(cluster.snapshot, journey);
  return explained(cluster, { ...journey, verdict: judged(journey.verdict, strangers), caveats: [...journey.caveats, ...caveats, ...strangers] });
}

/** Where a packet is lost on its way to something that the snapshot leaves out, its end is not known. */
function judged(verdict: Journey["verdict"], strangers: readonly Caveat[]): Journey["verdict"] {
  const [first] = strangers;
  if (first === undefined || (verdict.type !== "dropped" && verdict.type !== "refused")) return verdict;
  return { type: "unknown", sentence: `unknown, because ${first.problem}` };
}

function profileOf(cluster: ClusterNetwork, wanted: TraceOptions["profile"]): Profile | undefined {
  if (typeof wanted === "object") return wanted;
  const name = wanted ?? cluster.snapshot.cluster.latency.profile;
  if (name === undefined) return undefined;
  const found = Object.hasOwn(profiles, name) ? profiles[name] : undefined;
  if (found === undefined) throw trouble(`latency profile "${name}"`, "is not known", Object.keys(profiles).join(", "));
  return found;
}

function seatOf(cluster: ClusterNetwork, name: EndpointName, text: string): Seat {
  const { snapshot, seats } = cluster;
  const known = (kind: string, namespace?: string): string => {
    const names = [...(kind === "node" ? seats.nodes.keys() : seats.pods.keys())].filter((one) => namespace === undefined || one.startsWith(`${namespace}/`));
    return names.length === 0 ? `an object that the snapshot has; it has no ${kind}${namespace === undefined ? "" : ` in namespace "${namespace}"`}` : `one of ${names.slice(0, 6).join(", ")}${names.length > 6 ? ", …" : ""}`;
  };
  const pod = (found: string | undefined, why: string): Seat => {
    const seat = found === undefined ? undefined : seats.pods.get(found);
    if (seat === undefined) throw trouble(`--from "${text}"`, why, known("pod", name.type === "external" || name.type === "node" ? undefined : name.namespace));
    return seat;
  };
  const nameOf = (one: { metadata: { namespace?: string; name: string } }): string => `${one.metadata.namespace ?? "default"}/${one.metadata.name}`;
  switch (name.type) {
    case "external":
      return seats.outside(name.address);
    case "node": {
      const seat = seats.nodes.get(name.name);
      if (seat === undefined) throw trouble(`--from "${text}"`, `there is no Node "${name.name}"`, known("node"));
      return seat;
    }
    case "pod":
      return pod(`${name.namespace}/${name.name}`, `there is no running Pod "${name.namespace}/${name.name}"`);
    case "deploy": {
      const deployment = resourcesOf(snapshot, "Deployment", { namespace: name.namespace }).find(({ metadata }) => metadata.name === name.name);
      if (deployment === undefined) throw trouble(`--from "${text}"`, `there is no Deployment "${name.namespace}/${name.name}"`, listed(resourcesOf(snapshot, "Deployment", { namespace: name.namespace }), `Deployment in namespace "${name.namespace}"`));
      const { selector } = (deployment.spec ?? {}) as { selector?: LabelSelector };
      const found = podsOf(snapshot, name.namespace).find((one) => seats.pods.has(nameOf(one)) && selector !== undefined && matchesSelector(selector, one.metadata.labels));
      return pod(found === undefined ? undefined : nameOf(found), `Deployment "${name.namespace}/${name.name}" has no running pod`);
    }
    case "svc": {
      const service = serviceNamed(snapshot, name.namespace, name.name);
      if (service === undefined) throw trouble(`--from "${text}"`, `there is no Service "${name.namespace}/${name.name}"`, listed(resourcesOf(snapshot, "Service", { namespace: name.namespace }), `Service in namespace "${name.namespace}"`));
      const found = selectedPods(snapshot, service).find((one) => seats.pods.has(nameOf(one)));
      return pod(found === undefined ? undefined : nameOf(found), `Service "${name.namespace}/${name.name}" selects no running pod`);
    }
  }
}

/** What a port of a Service or pod speaks by its name or appProtocol; plain bytes where nothing says. */
function spokenAt(cluster: ClusterNetwork, name: EndpointName, port: number): "http" | "tcp" {
  if (name.type === "external" || name.type === "node") return "tcp";
  const ports: readonly { readonly port: number; readonly name?: string; readonly appProtocol?: string }[] =
    name.type === "svc"
      ? (serviceNamed(cluster.snapshot, name.namespace, name.name)?.spec.ports ?? [])
      : podsOf(cluster.snapshot, name.namespace).filter(({ metadata }) => metadata.name === name.name || metadata.name.startsWith(`${name.name}-`)).flatMap((pod) => containerPorts(pod).map(({ containerPort, name: of }) => ({ port: containerPort, name: of })));
  const found = ports.find((one) => one.port === port);
  return /^(http2?|grpc|h2c)(-|$)/i.test(found?.appProtocol ?? found?.name ?? "") ? "http" : "tcp";
}

function addressOf(cluster: ClusterNetwork, name: EndpointName, text: string): string {
  if (name.type === "external") return name.address;
  if (name.type === "svc") {
    const service = serviceNamed(cluster.snapshot, name.namespace, name.name);
    const [ip] = service === undefined ? [] : clusterIps(service);
    if (ip === undefined) throw trouble(`--to "${text}"`, service === undefined ? `there is no Service "${name.namespace}/${name.name}"` : `Service "${name.namespace}/${name.name}" has no cluster address`);
    return ip;
  }
  const [address] = seatOf(cluster, name, text).addresses;
  if (address === undefined) throw trouble(`--to "${text}"`, "has no address");
  return address;
}

/** Reads `likeliest`, `all`, `seed=N`, or a backend's name. @throws {@link InputError} */
export function parseChoose(text: string): ChoosePolicy {
  if (text === "likeliest" || text === "all") return { type: text };
  const seed = /^seed=(.*)$/.exec(text)?.[1];
  if (seed === undefined) return { type: "named", name: text };
  if (!/^-?\d+$/.test(seed)) throw trouble(`--choose "${text}"`, `"${seed}" is not a whole number`, "seed=N");
  return { type: "seed", seed: Number(seed) };
}
