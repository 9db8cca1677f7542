import type { SocketAddress } from "@hopscope/core";
import { prefixLength } from "./address.ts";
import type { Detected } from "./inspect.ts";
import { isObject, type Json, list, numberOf, object, text, texts, values } from "./json.ts";

export interface ChainFacts {
  readonly source: SocketAddress;
  readonly destination: SocketAddress;
  readonly detected: Detected;
}

/** One level of the match: what of the chains that are left goes on. */
interface Level {
  readonly name: string;
  readonly keep: (chains: readonly Json[], facts: ChainFacts) => readonly Json[];
}

const matchOf = (chain: Json): Json => object(chain["filter_chain_match"]);

/** Keeps the chains that hold the most specific of the wanted values, else those that ask for none. */
const byValues =
  (valuesOf: (match: Json) => readonly unknown[], wanted: (facts: ChainFacts) => readonly unknown[]): Level["keep"] =>
  (chains, facts) => {
    for (const value of wanted(facts)) {
      const exact = chains.filter((chain) => valuesOf(matchOf(chain)).includes(value));
      if (exact.length > 0) return exact;
    }
    return chains.filter((chain) => valuesOf(matchOf(chain)).length === 0);
  };

/** Less specific than every prefix, `0.0.0.0/0` too, but no mismatch (-1). */
const NO_RANGE = -0.5;

/** Keeps the chains with the longest prefix around an address; no ranges count as the shortest. */
const byPrefix =
  (field: string, address: (facts: ChainFacts) => string): Level["keep"] =>
  (chains, facts) => {
    const lengths = chains.map((chain) => {
      const ranges = list(matchOf(chain)[field]);
      return ranges.length === 0 ? NO_RANGE : Math.max(...ranges.map((range) => prefixLength(range, address(facts))));
    });
    const longest = Math.max(...lengths);
    return longest === -1 ? [] : chains.filter((_, index) => lengths[index] === longest);
  };

function suffixes(sni: string): readonly string[] {
  if (sni === "") return [];
  const labels = sni.split(".");
  return [sni, ...labels.slice(1).map((_, index) => `*.${labels.slice(index + 1).join(".")}`)];
}

const one = (value: unknown): readonly unknown[] => (value === undefined || value === "" || value === 0 ? [] : [value]);
const sourceType = (match: Json): string => text(match["source_type"]) ?? "ANY";
const isLocal = ({ source, destination }: ChainFacts): boolean => source.address === destination.address || source.address === "127.0.0.1" || source.address === "::1";

const bySourceType: Level["keep"] = (chains, facts) => {
  const type = isLocal(facts) ? "SAME_IP_OR_LOOPBACK" : "EXTERNAL";
  const typed = chains.filter((chain) => sourceType(matchOf(chain)) === type);
  return typed.length > 0 ? typed : chains.filter((chain) => sourceType(matchOf(chain)) === "ANY");
};

const LEVELS: readonly Level[] = [
  { name: "destination_port", keep: byValues((match) => one(numberOf(match["destination_port"])), ({ destination }) => [destination.port]) },
  { name: "prefix_ranges", keep: byPrefix("prefix_ranges", ({ destination }) => destination.address) },
  { name: "server_names", keep: byValues((match) => texts(match["server_names"]).map((name) => name.toLowerCase()).filter((name) => name !== "*"), ({ detected }) => suffixes(detected.sni)) },
  { name: "transport_protocol", keep: byValues((match) => one(match["transport_protocol"]), ({ detected }) => [detected.transport]) },
  { name: "application_protocols", keep: byValues((match) => texts(match["application_protocols"]), ({ detected }) => detected.protocols) },
  { name: "direct_source_prefix_ranges", keep: byPrefix("direct_source_prefix_ranges", ({ source }) => source.address) },
  { name: "source_type", keep: bySourceType },
  { name: "source_prefix_ranges", keep: byPrefix("source_prefix_ranges", ({ source }) => source.address) },
  { name: "source_ports", keep: byValues((match) => values(match["source_ports"]), ({ source }) => [source.port]) },
];

export type PickedChain =
  | { readonly type: "chosen"; readonly chain: Json; readonly by: "match" | "default" }
  /** `level` is the field at which the last chains fell out; `lost` those chains. */
  | { readonly type: "none"; readonly level: string; readonly lost: readonly Json[] };

/**
 * Picks the filter chain for a new connection.
 *
 * Chains are narrowed level by level. A chain that does not match at one level is gone for the later ones,
 * so a chain without conditions can lose to one that then fails further down.
 *
 * @see Envoy 1.26, source/common/listener_manager/filter_chain_manager_impl.cc
 * @example
 * pickFilterChain({ filter_chains: [{ name: "all" }] }, facts).type // "chosen"
 */
export function pickFilterChain(listener: Json, facts: ChainFacts): PickedChain {
  let left = list(listener["filter_chains"]);
  let lost: { readonly level: string; readonly chains: readonly Json[] } | undefined;
  for (const level of LEVELS) {
    if (left.length === 0) break;
    const kept = level.keep(left, facts);
    if (kept.length === 0) lost = { level: level.name, chains: left };
    left = kept;
  }
  const [chain] = left;
  if (chain !== undefined) return { type: "chosen", chain, by: "match" };
  const fallback = listener["default_filter_chain"];
  return isObject(fallback) ? { type: "chosen", chain: fallback, by: "default" } : { type: "none", level: lost?.level ?? "filter_chains", lost: lost?.chains ?? [] };
}
