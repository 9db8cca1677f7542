import type { Caveat, Identity, Network } from "@hopscope/core";
import type { DnsAnswer } from "./dns-endpoint.ts";
import type { Resource, Snapshot } from "@hopscope/model-kubernetes";

/** A process's place in the network, with what its name resolution asks. */
export interface Seat {
  readonly identity: Identity;
  readonly addresses: readonly string[];
  readonly pod?: Resource;
  readonly resolver?: (host: string) => { readonly servers: readonly { readonly address: string; readonly port: number }[]; readonly names: readonly string[] };
}

/** A snapshot compiled to a network: the stages and endpoints of every node, pod and outside host. */
export interface ClusterNetwork {
  readonly snapshot: Snapshot;
  readonly network: Network;
  readonly caveats: readonly Caveat[];
  /** What the cluster's DNS, or a resolver outside, answers for a name. */
  readonly names: (name: string) => DnsAnswer;
  /** Who can send: `pod NS/NAME`, `node NAME`, an outside address. */
  readonly seats: { readonly pods: ReadonlyMap<string, Seat>; readonly nodes: ReadonlyMap<string, Seat>; outside(address: string): Seat };
}
