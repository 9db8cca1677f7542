import type { Caveat, Resolver } from "@hopscope/core";
import { addressesOf, clusterDnsAddresses, clusterDnsAnswer, type DnsAnswer, hostsAnswer, isPod, outsideAnswer, podsOf, resolvConfOf, searchNames, type Snapshot } from "@hopscope/model-kubernetes";
import { isUnknown } from "./dns-endpoint.ts";
import { isDnsServer } from "./roles.ts";
import type { Seat } from "./cluster-network.ts";

/** How one name becomes addresses for one sender: known without asking, or asked of servers on the network. */
export interface Resolving {
  readonly addresses?: readonly string[];
  readonly resolver?: Resolver;
  /** Why the address is not known. */
  readonly unresolved?: string;
  readonly caveats: readonly Caveat[];
}

type Type = "A" | "AAAA";

/** Families a sender asks for: of those it has addresses of; IPv6 comes first where it has both (RFC 6724, as glibc sorts). */
function typesOf(addresses: readonly string[]): readonly Type[] {
  const six = addresses.some((address) => address.includes(":"));
  const four = addresses.some((address) => !address.includes(":"));
  if (six && four) return ["AAAA", "A"];
  return six ? ["AAAA"] : ["A"];
}

/**
 * Resolves as the sender's own resolver would: a pod by `/etc/hosts` and its `resolv.conf`, nodes and hosts outside by the DNS outside.
 *
 * Where the snapshot holds no cluster DNS that could be asked, its answer is taken without a question on the network, as a caveat.
 */
export function resolvingOf(snapshot: Snapshot, seat: Seat, host: string): Resolving {
  const types = typesOf(seat.addresses);
  const { pod } = seat;
  if (pod === undefined || !isPod(pod)) return unasked([host.replace(/\.$/, "")], types, (name, type) => outsideAnswer(snapshot, name, type));
  const local = types.flatMap((type) => addressesOf(hostsAnswer(pod, host, type) ?? nothing));
  if (local.length > 0) return { addresses: local, caveats: [] };
  const conf = resolvConfOf(snapshot, pod);
  const names = searchNames(host, conf);
  if (conf.asks === "node" && conf.nameservers.length === 0) return unasked(names, types, (name, type) => outsideAnswer(snapshot, name, type));
  if (conf.asks === "node" || servesDns(snapshot)) return { resolver: { servers: conf.nameservers.map((address) => ({ address, port: 53 })), names, types }, caveats: [] };
  const found = unasked(names, types, (name, type) => clusterDnsAnswer(snapshot, name, type));
  if (found.addresses === undefined) return found;
  const problem = `the snapshot has no cluster DNS that could be asked (Service and pods of openshift-dns); "${host}" is assumed to resolve to ${found.addresses.join(" and ")}, and the question is left out`;
  return { ...found, caveats: [...found.caveats, { code: "assumed/dns-server", problem }] };
}

const nothing: DnsAnswer = { code: "NXDOMAIN", records: [], by: "hosts", caveats: [] };

/** Whether packets to the cluster's DNS would meet a server. */
function servesDns(snapshot: Snapshot): boolean {
  return clusterDnsAddresses(snapshot).caveats.length === 0 && podsOf(snapshot).some(isDnsServer);
}

/** Answers without a question on the network; names that nobody knows are left to a resolver without servers, which finds nothing. */
function unasked(names: readonly string[], types: readonly Type[], ask: (name: string, type: Type) => DnsAnswer): Resolving {
  const caveats: Caveat[] = [];
  for (const name of names) {
    const answers = types.map((type) => ask(name, type));
    caveats.push(...answers.flatMap((answer) => answer.caveats));
    const addresses = answers.flatMap(addressesOf);
    if (addresses.length > 0) return { addresses, caveats };
    // Our not knowing the address is no answer of any server.
    const unknown = answers.find(isUnknown);
    if (unknown !== undefined) return { caveats, unresolved: unknown.caveats[0]?.problem };
    if (answers.some(({ code }) => code === "SERVFAIL")) break;
  }
  return { resolver: { servers: [], names, types }, caveats };
}
