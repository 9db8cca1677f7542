import { httpClient, simulate } from "@hopscope/core";
import { resourcesOf } from "@hopscope/model-kubernetes";
import type { ClusterNetwork } from "./cluster-network.ts";

const NOBODY = "192.0.2.1";

/**
 * Sends one request in from outside and forgets it: the engine that runs us has then compiled its own code for the walk, the tables and
 * the proxies, and the first trace a person waits for is as quick as the others.
 */
export function rehearse(cluster: ClusterNetwork): void {
  const { snapshot, network } = cluster;
  const host = resourcesOf(snapshot, "Route").map(({ spec }) => (spec as { host?: string } | undefined)?.host).find((name) => name !== undefined);
  const address = snapshot.cluster.ingress[0]?.vip ?? [...cluster.seats.nodes.values()][0]?.addresses[0];
  if (address === undefined) return;
  const source = snapshot.cluster.outside.hosts.flatMap(({ addresses }) => addresses).find((one) => one.includes(":") === address.includes(":")) ?? NOBODY;
  const url = { scheme: "http" as const, host: host ?? address, port: 80, path: "/" };
  simulate(network, httpClient({ question: { from: `external/${source}`, to: url.host }, identity: cluster.seats.outside(source).identity, url, address: [address], source }), { locate: (origin) => snapshot.locate(origin) });
}
