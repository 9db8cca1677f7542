import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ChainFacts, pickFilterChain } from "../../src/envoy/index.ts";

const facts = (extra: Partial<ChainFacts> = {}): ChainFacts => ({
  source: { address: "10.9.0.5", port: 40000 },
  destination: { address: "10.96.0.1", port: 80 },
  detected: { transport: "raw_buffer", sni: "", protocols: [] },
  ...extra,
});
const chain = (name: string, filter_chain_match?: object) => ({ name, filter_chain_match });
const range = (address_prefix: string, prefix_len: number) => ({ address_prefix, prefix_len });
const picked = (chains: readonly object[], given: ChainFacts, extra: object = {}): unknown => {
  const result = pickFilterChain({ filter_chains: chains, ...extra }, given);
  return result.type === "chosen" ? result.chain["name"] : `none at ${result.level}`;
};

describe("the choice of a filter chain", () => {
  it("never comes back from a more specific level that then fails", () => {
    const chains = [chain("narrow", { prefix_ranges: [range("10.96.0.0", 24)], source_prefix_ranges: [range("10.20.0.0", 16)] }), chain("wide", { prefix_ranges: [range("10.96.0.0", 16)] })];
    expect(picked(chains, facts())).toBe("none at source_prefix_ranges");
    expect(picked(chains, facts(), { default_filter_chain: { name: "default" } })).toBe("default");
  });

  it("takes the exact server name, then the longest wildcard, then none", () => {
    const chains = [chain("exact", { server_names: ["a.b.test"] }), chain("near", { server_names: ["*.b.test"] }), chain("far", { server_names: ["*.test"] }), chain("any")];
    const by = (sni: string): unknown => picked(chains, facts({ detected: { transport: "tls", sni, protocols: [] } }));
    expect([by("a.b.test"), by("x.b.test"), by("x.y.b.test"), by("c.test"), by("test"), by("")]).toEqual(["exact", "near", "near", "far", "any", "any"]);
  });

  it("asks for the transport protocol before the application protocol", () => {
    const chains = [chain("http", { application_protocols: ["http/1.1"] }), chain("raw", { transport_protocol: "raw_buffer" })];
    expect(picked(chains, facts({ detected: { transport: "raw_buffer", sni: "", protocols: ["http/1.1"] } }))).toBe("raw");
  });

  it("puts a prefix of every address before no prefix", () => {
    expect(picked([chain("none"), chain("all", { prefix_ranges: [range("0.0.0.0", 0)] })], facts())).toBe("all");
  });

  it("counts only 127.0.0.1 and the destination's own address as local", () => {
    const chains = [chain("local", { source_type: "SAME_IP_OR_LOOPBACK" }), chain("any")];
    const from = (address: string): unknown => picked(chains, facts({ source: { address, port: 1 } }));
    expect([from("127.0.0.1"), from("10.96.0.1"), from("127.0.0.9")]).toEqual(["local", "local", "any"]);
  });

  it("does not depend on the order of chains whose matches differ", () => {
    const matches = [{}, { destination_port: 80 }, { destination_port: 81 }, { transport_protocol: "raw_buffer" }, { destination_port: 80, transport_protocol: "raw_buffer" }, { source_prefix_ranges: [range("10.9.0.0", 16)] }];
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 0, max: matches.length - 1 }), { minLength: 1 }), (order) => {
        const chains = order.map((index) => chain(String(index), matches[index]));
        expect(picked([...chains].reverse(), facts())).toBe(picked(chains, facts()));
      }),
    );
  });
});
