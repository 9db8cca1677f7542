import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Action, type ActionContext, parseActions, printActions } from "../../src/actions/index.ts";
import { OvnSyntaxError, printExpression, symbolTable } from "../../src/expr/index.ts";
import { arbitraryActions } from "../../src/testing/index.ts";

const context: ActionContext = { pipeline: "ingress", table: 10, tables: 24 };
const parse = (text: string, more: Partial<ActionContext> = {}): readonly Action[] => parseActions(text, { ...context, ...more }).actions;
const problem = (text: string, more: Partial<ActionContext> = {}): string => {
  try {
    return `reads ${printActions(parse(text, more))}`;
  } catch (error) {
    if (error instanceof OvnSyntaxError) return `${error.at}: ${error.problem}`;
    throw error;
  }
};
const field = (name: string) => ({ symbol: symbolTable().get(name), low: 0, width: (symbolTable().get(name) as { width?: number }).width ?? 0 });
const v4 = (value: bigint) => ({ family: 4, value });

describe("actions as data", () => {
  it("gives a load balancer's backends as addresses and ports", () => {
    expect(parse('ct_lb_mark(backends=10.0.0.1:80,[fd00::1]:8080,10.0.0.2; hash_fields="ip_src,ip_dst"; force_snat);')).toEqual([{
      type: "ct_lb_mark", table: 11, hashFields: "ip_src,ip_dst", flag: "force_snat",
      backends: [{ address: v4(0x0a000001n), port: 80 }, { address: { family: 6, value: 0xfd000000000000000000000000000001n }, port: 8080 }, { address: v4(0x0a000002n), port: 0 }],
    }]);
  });

  it("gives a translation's address and ports", () => {
    expect(parse("ct_snat(10.0.0.1, 1000-2000); ct_dnat_in_czone;")).toEqual([{ type: "ct_snat", address: v4(0x0a000001n), ports: { low: 1000, high: 2000 }, table: 11 }, { type: "ct_dnat_in_czone", table: 11 }]);
  });

  it("gives the place that a packet goes to", () => {
    const from = { pipeline: "ingress", table: 10 };
    expect(parse("next; next(3); next(pipeline=egress,table=6); next(pipeline=egress);")).toEqual([
      { type: "next", to: { pipeline: "ingress", table: 11 }, from }, { type: "next", to: { pipeline: "ingress", table: 3 }, from },
      { type: "next", to: { pipeline: "egress", table: 6 }, from }, { type: "next", to: { pipeline: "egress", table: 11 }, from },
    ]);
  });

  it("gives fields with the bits that were chosen", () => {
    expect(parse("xreg0[0..47] = 0a:58:0a:80:00:01; reg0 = ip4.dst; eth.src <-> eth.dst; outport = \"a\";")).toEqual([
      { type: "load", to: { symbol: symbolTable().get("xreg0"), low: 0, width: 48 }, value: { type: "integer", value: 0x0a580a800001n, format: "ethernet" } },
      { type: "move", to: field("reg0"), from: field("ip4.dst") },
      { type: "exchange", left: field("eth.src"), right: field("eth.dst") },
      { type: "load", to: field("outport"), value: { type: "string", text: "a" } },
    ]);
  });

  it("gives options with their numbers and values", () => {
    expect(parse('reg0[3] = put_dhcp_opts(offerip = 10.0.0.4, router = 10.0.0.1, dns_server = {8.8.8.8, 8.8.4.4}, hostname = "a");')).toEqual([{
      type: "put_dhcp_opts", to: { symbol: symbolTable().get("reg0"), low: 3, width: 1 },
      options: [
        { name: "offerip", code: 0, values: [{ type: "integer", value: 0x0a000004n, format: "ipv4" }], braces: false },
        { name: "router", code: 3, values: [{ type: "integer", value: 0x0a000001n, format: "ipv4" }], braces: false },
        { name: "dns_server", code: 6, values: [{ type: "integer", value: 0x08080808n, format: "ipv4" }, { type: "integer", value: 0x08080404n, format: "ipv4" }], braces: true },
        { name: "hostname", code: 12, values: [{ type: "string", text: "a" }], braces: false },
      ],
    }]);
  });

  it("gives lists within lists, and nothing for a drop", () => {
    expect(parse("clone { outport = inport; icmp4 { output; }; };")).toEqual([{ type: "clone", actions: [{ type: "move", to: field("outport"), from: field("inport") }, { type: "icmp4", actions: [{ type: "output" }] }] }]);
    expect(parse("drop;")).toEqual([]);
    expect(parse("/* drop */")).toEqual([]);
    expect(parse("ct_commit { };")).toEqual([{ type: "ct_commit", actions: [] }]);
    expect(parse("set_queue(; next;").map(({ type }) => type)).toEqual(["next"]);
  });

  it("gives an affinity's addresses, protocol and time", () => {
    expect(parse('commit_lb_aff(vip = "[fd00::10]:80", backend = "[fd00::1]:8080", proto = udp, timeout = 30);')).toEqual([{
      type: "commit_lb_aff", vip: { address: { family: 6, value: 0xfd000000000000000000000000000010n }, port: 80 },
      backend: { address: { family: 6, value: 0xfd000000000000000000000000000001n }, port: 8080 }, protocol: "udp", timeout: 30,
    }]);
  });
});

describe("the canonical form", () => {
  it.each([
    ["next(11);", "next;"], ["next(table=11);", "next;"], ["reg0[0..31] = 5;", "reg0 = 5;"], ["ct_lb();", "ct_lb;"], ["ct_commit(ct_mark=1/3,ct_label=0x10);", "ct_commit(ct_mark=0x1/0x3, ct_label=0x10);"],
    ["ct_commit();", "ct_commit;"], ["reg8[16..31] = select(7, 8=5);", "reg8[16..31] = select(7=100, 8=5);"], ['fwd_group(liveness="true", childports="a","b");', 'fwd_group(liveness="true", childports="a", "b");'],
    ["log(verdict=allow);", "log(verdict=allow, severity=info);"], ["set_meter(100,0);", "set_meter(100);"], ["set_meter(100, 50);", "set_meter(100, 50);"], ["icmp4.frag_mtu = 1400;", "icmp4.frag_mtu = 1400;"],
    ["handle_bfd_msg ( ) ;", "handle_bfd_msg();"], ['bind_vport("a", inport);', 'bind_vport("a", inport);'], ["ip6.src = FE80::1;", "ip6.src = fe80::1;"], ["arp { drop; };", "arp { drop; };"],
    ["sample(probability=1,collector_set=2,obs_domain=3,obs_point=$cookie);", "sample(probability=1,collector_set=2,obs_domain=3,obs_point=$cookie);"],
    ['reg0[0] = put_nd_ra_opts(addr_mode = "slaac", mtu = 1450, prefix = aef0::/64, slla = ae:01:02:03:04:05);', 'reg0[0] = put_nd_ra_opts(addr_mode = "slaac", mtu = 1450, prefix = aef0::/64, slla = ae:01:02:03:04:05);'],
  ])("writes %s as %s", (text, form) => {
    expect(printActions(parse(text))).toBe(form);
    expect(parse(form)).toEqual(parse(printActions(parse(form))));
  });
});

describe("what actions need", () => {
  it.each([
    ["ip.ttl--; tcp.dst = 80;", "ip && ip.proto == 0x6 && (eth.type == 0x800 || eth.type == 0x86dd)"],
    ["arp { arp.op = 1; tcp.dst = 1; }; output;", "ip4"],
    ["ip4.src = 1.2.3.4; clone { ip.ttl--; };", "ip && eth.type == 0x800"],
    ["ct.trk <-> ct.trk;", ""],
  ])("of %s is %s", (text, needs) => {
    if (needs === "") return expect(problem(text)).toBe("17: Field ct.trk is not modifiable.");
    const { prerequisites } = parseActions(text, context);
    expect(prerequisites === undefined ? "" : printExpression(prerequisites)).toBe(needs);
  });
});

describe("what actions may not say", () => {
  it.each([
    ["next", "4: Syntax error at end of input expecting `;'."], ["next; drop;", "6: Syntax error at `drop' expecting action."], ["drop; next;", "6: Syntax error at `next' expecting end of input."],
    ["next();", "5: Syntax error at `)' expecting \"pipeline\" or \"table\"."], ["next(pipeline=up);", "14: Syntax error at `up' expecting \"ingress\" or \"egress\"."],
    ["ip4 = 1;", "4: Predicate symbol ip4 used where lvalue required."], ["ct_mark = 1;", "10: Field ct_mark is not modifiable."], ["ct_commit { eth.src = eth.dst; };", "29: Field eth.src is not modifiable."],
    ["reg0 = eth.src;", "14: Can't assign 48-bit value to 32-bit destination."], ["outport = reg0;", "14: Can't assign integer field (reg0) to string field (outport)."],
    ["reg0 = \"a\";", "10: Integer field reg0 is not compatible with string constant."], ["ip4.src = ::1;", "13: 128-bit constant is not compatible with 32-bit field ip4.src."], ["reg0 = $as;", "7: Syntax error at `$as' expecting address set name."],
    ["reg0 5;", "0: Syntax error at `reg0' expecting action."], ["reg0[0..1] 5;", "11: Syntax error at `5' expecting `=' or `<->'."], ["get_arp(reg0, reg1);", "12: Cannot use numeric field reg0 where string field is required."],
    ["reg0[1..2] = chk_lb_aff();", "25: Cannot use 2-bit field reg0[1..2] where 1-bit field is required."], ["reg0[1] = chk_lb_aff(1);", "21: chk_lb_aff doesn't take any parameters"],
    ["ct_dnat(10.0.0.0/8);", "8: Syntax error at `10.0.0.0/8' expecting IPv4 or IPv6 address."], ["ct_dnat(10.0.0.1,5-4);", "19: Syntax error at `4' range high should be greater than range low."],
    ["ct_lb(backends=fd00::1:80,1);", "26: Syntax error at `1' expecting IP address."], ["reg8[16..31] = select(1);", "24: Syntax error at `;' expecting at least 2 group members."],
    ["set_queue(99999);", "16: Queue ID 99999 for set_queue is not in valid range 0 to 61440."], ["set_queue(a);", "10: Syntax error at `a' expecting `;'."], ["log(name=\"a\");", "13: Syntax error at `;' expecting verdict."],
    ["log(verdict=pass);", "12: Syntax error at `pass' unknown verdict."], ["reg0[0] = put_dhcp_opts(router = 1.1.1.1);", "41: put_dhcp_opts requires offerip to be specified."],
    ["reg0[0] = put_dhcp_opts(offerip = \"a\");", "37: DHCPv4 option offerip requires numeric value."], ["reg0[0] = put_dhcp_opts(nothing = 1);", "24: Syntax error at `nothing' expecting DHCPv4 option name."],
    ["reg0[0] = put_nd_ra_opts(addr_mode = \"slaac\", slla = ae:01:02:03:04:05);", "71: prefix option needs to be set when address mode is slaac/dhcpv6_stateless."],
    ["trigger_event(event = \"x\");", "22: Syntax error at `\"x\"' Unknown event '-1'."], ["^T;", "0: Unexpanded template."], [`${"clone { ".repeat(32)}output;`, "256: maximum depth of nested actions reached"],
  ])("refuses %s", (text, answer) => {
    expect(problem(text)).toBe(answer);
  });

  it("keeps next within the tables there are", () => {
    expect(problem("next;", { table: 23 })).toBe('4: "next" action cannot advance beyond table 23.');
    expect(problem("next;", { table: 23, tables: 29 })).toBe("reads next;");
    expect(problem("ct_next;", { table: 24 })).toBe('7: "ct_next" action not allowed in last table.');
  });
});

describe("releases", () => {
  it.each([
    ["mac_cache_use;", "23.03.1", "0: Syntax error at `mac_cache_use' expecting action."], ["mac_cache_use;", "23.09.0", "reads mac_cache_use;"],
    ["ct_next(snat);", "23.09.0", "7: Syntax error at `(' expecting `;'."], ["ct_next(snat);", "24.03.4", "reads ct_next(snat);"], ["ct_next;", "24.03.4", "reads ct_next(dnat);"], ["ct_next;", "24.03.0", "reads ct_next;"],
    ["ct_commit_nat;", "24.03.0", "reads ct_commit_nat(dnat);"], ["ct_commit_nat(up);", "24.03.0", '14: "ct_commit_nat" action accepts only "dnat" or "snat" parameter.'], ["ct_commit_to_zone(snat);", "24.03.2", "reads ct_commit_to_zone(snat);"],
    ["ct_commit_to_zone(snat);", "24.03.0", "0: Syntax error at `ct_commit_to_zone' expecting action."], ["reg4 = ct_nw_dst();", "24.03.5", "reads reg4 = ct_nw_dst();"], ["reg4 = ct_nw_dst();", "24.03.4", "7: Syntax error at `ct_nw_dst' expecting field name."],
    ['trigger_event(event = "empty_lb_backends", meter="m" vip = "10.0.0.1:80");', "21.06.0", 'reads trigger_event(event = "empty_lb_backends", meter = "m", vip = "10.0.0.1:80");'],
    ['trigger_event(event = "empty_lb_backends", meter="m");', "21.09.0", "43: Syntax error at `meter' expecting empty_lb_backends option name."],
    ["log(verdict=pass);", "24.03.2", "reads log(verdict=pass, severity=info);"],
  ])("reads %s in %s", (text, version, answer) => {
    expect(problem(text, { version })).toBe(answer);
  });
});

describe("any text", () => {
  it("of actions is read back from print as the same data", () => {
    const isRead = (text: string): boolean => problem(text).startsWith("reads ");
    fc.assert(fc.property(arbitraryActions(), (text) => {
      fc.pre(isRead(text));
      const read = parse(text);
      expect(parse(printActions(read))).toEqual(read);
      expect(printActions(parse(printActions(read)))).toBe(printActions(read));
    }), { numRuns: 500 });
  });

  it("is read, or its place of error told", () => {
    const piece = fc.constantFrom("next", "output", "ct_lb_mark", "(", ")", "{", "}", ";", "=", "<->", "reg0", "outport", "ip.ttl", "--", "clone", "backends", "10.0.0.1", ":", "80", ",", "select", "log", "verdict", "drop", "eth.src", "[", "]", "..", "3", '"a"', "ct_commit", "put_dhcp_opts", "offerip", "$as", "^T", "/*");
    const text = fc.oneof(fc.array(piece, { maxLength: 16 }).map((pieces) => pieces.join(" ")), fc.string());
    fc.assert(fc.property(text, (actions) => {
      try {
        const read = parse(actions);
        expect(parse(printActions(read))).toEqual(read);
      } catch (error) {
        if (!(error instanceof OvnSyntaxError)) throw error;
        expect(error.at).toBeLessThanOrEqual(actions.length);
      }
    }), { numRuns: 2000 });
  });
});
