import type { Caveat, Origin } from "@hopscope/core";

export type DnsType = "A" | "AAAA" | "CNAME" | "SRV";

/** One record of an answer. */
export type DnsRecord =
  | { readonly type: "A" | "AAAA"; readonly name: string; readonly address: string }
  | { readonly type: "CNAME"; readonly name: string; readonly target: string }
  | { readonly type: "SRV"; readonly name: string; readonly target: string; readonly port: number };

/** What a DNS server says: `NOERROR` without records of the type asked for means that the name is there and the type is not. */
export interface DnsAnswer {
  readonly code: "NOERROR" | "NXDOMAIN" | "SERVFAIL";
  readonly records: readonly DnsRecord[];
  /** What decided: the Service, the record, the zone. */
  readonly origin?: Origin;
  readonly by: "kubernetes" | "outside" | "hosts";
  readonly caveats: readonly Caveat[];
}

/** Addresses in an answer, in its order. */
export const addressesOf = (answer: DnsAnswer): readonly string[] => answer.records.flatMap((record) => (record.type === "A" || record.type === "AAAA" ? [record.address] : []));

/** The records of a type for addresses of either family. */
export function addressRecords(name: string, type: DnsType, addresses: readonly string[]): readonly DnsRecord[] {
  if (type !== "A" && type !== "AAAA") return [];
  return [...new Set(addresses)].filter((address) => address.includes(":") === (type === "AAAA")).map((address) => ({ type, name, address }));
}

/** Names are compared in lower case and without the dot at their end. */
export const normalName = (name: string): string => name.toLowerCase().replace(/\.$/, "");
