import type { Origin } from "@hopscope/core";

/** An inclusive range of numbers: ports, user ids. */
export interface Span {
  readonly first: number;
  readonly last: number;
}

/** What `iptables-save` prints, as a value. One for IPv4 and one for IPv6. */
export interface Ruleset {
  readonly family: 4 | 6;
  readonly tables: readonly Table[];
}
export type TableName = "raw" | "mangle" | "nat" | "filter" | "security";
export interface Table {
  readonly name: TableName;
  readonly chains: readonly Chain[];
}
export interface Chain {
  readonly name: string;
  /** Built-in chains have one. */
  readonly policy?: "ACCEPT" | "DROP";
  readonly rules: readonly Rule[];
}
export interface Rule {
  readonly matches: readonly Match[];
  /** A rule without target only counts. */
  readonly target?: Target;
  /** The rule's own text, from `-A` on. */
  readonly text: string;
  readonly origin: Origin;
}

export type AddressType = "UNSPEC" | "UNICAST" | "LOCAL" | "BROADCAST" | "ANYCAST" | "MULTICAST" | "BLACKHOLE" | "UNREACHABLE" | "PROHIBIT";
interface Negatable {
  readonly not: boolean;
}
export type Match =
  | ({ readonly type: "source" | "destination"; readonly ranges: readonly string[] } & Negatable)
  | ({ readonly type: "in-interface" | "out-interface"; readonly name: string } & Negatable)
  /** A lower-case name or a number. */
  | ({ readonly type: "protocol"; readonly protocol: string } & Negatable)
  | ({ readonly type: "port"; readonly module: "tcp" | "udp" | "sctp"; readonly side: "source" | "destination"; readonly ports: Span } & Negatable)
  | ({ readonly type: "multiport"; readonly side: "source" | "destination" | "either"; readonly ports: readonly Span[] } & Negatable)
  | ({ readonly type: "tcp-flags"; readonly mask: readonly string[]; readonly set: readonly string[] } & Negatable)
  | ({ readonly type: "icmp"; readonly icmpType: number; readonly codes?: Span; readonly name: string; readonly version: 4 | 6 } & Negatable)
  | ({ readonly type: "owner"; readonly of: "uid" | "gid"; readonly ids: Span } & Negatable)
  | ({ readonly type: "owner-socket" } & Negatable)
  | ({ readonly type: "mark" | "connmark"; readonly value: number; readonly mask: number } & Negatable)
  | ({ readonly type: "ct-state"; readonly module: "conntrack" | "state"; readonly states: readonly string[] } & Negatable)
  | ({ readonly type: "ct-address"; readonly field: "origsrc" | "origdst" | "replsrc" | "repldst"; readonly range: string } & Negatable)
  | ({ readonly type: "ct-port"; readonly field: "origsrcport" | "origdstport" | "replsrcport" | "repldstport"; readonly ports: Span } & Negatable)
  | ({ readonly type: "ct-protocol"; readonly protocol: string } & Negatable)
  | ({ readonly type: "ct-direction"; readonly direction: "original" | "reply" } & Negatable)
  | ({ readonly type: "address-type"; readonly side: "src" | "dst"; readonly types: readonly string[]; readonly limit?: "in" | "out" } & Negatable)
  | { readonly type: "socket"; readonly transparent: boolean; readonly nowildcard: boolean; readonly restoreMark: boolean }
  | ({ readonly type: "random"; readonly probability: number } & Negatable)
  | ({ readonly type: "nth"; readonly every: number; readonly packet: number } & Negatable)
  | { readonly type: "comment"; readonly comment: string }
  /** Read, not modelled. `words` are the module's options as written. */
  | { readonly type: "unknown"; readonly module: string; readonly words: readonly string[] };

export type Target =
  | { readonly type: "accept" | "drop" | "return" }
  | { readonly type: "reject"; readonly with?: string }
  | { readonly type: "jump" | "goto"; readonly chain: string }
  | { readonly type: "redirect"; readonly ports?: Span; readonly random?: string }
  | { readonly type: "dnat" | "snat"; readonly to: string; readonly addresses?: { readonly first: string; readonly last: string }; readonly ports?: Span; readonly flags: readonly string[] }
  | { readonly type: "masquerade"; readonly ports?: Span; readonly flags: readonly string[] }
  /** mark = (mark & ~mask) ^ value. */
  | { readonly type: "mark"; readonly value: number; readonly mask: number }
  | { readonly type: "connmark-set"; readonly value: number; readonly mask: number }
  | { readonly type: "connmark-save" | "connmark-restore"; readonly nfmask: number; readonly ctmask: number }
  | { readonly type: "tproxy"; readonly port: number; readonly address?: string; readonly value: number; readonly mask: number }
  | { readonly type: "ct"; readonly zone?: number; readonly notrack: boolean; readonly words: readonly string[] }
  /** Leaves the packet's way as it is: LOG, TRACE, NFLOG … */
  | { readonly type: "passive"; readonly name: string; readonly words: readonly string[] }
  /** Not modelled. */
  | { readonly type: "unknown"; readonly name: string; readonly words: readonly string[] };

/** Finds a chain of a table. */
export const chainOf = (ruleset: Ruleset, table: TableName, chain: string): Chain | undefined =>
  ruleset.tables.find(({ name }) => name === table)?.chains.find(({ name }) => name === chain);
