import type { Caveat } from "@hopscope/core";
import { originOf } from "../resource.ts";
import type { Snapshot } from "../snapshot.ts";
import { addressValue } from "../workload/address-pool.ts";
import type { Pod } from "../workload/pod.ts";
import { addressesOf, addressRecords, type DnsAnswer, type DnsType, normalName } from "./answer.ts";
import { clusterDnsAnswer } from "./cluster-dns-answer.ts";
import { outsideAnswer } from "./outside-answer.ts";
import { resolvConfOf, type ResolvConf, searchNames } from "./search-names.ts";

/** One question to a server and what it said. */
export interface Lookup {
  readonly name: string;
  readonly type: DnsType;
  readonly answer: DnsAnswer;
}

/** A name looked up: all questions in their order; `addresses` is empty when the name is not known. */
export interface Resolution {
  readonly addresses: readonly string[];
  /** The answer that settled it, or the last one. */
  readonly answer?: DnsAnswer;
  readonly lookups: readonly Lookup[];
  readonly resolvConf?: ResolvConf;
  readonly caveats: readonly Caveat[];
}

/**
 * Looks a name up as a program in a pod does: `/etc/hosts`, then each name of the search path in turn.
 *
 * An answer without addresses, or "not there", goes on to the next name; a server's failure ends the search.
 */
export function resolveInCluster(snapshot: Snapshot, pod: Pod, question: { readonly name: string; readonly type?: DnsType }): Resolution {
  const { name, type = "A" } = question;
  const local = hostsAnswer(pod, name, type);
  if (local !== undefined) return { addresses: addressesOf(local), answer: local, lookups: [], caveats: [] };
  const resolvConf = resolvConfOf(snapshot, pod);
  const ask = resolvConf.asks === "cluster" ? clusterDnsAnswer : outsideAnswer;
  return { ...inTurn(searchNames(name, resolvConf), type, (asked) => ask(snapshot, asked, type)), resolvConf };
}

/** Looks a name up as a client outside, or a node, does. */
export function resolveOutside(snapshot: Snapshot, question: { readonly name: string; readonly type?: DnsType }): Resolution {
  const { name, type = "A" } = question;
  if (addressValue(name) !== undefined) return { addresses: [name], lookups: [], caveats: [] };
  return inTurn([normalName(name)], type, (asked) => outsideAnswer(snapshot, asked, type));
}

function inTurn(names: readonly string[], type: DnsType, ask: (name: string) => DnsAnswer): Resolution {
  const lookups: Lookup[] = [];
  for (const name of names) {
    const answer = ask(name);
    lookups.push({ name, type, answer });
    if (answer.code === "SERVFAIL" || answer.records.some((record) => record.type === type)) break;
  }
  const answer = lookups.at(-1)?.answer;
  const addresses = answer === undefined ? [] : addressesOf(answer);
  return { addresses, answer, lookups, caveats: lookups.flatMap((lookup) => lookup.answer.caveats) };
}

/** What a pod's `/etc/hosts` says of a name: itself and its host aliases, `localhost`; addresses stand for themselves. */
export function hostsAnswer(pod: Pod, name: string, type: DnsType): DnsAnswer | undefined {
  const asked = normalName(name);
  const found = (addresses: readonly string[]): DnsAnswer => ({ code: "NOERROR", records: addressRecords(asked, type, addresses), by: "hosts", origin: originOf(pod), caveats: [] });
  if (addressValue(name) !== undefined) return { ...found([]), records: [{ type: name.includes(":") ? "AAAA" : "A", name: asked, address: name }] };
  if (asked === "localhost") return found(["127.0.0.1", "::1"]);
  const aliases = pod.spec.hostNetwork === true && pod.spec.hostAliases === undefined ? [] : (pod.spec.hostAliases ?? []).filter((alias) => (alias.hostnames ?? []).some((host) => normalName(host) === asked));
  if (aliases.length > 0) return found(aliases.map((alias) => alias.ip));
  const own = normalName(pod.spec.hostname ?? pod.metadata.name);
  const ips = (pod.status?.podIPs ?? []).map((entry) => entry.ip);
  return asked === own && ips.length > 0 ? found(ips) : undefined;
}
