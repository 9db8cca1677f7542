import type { Caveat, Diagnostic, Endpoint, Identity, Link, Network, Stage } from "@hopscope/core";
import { clusterDnsAnswer, containerPorts, originOf, outsideAnswer, type Pod, podIps, podsOf, resourcesOf, type Snapshot } from "@hopscope/model-kubernetes";
import { meshDiagnostics } from "@hopscope/model-istio";
import { namespaceStage, type NetworkNamespace, type Socket } from "@hopscope/model-linux";
import { nodeFacts, type NorthboundDb, podFacts, podNeighbours, podNetwork, portOfPod, resolveConfig, type SouthboundDb } from "@hopscope/model-ovn";
import { compileRouter, publicPorts, routerEndpoint } from "@hopscope/model-openshift";
import type { OpenedDatabase } from "../database-file.ts";
import { appEndpoint } from "./app-endpoint.ts";
import type { ClusterNetwork, Seat } from "./cluster-network.ts";
import { dnsEndpoint } from "./dns-endpoint.ts";
import { FABRIC, fabricStage } from "./fabric.ts";
import { fabricHosts, fabricRoutes, holdersOf } from "./fabric-routes.ts";
import { hostProcesses } from "./host-processes.ts";
import { listeningOf } from "./listening.ts";
import { meshPod } from "./mesh.ts";
import { MESH_DNS_PORT } from "./mesh-dns.ts";
import { givenDatabases } from "./given-databases.ts";
import { rehearse } from "./rehearse.ts";
import { bare, databasesOf, hostStage, nodeParts, ovnStage } from "./nodes.ts";
import { isDnsServer, routerOf } from "./roles.ts";

export type { ClusterNetwork } from "./cluster-network.ts";

/** A built network with the databases behind it, for inspection. */
export interface BuiltNetwork extends ClusterNetwork {
  readonly northbound: (node: string) => NorthboundDb;
  readonly southbound: (node: string) => SouthboundDb;
  /** By `node/NAME` and `pod/NS/NAME`. */
  readonly namespaces: ReadonlyMap<string, NetworkNamespace>;
  /** Envoy's configuration as compiled, by `NS/POD`. */
  readonly proxies: ReadonlyMap<string, () => unknown>;
}

/** What a network may be built of besides the snapshot. */
export interface BuildOptions {
  /** OVN databases of the cluster's zones, which take the place of compiled ones. */
  readonly databases?: readonly OpenedDatabase[];
  /**
   * When programs are compiled: `ahead`, with one request rehearsed, so that the first trace is as quick as the others, or
   * `when needed`, so that one trace pays for what it passes alone. Small clusters are compiled ahead where nothing is said.
   */
  readonly compile?: "ahead" | "when needed";
}

/** Most nodes of a cluster that is compiled ahead unasked. */
const SMALL = 6;

const podName = (pod: Pod): string => `${pod.metadata.namespace ?? "default"}/${pod.metadata.name}`;

/**
 * Compiles a snapshot to a network: a host, br-ex and OVN for every node, a network namespace for every pod with its proxy
 * and application, the routers, the cluster's DNS, and everything outside.
 *
 * @example
 * const network = buildNetwork(loadSnapshot("cluster"));
 */
export function buildNetwork(snapshot: Snapshot, options: BuildOptions = {}): BuiltNetwork {
  const caveats: Caveat[] = [...snapshot.caveats];
  const diagnostics: Diagnostic[] = [...meshDiagnostics(snapshot)];
  const config = resolveConfig(snapshot, {});
  const nodes = nodeFacts(snapshot, config, caveats);
  const facts = new Map(podFacts(snapshot, nodes, caveats).map((fact) => [`${fact.namespace}/${fact.name}`, fact]));
  const running = podsOf(snapshot).filter((pod) => facts.get(podName(pod))?.completed === false);
  const vips = holdersOf(snapshot, nodes, running);
  const hosts = fabricHosts(snapshot);
  const outside = hosts.flatMap(({ addresses }) => addresses);

  const stages: Stage[] = [];
  const links: Link[] = [];
  const endpoints: Endpoint[] = [];
  const hostSockets = new Map<string, Socket[]>(nodes.map(({ name }) => [name, []]));
  const seats = new Map<string, Seat>();
  const namespaces: NetworkNamespace[] = [];
  const neighboursOn = new Map<string, ReturnType<typeof podNeighbours>>();
  const proxies = new Map<string, () => unknown>();
  const preparations: (() => void)[] = [];

  for (const pod of running) {
    const fact = facts.get(podName(pod));
    if (fact === undefined) continue;
    const node = nodes.find(({ name }) => name === fact.node);
    if (node === undefined) continue;
    const stage = fact.hostNetwork ? hostStage(fact.node) : `pod/${podName(pod)}`;
    const uid = pod.spec.containers.find(({ name }) => name !== "istio-proxy")?.securityContext?.runAsUser ?? pod.spec.securityContext?.runAsUser;
    const identity: Identity = { namespace: stage, object: `Pod ${podName(pod)}`, node: fact.node, uid, gid: undefined };
    const place = `pod ${podName(pod)}`;
    const sockets: Socket[] = [];
    // Servers listen on `::` and so in both families; Envoy on 0.0.0.0 wherever the pod has an IPv4 address.
    const socket = (port: number, protocol: Socket["protocol"], endpoint: string, owner: { uid?: number; gid?: number } = {}, address = "::"): void => void sockets.push({ address, port, protocol, endpoint, ...owner });
    const proxyAddress = fact.addresses.some((one) => !one.includes(":")) ? "0.0.0.0" : "::";
    const controller = routerOf(pod);
    const mesh = meshPod(snapshot, pod, identity);
    caveats.push(...mesh.caveats);
    diagnostics.push(...mesh.diagnostics);
    if (controller !== undefined) {
      const id = `router/${podName(pod)}`;
      const router = lazyRouter(snapshot, id, identity, controller);
      endpoints.push(router.endpoint);
      preparations.push(router.prepare);
      const ports = publicPorts(snapshot, controller);
      for (const port of [ports.http, ports.https]) socket(port, "tcp", id);
    } else if (isDnsServer(pod)) {
      const id = `dns/${podName(pod)}`;
      endpoints.push(dnsEndpoint(id, identity, (name, type) => clusterDnsAnswer(snapshot, name, type)));
      const ports = containerPorts(pod).filter(({ protocol }) => protocol === "UDP").map(({ containerPort }) => containerPort);
      for (const port of ports.length === 0 ? [5353] : ports) socket(port, "udp", id);
    }
    if (mesh.endpoint !== undefined) {
      endpoints.push(mesh.endpoint);
      if (mesh.config !== undefined) proxies.set(podName(pod), mesh.config);
      if (mesh.prepare !== undefined) preparations.push(mesh.prepare);
      for (const port of mesh.ports) socket(port, "tcp", mesh.endpoint.id, mesh.owner, proxyAddress);
      if (mesh.dns !== undefined) {
        endpoints.push(mesh.dns);
        socket(MESH_DNS_PORT, "udp", mesh.dns.id, mesh.owner);
      }
    }
    if (controller === undefined && !mesh.isGateway && !isDnsServer(pod)) {
      const { listens, any, caveat } = listeningOf(snapshot, pod);
      const id = `app/${podName(pod)}`;
      endpoints.push(
        appEndpoint({
          id,
          identity,
          place,
          latency: new Map(listens.flatMap(({ port, latency }) => (latency === undefined ? [] : [[port, latency] as const]))),
          speaks: new Map(listens.map(({ port, application }) => [port, application])),
          assumed: caveat,
        }),
      );
      for (const { port, application } of listens) socket(port, application === "udp" ? "udp" : "tcp", id, { uid });
      if (any) for (const protocol of ["tcp", "udp"] as const) socket(0, protocol, id, { uid });
    }
    if (fact.hostNetwork) hostSockets.get(fact.node)?.push(...sockets);
    else {
      let neighbours = neighboursOn.get(node.name);
      if (neighbours === undefined) neighboursOn.set(node.name, (neighbours = podNeighbours(node, [...facts.values()])));
      const { eth0, routes } = podNetwork(fact, node, neighbours, config.mtu);
      const namespace: NetworkNamespace = {
          id: stage,
          place,
          node: fact.node,
          interfaces: [eth0, ...(mesh.loopback.length === 0 ? [] : [{ name: "lo", addresses: mesh.loopback }])],
          routes: [...routes, ...mesh.routes],
          rules: mesh.rules,
          netfilter: mesh.netfilter,
          sockets,
          origin: originOf(pod),
        };
      namespaces.push(namespace);
      stages.push(namespaceStage(namespace) as Stage);
      links.push({ a: [stage, "eth0"], b: [ovnStage(fact.node), portOfPod(fact)] });
    }
    seats.set(podName(pod), { identity, addresses: fact.addresses, pod });
  }

  for (const { endpoint, node, sockets } of hostProcesses(snapshot, nodes)) {
    endpoints.push(endpoint);
    const held = hostSockets.get(node) ?? [];
    held.push(...sockets.filter(({ port, protocol }) => !held.some((other) => other.port === port && other.protocol === protocol)));
  }

  const given = givenDatabases(options.databases ?? []);
  diagnostics.push(...given.unused(nodes));
  const databases = databasesOf({ snapshot, nodes, vips, outside }, given);
  const parts = nodeParts({ snapshot, nodes, vips, sockets: hostSockets, outside, caveats }, databases);
  preparations.push(...parts.preparations);
  namespaces.push(...parts.namespaces);
  stages.push(...parts.stages);
  links.push(...parts.links);
  stages.push(
    fabricStage({
      hosts,
      routes: fabricRoutes(snapshot, nodes, vips),
      macs: new Map(nodes.map(({ name, gateway }) => [name, gateway.mac])),
      addresses: new Map(nodes.map(({ name, gateway }) => [name, bare(gateway.addresses[0] ?? "")])),
      isInternal: isInternal(snapshot, running),
    }) as Stage,
  );
  for (const host of hosts) endpoints.push(outsideApp(snapshot, host.endpoint, host.object, host.addresses));
  endpoints.push(appEndpoint({ id: "internet", identity: { namespace: FABRIC, object: "outside host" }, place: "outside host", dns: (name, type) => outsideAnswer(snapshot, name, type) }));

  const network: Network = { stages: new Map(stages.map((stage) => [stage.id, stage])), links, endpoints: new Map(endpoints.map((endpoint) => [endpoint.id, endpoint])) };
  const built: BuiltNetwork = {
    snapshot,
    network,
    caveats,
    diagnostics: diagnostics.map((one) => ({ ...one, origin: snapshot.locate(one.origin) })),
    ...databases,
    namespaces: new Map(namespaces.map((one) => [one.id, one])),
    proxies,
    seats: {
      pods: seats,
      nodes: new Map(nodes.map((node) => [node.name, { identity: { namespace: hostStage(node.name), object: `Node ${node.name}`, node: node.name }, addresses: node.gateway.addresses.map(bare) }])),
      outside: (address) => ({ identity: { namespace: FABRIC, object: hosts.find(({ addresses }) => addresses.includes(address))?.object ?? `outside ${address}` }, addresses: [address] }),
    },
  };
  if ((options.compile ?? (nodes.length > SMALL ? "when needed" : "ahead")) === "ahead") {
    for (const prepare of preparations) prepare();
    rehearse(built);
  }
  return built;
}

function outsideApp(snapshot: Snapshot, id: string, object: string, addresses: readonly string[]): Endpoint {
  const listens = snapshot.cluster.outside.hosts.find((host) => host.addresses.some((address) => addresses.includes(address)))?.listens ?? [];
  return appEndpoint({
    id,
    identity: { namespace: FABRIC, object },
    place: object,
    dns: (name, type) => outsideAnswer(snapshot, name, type),
    latency: new Map(listens.flatMap(({ port, latency }) => (latency === undefined ? [] : [[port, latency] as const]))),
    speaks: new Map(listens.map(({ port, application }) => [port, application])),
  });
}

/** The router's program is compiled when its first connection comes, or when it is prepared. */
function lazyRouter(snapshot: Snapshot, id: string, identity: Identity, controller: string): { readonly endpoint: Endpoint; readonly prepare: () => void } {
  let made: Endpoint | undefined;
  const get = (): Endpoint => (made ??= routerEndpoint({ id, identity, program: compileRouter(snapshot, { controller }), ports: publicPorts(snapshot, controller) }));
  const endpoint: Endpoint = { id, system: "haproxy", identity, accept: (connection, context) => get().accept(connection, context), serve: (payload, connection, context) => get().serve(payload, connection, context) };
  return { endpoint, prepare: () => void get() };
}

function isInternal(snapshot: Snapshot, pods: readonly Pod[]): (address: string) => boolean {
  const known = new Set([...pods.filter(({ spec }) => spec.hostNetwork !== true).flatMap(podIps), ...resourcesOf(snapshot, "Service", { group: "" }).flatMap((service) => (service.spec as { clusterIPs?: readonly string[] } | undefined)?.clusterIPs ?? [])]);
  return (address) => known.has(address);
}
