import type { Caveat, Diagnostic, Identity, Network } from "@hopscope/core";
import type { Resource, Snapshot } from "@hopscope/model-kubernetes";

/** A process's place in the network, with its addresses. */
export interface Seat {
  readonly identity: Identity;
  readonly addresses: readonly string[];
  readonly pod?: Resource;
}

/** A snapshot compiled to a network: the stages and endpoints of every node, pod and outside host. */
export interface ClusterNetwork {
  readonly snapshot: Snapshot;
  readonly network: Network;
  readonly caveats: readonly Caveat[];
  /** What is wrong in the objects that only their compilers notice. */
  readonly diagnostics: readonly Diagnostic[];
  /** What the compilers of a node's zone assumed or left out; compiles where that has not been done. */
  readonly zoneCaveats: (node: string) => readonly Caveat[];
  /** Who can send: `pod NS/NAME`, `node NAME`, an outside address. */
  readonly seats: { readonly pods: ReadonlyMap<string, Seat>; readonly nodes: ReadonlyMap<string, Seat>; outside(address: string): Seat };
}
