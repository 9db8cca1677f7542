import type { Endpoint, Identity, Reply } from "@hopscope/core";
import { type KnownName } from "@hopscope/model-istio";
import { addressesOf, CLUSTER_DOMAIN, type DnsAnswer, type DnsRecord, type Pod, resolvConfOf, type Snapshot } from "@hopscope/model-kubernetes";
import { dnsStep } from "./dns-endpoint.ts";

/** The port of a sidecar's DNS proxy, to which the pod's questions are redirected. */
export const MESH_DNS_PORT = 15053;

/**
 * A sidecar's DNS proxy: it answers names of the mesh by itself and passes the other questions to the pod's own servers.
 *
 * @see Istio 1.18, pkg/dns/client/dns.go
 */
export function meshDnsEndpoint(id: string, identity: Identity, { snapshot, pod, table }: { readonly snapshot: Snapshot; readonly pod: Pod; readonly table: () => readonly KnownName[] }): Endpoint {
  const domain = `${pod.metadata.namespace ?? "default"}.svc.${CLUSTER_DOMAIN}`;
  let names: ReadonlyMap<string, KnownName> | undefined;
  return {
    id,
    system: "dns",
    identity,
    accept: () => undefined,
    serve: (payload, _connection, context): Reply => {
      if (payload.type !== "dns") return { type: "reset", reason: "closed", detail: "a DNS proxy answers DNS only", after: 0 };
      names ??= spelled(table(), pod.metadata.namespace ?? "default");
      const known = find(names, payload.name.toLowerCase().replace(/\.$/, ""), domain);
      if (known !== undefined) {
        const found = answerFrom(known, payload.name, payload.recordType);
        context.record({ ...dnsStep(identity.object, payload, found), stage: "name table" });
        return { type: "dns", rcode: "NOERROR", addresses: addressesOf(found), after: 0 };
      }
      context.record({ system: "dns", place: identity.object, stage: "name table", decisions: [{ table: "dns", rule: `${payload.name} ${payload.recordType}`, verdict: "not a name of the mesh: asked of the pod's servers", origin: { object: "istiod's name table" } }], terms: [] });
      let last: Reply = { type: "dns", rcode: "SERVFAIL", addresses: [], after: 0 };
      for (const address of resolvConfOf(snapshot, pod).nameservers) {
        last = context.exchange({ identity, to: { address, port: 53 }, protocol: "udp", payload });
        if (last.type === "dns") return { ...last, after: 0 };
      }
      return last.type === "unknown" ? last : { type: "dns", rcode: "SERVFAIL", addresses: [], after: 0 };
    },
  };
}

/** Every spelling under which a name is known: Services by their shorter names too, the shortest in their own namespace only. */
function spelled(table: readonly KnownName[], namespace: string): ReadonlyMap<string, KnownName> {
  const names = new Map<string, KnownName>();
  for (const known of table) {
    names.set(known.host.toLowerCase(), known);
    if (known.shortName === undefined || known.namespace === undefined) continue;
    const base = `${known.shortName}.${known.namespace}`;
    for (const suffix of ["", ".svc", ".svc.cluster"]) names.set(`${base}${suffix}`, known);
    if (known.namespace === namespace) names.set(known.shortName, known);
  }
  return names;
}

/** A name as it is, below the first search domain (the resolver's first question), or below a wildcard. */
function find(names: ReadonlyMap<string, KnownName>, asked: string, domain: string): KnownName | undefined {
  const plain = asked.endsWith(`.${domain}`) ? asked.slice(0, -domain.length - 1) : asked;
  const exact = names.get(asked) ?? names.get(plain);
  if (exact !== undefined) return exact;
  for (const name of [asked, plain]) {
    const labels = name.split(".");
    for (let index = 1; index <= labels.length; index++) {
      const wildcard = names.get(["*", ...labels.slice(index)].join("."));
      if (wildcard !== undefined) return wildcard;
    }
  }
  return undefined;
}

function answerFrom(known: KnownName, name: string, type: "A" | "AAAA"): DnsAnswer {
  const records = known.addresses.filter((address) => address.includes(":") === (type === "AAAA")).map((address): DnsRecord => ({ type, name, address }));
  return { code: "NOERROR", records, by: "kubernetes", origin: { object: known.object }, caveats: [] };
}
