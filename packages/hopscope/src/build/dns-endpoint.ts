import type { Endpoint, Identity, Reply } from "@hopscope/core";

export interface DnsAnswer {
  readonly rcode: "NOERROR" | "NXDOMAIN" | "SERVFAIL";
  readonly addresses: readonly string[];
  /** Said in the hop: which record or object answered. */
  readonly because: string;
  readonly object: string;
  readonly caveats?: readonly { readonly code: string; readonly problem: string }[];
  /** The answer came from a resolver outside. */
  readonly forwarded?: boolean;
}

/** A DNS server; `answer` is the zone it knows. */
export function dnsEndpoint(id: string, identity: Identity, answer: (name: string, type: "A" | "AAAA") => DnsAnswer): Endpoint {
  return {
    id,
    system: "dns",
    identity,
    accept: () => undefined,
    serve: (payload, _connection, context): Reply => {
      if (payload.type !== "dns") return { type: "reset", reason: "closed", detail: "a DNS server answers DNS only", after: 0 };
      const found = answer(payload.name, payload.recordType);
      for (const caveat of found.caveats ?? []) context.caveat(caveat);
      context.record({
        system: "dns",
        place: identity.object,
        stage: found.forwarded === true ? "forward" : "zone",
        decisions: [{ table: "dns", rule: `${payload.name} ${payload.recordType}`, verdict: `${found.rcode}${found.addresses.length === 0 ? "" : ` ${found.addresses.join(", ")}`} (${found.because})`, origin: { object: found.object } }],
        terms: [{ key: found.forwarded === true ? "dns/external" : "dns/cluster" }],
      });
      return { type: "dns", rcode: found.rcode, addresses: found.addresses, after: 0 };
    },
  };
}
