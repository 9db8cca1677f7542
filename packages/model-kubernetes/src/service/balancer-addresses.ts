import type { Snapshot } from "../snapshot.ts";
import { hashOf, nthAddress } from "../workload/address-pool.ts";
import type { Service } from "./service.ts";

/** 203.0.113.0/24, which is kept for examples (RFC 5737). */
const EXAMPLES = { family: 4, base: 0xcb007100n, length: 24 } as const;

/** An address made up out of a text, the same each time. */
export const exampleAddress = (text: string): string => nthAddress(EXAMPLES, 1 + (hashOf(text) % 254));

/** One address at which a Service's load balancer is reached. */
export interface BalancerAddress {
  readonly address: string;
  /** The name under which the load balancer is known, where it has no address of its own in the status. */
  readonly hostname?: string;
  /** Nothing states the address: it was made up. */
  readonly assumed: boolean;
}

/**
 * The addresses of a Service's load balancer: those of its status; for a name, as clouds give it, what the DNS outside says of the name,
 * else an address made up out of it.
 */
export function balancersOf(snapshot: Pick<Snapshot, "cluster">, service: Service): readonly BalancerAddress[] {
  if (service.spec.type !== "LoadBalancer") return [];
  return (service.status?.loadBalancer?.ingress ?? []).flatMap(({ ip, hostname }): readonly BalancerAddress[] => {
    if (ip !== undefined && ip !== "") return [{ address: ip, assumed: false }];
    if (hostname === undefined || hostname === "") return [];
    const name = hostname.toLowerCase().replace(/\.$/, "");
    const record = snapshot.cluster.outside.dns.find((one) => one.name.toLowerCase().replace(/\.$/, "") === name);
    if (record !== undefined) return record.addresses.map((address) => ({ address, hostname: name, assumed: false }));
    return [{ address: exampleAddress(name), hostname: name, assumed: true }];
  });
}

export const balancerAddresses = (snapshot: Pick<Snapshot, "cluster">, service: Service): readonly string[] => balancersOf(snapshot, service).map(({ address }) => address);
