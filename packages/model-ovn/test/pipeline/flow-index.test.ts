import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { buildMachine, tableOf } from "../../src/pipeline/build-machine.ts";
import { find } from "../../src/pipeline/interpret.ts";
import { type Registers, WORD, WORDS } from "../../src/pipeline/registers.ts";
import { logicalFlow, sbDatapath, sbPort, southbound } from "../../src/southbound-row.ts";
import type { LogicalFlow, SouthboundDb } from "../../src/southbound.ts";

const small = fc.integer({ min: 0, max: 3 });
const address = small.map((last) => `10.0.0.${last}`);
const port = small.map((number) => `p${number}`);

const atom = fc.oneof(
  fc.constantFrom("1", "0", "ip4", "ip6", "tcp", "!tcp", "ct.new", "!ct.est && ct.trk", "reg0[0] == 1", "ip.ttl == {0, 1}", "eth.mcast", "flags.loopback", "ip4.src == $few", "ip4.dst == $many", "ip4.dst != $few", "inport == @group", "outport == @group"),
  address.map((one) => `ip4.src == ${one}`),
  address.map((one) => `ip4.dst == ${one}/31`),
  fc.array(address, { minLength: 1, maxLength: 3 }).map((list) => `ip4.dst == {${list.join(", ")}}`),
  port.map((name) => `inport == "${name}"`),
  port.map((name) => `outport == "${name}"`),
  small.map((number) => `tcp.dst == ${number}`),
  small.map((number) => `tcp.dst < ${number}`),
  small.map((number) => `tcp.src != ${number}`),
  small.map((number) => `eth.dst == 00:00:00:00:00:0${number}`),
  small.map((number) => `reg1 == ${number}`),
  small.map((number) => `xxreg1[32..63] == ${number}`),
  small.map((number) => `ip6.dst == fd00::${number}/127`),
  small.map((number) => `reg8[16..31] >= ${number}`),
);

const match = fc.letrec<{ tree: string }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3 },
    { arbitrary: atom, weight: 3 },
    { arbitrary: fc.array(tie("tree"), { minLength: 2, maxLength: 3 }).map((parts) => parts.map((part) => `(${part})`).join(" && ")), weight: 2 },
    { arbitrary: fc.array(tie("tree"), { minLength: 2, maxLength: 3 }).map((parts) => parts.map((part) => `(${part})`).join(" || ")), weight: 1 },
    { arbitrary: tie("tree").map((part) => `!(${part})`), weight: 1 },
  ),
})).tree;

const flows = fc.array(fc.record({ match, priority: small }), { minLength: 14, maxLength: 40 }).map((list) =>
  list.map(({ match: text, priority }, index) => logicalFlow({ table: 0, match: text, priority, actions: "next;", uuid: `${(index * 0x9e3779b1 >>> 0).toString(16).padStart(8, "0")}-0000-4000-8000-000000000000` })));

const packet = fc.record({ type: fc.constantFrom(0x800, 0x86dd, 0x806), words: fc.array(small, { minLength: WORDS, maxLength: WORDS }), proto: fc.constantFrom(6, 17, 1) }).map(({ type, words, proto }): Registers => {
  const regs = Uint32Array.from(words);
  regs[WORD.ethType] = type;
  regs[WORD.proto] = proto;
  for (const [word, high] of [[WORD.ip4Src, 0x0a000000], [WORD.ip4Dst, 0x0a000000], [WORD.ctState, 0x20]] as const) regs[word] = (high | (regs[word] as number)) >>> 0;
  regs.set([0xfd000000, 0, 0], WORD.ip6Dst);
  return regs;
});

function databaseOf(rows: readonly LogicalFlow[]): SouthboundDb {
  const ports = [0, 1, 2].map((number) => sbPort({ name: `p${number}`, key: number + 1 }));
  return southbound({
    datapaths: [sbDatapath({ name: "sw", key: 5, type: "switch", ports, flows: rows })],
    addressSets: new Map([["few", ["10.0.0.1", "10.0.0.2"]], ["many", Array.from({ length: 300 }, (_, index) => `10.0.${index >> 7}.${index & 127}`)]]),
    portGroups: new Map([["5_group", ["p0", "p2"]]]),
  });
}

describe("the index of a table", () => {
  it("finds the flow that trying one after the other finds", () => {
    fc.assert(fc.property(flows, fc.array(packet, { minLength: 20, maxLength: 20 }), (rows, packets) => {
      const db = databaseOf(rows);
      const [quick, slow] = [true, false].map((index) => buildMachine(db, { index }));
      for (const regs of packets) {
        const [found, expected] = [quick, slow].map((machine) => {
          const [datapath] = machine?.datapaths ?? [];
          return machine === undefined || datapath === undefined ? undefined : find(machine, tableOf(datapath, "ingress", 0), regs)?.row;
        });
        expect(found).toBe(expected);
      }
    }), { numRuns: 150 });
  });

  it("puts flows with addresses and ports into groups", () => {
    const rows = Array.from({ length: 100 }, (_, index) => logicalFlow({ table: 0, match: `ip4.dst == 10.0.0.${index} && tcp.dst == 80`, actions: "next;", priority: 100 }));
    const machine = buildMachine(databaseOf(rows));
    const [datapath] = machine.datapaths;
    if (datapath === undefined) throw new Error("no datapath");
    const table = tableOf(datapath, "ingress", 0);
    find(machine, table, new Uint32Array(WORDS));
    expect(table.index?.parts.map(({ groups, loose }) => [groups.length, loose.length])).toEqual([[1, 0]]);
  });
});
