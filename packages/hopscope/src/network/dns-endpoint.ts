import type { Endpoint, Identity, Reply, Step } from "@hopscope/core";
import { addressesOf, type DnsAnswer } from "@hopscope/model-kubernetes";

/** What a server says to a question. */
export type AnswerDns = (name: string, type: "A" | "AAAA") => DnsAnswer;

/** A DNS server; `answer` is what it knows and whom it asks. */
export function dnsEndpoint(id: string, identity: Identity, answer: AnswerDns): Endpoint {
  return {
    id,
    system: "dns",
    identity,
    accept: () => undefined,
    serve: (payload, _connection, context): Reply => {
      if (payload.type !== "dns") return { type: "reset", reason: "closed", detail: "a DNS server answers DNS only", after: 0 };
      const found = answer(payload.name, payload.recordType);
      for (const caveat of found.caveats) context.caveat(caveat);
      context.record(dnsStep(identity.object, payload, found));
      if (isUnknown(found)) return { type: "unknown", reason: found.caveats[0]?.problem ?? `the address of "${payload.name}" is not known`, origin: found.origin, after: 0 };
      return { type: "dns", rcode: found.code, addresses: addressesOf(found), after: 0 };
    },
  };
}

/** Whether an answer fails because the snapshot lacks the address, not because a server would. */
export const isUnknown = ({ code, caveats }: DnsAnswer): boolean => code === "SERVFAIL" && caveats.some((caveat) => caveat.code === "dns/ingress-address-unknown");

/** The hop that shows an answer: the name asked for, what was said, and the object that decided. */
export function dnsStep(place: string, asked: { readonly name: string; readonly recordType: string }, found: DnsAnswer): Pick<Step, "system" | "place" | "stage" | "decisions" | "terms"> {
  const forwarded = found.by === "outside";
  const addresses = addressesOf(found);
  const aliases = found.records.flatMap((record) => (record.type === "CNAME" ? [record.target] : []));
  const said = `${found.code}${aliases.length === 0 ? "" : ` CNAME ${aliases.join(", ")}`}${addresses.length === 0 ? "" : ` ${addresses.join(", ")}`}`;
  return {
    system: "dns",
    place,
    stage: forwarded ? "forward" : "zone",
    decisions: [{ table: "dns", rule: `${asked.name} ${asked.recordType}`, verdict: said, origin: found.origin ?? { object: forwarded ? "DNS outside" : "cluster DNS" } }],
    terms: [{ key: forwarded ? "dns/external" : "dns/cluster" }],
  };
}
