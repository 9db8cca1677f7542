import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { annotate } from "../../src/expr/annotate.ts";
import { evaluate } from "../../src/expr/evaluate.ts";
import { printExpression } from "../../src/expr/print.ts";
import { buildMachine, tableOf } from "../../src/pipeline/build-machine.ts";
import { find } from "../../src/pipeline/interpret.ts";
import { readBig, spanIn } from "../../src/pipeline/ranges.ts";
import { places, type Registers, WORD, WORDS } from "../../src/pipeline/registers.ts";
import { logicalFlow, sbDatapath, sbPort, southbound } from "../../src/southbound-row.ts";
import { arbitraryExpression } from "../../src/testing/index.ts";

const ports = ["a", "b"];
const packet = fc.tuple(fc.array(fc.oneof(fc.constantFrom(0, 1, 2, 0xffffffff), fc.integer({ min: 0, max: 0xffffffff })), { minLength: WORDS, maxLength: WORDS }), fc.constantFrom(0x800, 0x86dd, 0x806, 0x8035, 5), fc.constantFrom(1, 6, 17, 58, 132, 2), fc.constantFrom(0, 1, 2), fc.constantFrom(0, 1, 2), fc.constantFrom(133, 134, 135, 136, 8)).map(([words, type, proto, inport, outport, icmp]): Registers => {
  const regs = Uint32Array.from(words);
  // Only the bits that a field has: Open vSwitch keeps no others.
  for (const { word, words: size, shift, width } of places.values()) if (size === 1 && shift + width < 32) regs[word] = (regs[word] as number) & 0xffff;
  for (const word of [WORD.ethSrc, WORD.ethDst, WORD.arpSha, WORD.arpTha]) regs[word] = (regs[word] as number) & 0xffff;
  for (const word of [WORD.tos, WORD.ttl]) regs[word] = (regs[word] as number) & 0xff;
  regs[WORD.frag] = (regs[WORD.frag] as number) & 3;
  regs[WORD.ip6Label] = (regs[WORD.ip6Label] as number) & 0xfffff;
  regs[WORD.tcpFlags] = (regs[WORD.tcpFlags] as number) & 0xfff;
  regs[WORD.portSrc] = icmp;
  regs[WORD.ethType] = type;
  regs[WORD.proto] = proto;
  regs[WORD.inport] = inport;
  regs[WORD.outport] = outport;
  return regs;
});

describe("a compiled match", () => {
  it("says what the definition of the language says", () => {
    fc.assert(fc.property(arbitraryExpression({ ports }), fc.array(packet, { minLength: 5, maxLength: 5 }), (expression, packets) => {
      const text = printExpression(expression);
      const db = southbound({
        datapaths: [sbDatapath({ name: "sw", key: 1, type: "switch", ports: ports.map((name, index) => sbPort({ name, key: index + 1 })), flows: [logicalFlow({ table: 0, match: text, actions: "next;" })] })],
      });
      const machine = buildMachine(db, { isResident: (name) => name === "a" });
      const table = tableOf(machine.datapaths[0] ?? expect.fail("no datapath"), "ingress", 0);
      const annotated = annotate(expression);
      for (const regs of packets) {
        const wanted = evaluate(annotated, {
          field(name) {
            const place = places.get(name) ?? expect.fail(`no place for ${name}`);
            return readBig(spanIn(place, 0, place.width), regs);
          },
          port: (name) => ports[(regs[WORD[name]] as number) - 1] ?? "",
          isResident: (name) => name === "a",
        });
        expect([text, find(machine, table, regs) !== undefined, machine.skipped]).toEqual([text, wanted, []]);
      }
    }), { numRuns: 400 });
  });
});
