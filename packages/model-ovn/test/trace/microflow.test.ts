import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openTrace, parseTraceArguments, trace, TraceProblem } from "../../src/trace/index.ts";
import { wholeMicroflow } from "../../src/trace/microflow.ts";
import { quickMicroflow } from "../../src/trace/quick-microflow.ts";
import { flow, fromA, switchOf } from "./small-network.ts";

const session = openTrace(switchOf([flow(0, "1", "next;")]));
const problem = (...args: readonly string[]): string => {
  try {
    return `a trace: ${trace(session, parseTraceArguments(args))}`;
  } catch (error) {
    if (error instanceof TraceProblem) return error.message;
    throw error;
  }
};
const head = (...args: readonly string[]): string => trace(session, parseTraceArguments(args)).split("\n")[0] ?? "";

describe("a microflow", () => {
  // Sentences and causes: OVN 23.09, lib/expr.c, the comment of expr_parse_microflow.
  it.each([
    ['inport == "a" && tcp.src == 80', /^error parsing flow: Constraints are ambiguous: /],
    ['inport == "a" && ip4 && tcp.src == {80, 81}', /ambiguous/],
    ['inport == "a" && ip4 && ip6', /^error parsing flow: Constraints are contradictory\.$/],
    ['inport == "a" && ip4 &', /^error parsing flow: column 22: /],
    ['inport == "a" && ip4.src == 10.0.0.', /^error parsing flow: column 29: /],
    ['inport == "a" && no.such == 1', /^error parsing flow: column 18: .*expecting field name/],
    ["ip4", "error parsing flow: flow match expression does not match on inport"],
    ['inport == "a" || inport == "b"', "error parsing flow: flow match expression matches on multiple inports"],
    ['inport == "z"', 'unknown port "z"'],
  ])("%s is refused", (text, expected) => {
    expect(problem(text)).toMatch(expected);
  });

  it.each([
    [["nowhere", fromA], 'unknown datapath "nowhere"'],
    [["--ct=maybe", fromA], /maybe: unknown connection tracking state flag/],
    [["--lb-dst=x", fromA], /--lb-dst=x: bad address/],
    [["--select-id=0", fromA], /bad select-id/],
    [["--fast", fromA], /unrecognized option '--fast'/],
    [["--m=1", fromA], /doesn't allow an argument/],
    [["--ct"], /requires an argument/],
    [[], /one or two non-option arguments are required/],
    [["a", "b", "c"], /one or two non-option arguments are required/],
  ])("%j is refused", (args, expected) => {
    expect(problem(...args)).toMatch(expected);
  });

  it("finds its datapath by name or by the beginning of a uuid", () => {
    expect([head("sw", fromA), head("dddd", fromA)]).toEqual([head(fromA), head(fromA)]);
  });

  it.each([["23.03.1", /^# ip,/], ["23.09.3", /^# ip,/], ["23.09.4", /does not specify ingress port/], ["24.03.0", /^# ip,/], ["24.09.1", /does not specify ingress port/]])("without an input port is taken or refused as OVN %s does", (version, expected) => {
    const old = openTrace(switchOf([flow(0, "1", "next;")], { global: { options: { northd_internal_version: `${version}-20.27.0-70.6` }, externalIds: {} } }));
    const answer = (): string => {
      try {
        return trace(old, { datapath: "sw", microflow: "ip4" });
      } catch (error) {
        return error instanceof TraceProblem ? error.message : String(error);
      }
    };
    expect(answer()).toMatch(expected);
  });

  // Forms: Open vSwitch 3.1, lib/match.c match_format.
  it.each([
    ['inport == "a" && eth.type == 0x1234', "# reg14=0x1,vlan_tci=0x0000,dl_src=00:00:00:00:00:00,dl_dst=00:00:00:00:00:00,dl_type=0x1234"],
    ['inport == "a" && vlan.tci == 0x3005 && arp.op == 2 && arp.spa == 1.2.3.4', "# arp,reg14=0x1,dl_vlan=5,dl_vlan_pcp=1,vlan_tci1=0x0000,dl_src=00:00:00:00:00:00,dl_dst=00:00:00:00:00:00,arp_spa=1.2.3.4,arp_tpa=0.0.0.0,arp_op=2,arp_sha=00:00:00:00:00:00,arp_tha=00:00:00:00:00:00"],
    ['inport == "a" && ip6.dst == ::ffff:1.2.3.4 && ip.frag == 1 && tcp.flags == 0x12 && pkt.mark == 7', "# pkt_mark=0x7,tcp6,reg14=0x1,vlan_tci=0x0000,dl_src=00:00:00:00:00:00,dl_dst=00:00:00:00:00:00,ipv6_src=::,ipv6_dst=::ffff:1.2.3.4,ipv6_label=0x00000,nw_tos=0,nw_ecn=0,nw_ttl=0,nw_frag=first,tp_src=0,tp_dst=0,tcp_flags=syn|ack"],
  ])("%s is written as Open vSwitch writes a flow", (text, expected) => {
    expect(head(text)).toBe(expected);
  });

  it("is read in one go as by all rules of the language", () => {
    const part = fc.oneof(
      fc.constantFrom("ip4", "ip6", "ip", "tcp", "udp", "icmp4", "icmp6", "arp", "nd_ns", "ip.ttl == 255", "icmp6.code == 0", "icmp6.type == 135", "ip.proto == 6", "ip.dscp == 3", "ip.ecn == 1", "vlan.present", 'outport == "b"', 'outport == "zz"'),
      fc.constantFrom("ip4.src", "ip4.dst", "arp.spa").chain((name) => fc.ipV4().map((address) => `${name} == ${address}`)),
      fc.ipV6().map((address) => `ip6.src == ${address}`),
      fc.constantFrom("tcp.src", "udp.dst", "ip.ttl", "reg0", "xreg1", "pkt.mark", "ct_mark", "arp.op", "eth.type", "tcp.flags", "ip.frag", "icmp4.type").chain((name) => fc.oneof(fc.integer({ min: 0, max: 70_000 }).map((value) => `${name}==${value}`), fc.integer({ min: 0, max: 255 }).map((value) => `${name} == 0x${value.toString(16)}`))),
      fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 6, maxLength: 6 }).map((bytes) => `eth.src == ${bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(":")}`),
    );
    const whole = (text: string): string => {
      try {
        return wholeMicroflow(session.machine, text, undefined).regs.join();
      } catch (error) {
        if (error instanceof TraceProblem) return error.message;
        throw error;
      }
    };
    fc.assert(fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
      const text = ['inport == "a"', ...parts].join(" && ");
      const quick = quickMicroflow(session.machine, text, undefined);
      if (quick !== undefined) expect(quick.regs.join()).toBe(whole(text));
    }), { numRuns: 1000 });
  });

  it("is answered or refused, whatever it is", () => {
    const word = fc.oneof(fc.constantFrom("inport", "==", '"a"', "&&", "||", "!", "(", ")", "ip4", "tcp.src", "80", "0x", "{", "}", "$as", "@pg", "[0..3]", "..", '"', "\\", "1", "ip6.dst", "fe80::", "/", "is_chassis_resident(\"a\")", "nd.target", "^T", "<", "!=", "ct.new", "\u{1f600}"), fc.string({ maxLength: 6 }));
    fc.assert(fc.property(fc.array(word, { maxLength: 12 }), fc.boolean(), (words, anchored) => {
      const text = (anchored ? 'inport == "a" && ' : "") + words.join(" ");
      expect(problem(...(words.length % 3 === 0 ? ["sw", text] : [text])).length).toBeGreaterThan(0);
    }), { numRuns: 2000 });
    fc.assert(fc.property(fc.array(fc.oneof(word, fc.constantFrom("--ct", "--ct=new", "--all", "--min", "--lb-dst=1.2.3.4:5", "--select-id", "--", "-x", fromA)), { maxLength: 5 }), (args) => {
      expect(problem(...args).length).toBeGreaterThan(0);
    }), { numRuns: 1000 });
  });
});
