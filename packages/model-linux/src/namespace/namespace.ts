import type { Address, Mac, Origin, TrackedConnection } from "@hopscope/core";
import type { Conntrack } from "@hopscope/core";

export interface NetworkInterface {
  readonly name: string;
  /** `10.128.2.15/23`; the first of a family is the primary one. */
  readonly addresses: readonly string[];
  readonly mac?: Mac;
  readonly mtu?: number;
  /** MAC addresses of neighbours. */
  readonly neighbours?: Readonly<Record<Address, Mac>>;
  /** Unlisted IPv4 neighbours have the MAC `0a:58:` followed by the address, as OVN-Kubernetes gives them. */
  readonly derivedNeighbours?: boolean;
}

export interface Route {
  /** `default` or a range. */
  readonly to: string;
  readonly via?: Address;
  readonly dev?: string;
  /** Preferred source address. */
  readonly src?: Address;
  /** Name or number; `main` if absent. */
  readonly table?: string;
  readonly metric?: number;
  readonly type?: "unicast" | "local" | "blackhole" | "unreachable" | "prohibit" | "throw";
  readonly origin?: Origin;
}

/** One line of `ip rule`, beside the three that every namespace has. */
export interface RoutingRule {
  /** 1 to 32765; absent: before `main`. */
  readonly priority?: number;
  readonly from?: string;
  readonly to?: string;
  readonly fwmark?: { readonly value: number; readonly mask?: number };
  readonly iif?: string;
  readonly oif?: string;
  readonly table: string;
  readonly origin?: Origin;
}

/** A listening socket. */
export interface Socket {
  /** `0.0.0.0` and `::` are wildcards; `::` takes IPv4 too, unless another socket is more specific. */
  readonly address: Address;
  /** 0 stands for every port that no other socket has, where what listens is not known. */
  readonly port: number;
  readonly protocol: "tcp" | "udp" | "sctp";
  /** Key into `Network.endpoints`. */
  readonly endpoint: string;
  /** IP_TRANSPARENT is set. */
  readonly transparent?: boolean;
  readonly uid?: number;
  readonly gid?: number;
}

/** A network namespace: a pod's or a node's view of the network, as plain data. */
export interface NetworkNamespace {
  /** Id of its stage. */
  readonly id: string;
  /** `pod demo/web-1`, `node worker-0`; `id` if absent. */
  readonly place?: string;
  readonly node?: string;
  /** `lo` is always there and need not be listed, unless for further addresses. */
  readonly interfaces: readonly NetworkInterface[];
  readonly routes: readonly Route[];
  readonly rules?: readonly RoutingRule[];
  /** What `iptables-save` and `ip6tables-save` print. */
  readonly netfilter?: { readonly v4?: string; readonly v6?: string; readonly file?: string };
  readonly sockets: readonly Socket[];
  readonly sysctls?: { readonly ipForward?: boolean; readonly routeLocalnet?: boolean };
  readonly origin?: Origin;
}

/** What a namespace remembers between packets. */
export interface NamespaceState {
  readonly conntrack: Conntrack;
  /** Connections by the text of the local socket's four parts, see `flowKey`. */
  readonly flows: ReadonlyMap<string, Flow>;
}

/** A connected socket. */
export interface Flow {
  /** `CLIENT_SOCKET` where it was opened from here. */
  readonly endpoint: string;
  readonly uid?: number;
  readonly gid?: number;
  readonly mark?: number;
  readonly transparent: boolean;
}

export type { Conntrack, TrackedConnection };
