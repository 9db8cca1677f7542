import { describe, expect, it } from "vitest";
import { sbDatapath, sbPort, southbound } from "../../src/southbound-row.ts";
import { openTrace, parseTraceArguments, trace } from "../../src/trace/index.ts";
import { flow, fromA, switchOf } from "./small-network.ts";

const HEAD = "# ip,reg14=0x1,vlan_tci=0x0000,dl_src=00:00:00:00:00:01,dl_dst=00:00:00:00:00:02,nw_src=10.0.0.1,nw_dst=10.0.0.2,nw_proto=0,nw_tos=0,nw_ecn=0,nw_ttl=64,nw_frag=no\n";
const run = (db: Parameters<typeof openTrace>[0], ...args: readonly string[]): string => trace(openTrace(db), parseTraceArguments([...args, fromA])).replace(HEAD, "").replace(/uuid a00000[0-9a-f]{2}/g, "uuid u");

const forward = switchOf([
  flow(0, 'inport == "a" && eth.src == 00:00:00:00:00:01', "reg0[0] = 1; next;", { stage: "ls_in_one", source: "northd.c:10", priority: 50 }),
  flow(1, "1", "next;", { stage: "ls_in_two" }),
  flow(2, 'reg0[0] == 1 && ip4 /* all of it */', 'ip.ttl--; eth.dst = 00:00:00:00:00:09; outport = "b"; output;', { stage: "ls_in_three", priority: 7 }),
  flow(0, 'outport == "b"', "output;", { pipeline: "egress", stage: "ls_out_one" }),
]);

// Shape of the forms: OVN 23.09, utilities/ovn-trace.8.xml and ovn-trace.c.
describe("a trace", () => {
  it("shows tables, their flow and its actions in the detailed form, without idle tables", () => {
    expect(run(forward)).toBe(`
ingress(dp="sw", inport="a")
----------------------------
 0. ls_in_one (northd.c:10): inport == "a" && eth.src == 00:00:00:00:00:01, priority 50, uuid u
    reg0[0] = 1;
    next;
 2. ls_in_three: reg0[0] == 1 && ip4, priority 7, uuid u
    ip.ttl--;
    eth.dst = 00:00:00:00:00:09;
    outport = "a name";
    output;

egress(dp="sw", inport="a", outport="a name")
---------------------------------------------
 0. ls_out_one: outport == "a name", priority 0, uuid u
    output;
    /* output to "a name", type "" */
`);
  });

  it("shows actions nested by pipelines in the summary form", () => {
    expect(run(forward, "--summary")).toBe(`ingress(dp="sw", inport="a") {
    reg0[0] = 1;
    next;
    ip.ttl--;
    eth.dst = 00:00:00:00:00:09;
    outport = "a name";
    output;
    egress(dp="sw", inport="a", outport="a name") {
        output;
        /* output to "a name", type "" */;
    };
};
`);
  });

  it("shows what the outside sees in the minimal form, and calls things by their own names when asked to", () => {
    const minimal = `ip.ttl--;\neth.dst = 00:00:00:00:00:09;\noutput("b");\n`;
    expect(run(forward, "--minimal", "--no-friendly-names")).toBe(minimal);
    expect(run(forward, "--all", "--no-friendly-names")).toMatch(/^# Detailed trace\.\n\ningress\(dp="d{8}-[^]*# Summary trace\.\ningress[^]*# Minimal trace\.\nip\.ttl--;\n/);
  });

  it("says where nothing matches, and that a port is not left by the way it was entered", () => {
    expect(run(switchOf([flow(0, "ip6", "next;", { stage: "ls_in_one" })]))).toContain(" 0. ls_in_one: no match (implicit drop)\n");
    expect(run(switchOf([flow(0, "1", 'outport = "a"; output;')]), "--summary")).toContain("/* omitting output because inport == outport && !flags.loopback */;");
    expect(run(switchOf([flow(0, "1", "output;")]), "--minimal")).toBe("*** output to null logical port;\n");
  });

  it("floods a group in the order of names, with one copy of the packet for all members", () => {
    const flood = switchOf([
      flow(0, "1", 'flags.loopback = 1; outport = "flood"; output;'),
      flow(0, 'outport == "a"', "eth.dst = 00:00:00:00:00:0a; output;", { pipeline: "egress" }),
      flow(0, 'outport == "b" && eth.dst == 00:00:00:00:00:0a', "output;", { pipeline: "egress" }),
    ]);
    expect(run(flood, "--minimal")).toBe(`eth.dst = 00:00:00:00:00:0a;\noutput("a");\noutput("a name");\n`);
  });

  it("takes connection states one after the other, then assumes established ones", () => {
    const tracked = switchOf([flow(0, "1", "ct_next;"), flow(1, "ct.new", "ct_next;"), flow(2, "ct.est", "ct_next;")]);
    expect(run(tracked, "--minimal", "--ct=new")).toBe(`ct_next(ct_state=new|trk) {
    ct_next(ct_state=est|trk /* default (use --ct to customize) */) {
        ct_next(ct_state=est|trk /* default (use --ct to customize) */);
    };
};
`);
  });

  it("balances to the backend asked for, once", () => {
    const balanced = switchOf([
      flow(0, "ip4", "ct_lb_mark(backends=10.0.0.7:70,10.0.0.8:80);"),
      flow(1, "ip4.dst == 10.0.0.8", "ct_lb_mark(backends=10.0.0.7:70,10.0.0.8:80);"),
      flow(2, "ip4.dst == 10.0.0.7", 'outport = "b"; output;'),
    ]);
    expect(run(balanced, "--minimal", "--ct=new", "--ct=new", "--lb-dst=10.0.0.8:80")).toBe("ct_lb_mark {\n    ct_lb_mark;\n};\n");
    expect(run(balanced, "--summary", "--ct=new", "--ct=new", "--lb-dst=10.0.0.8:80")).toContain('outport = "a name";');
  });

  it("does not fill the stack where routers send a packet round", () => {
    const router = (name: string, other: string, key: number): ReturnType<typeof sbDatapath> => sbDatapath({
      name, key, type: "router", ports: [sbPort({ name: `${name}-${other}`, key: 1, type: "patch", peer: `${other}-${name}`, options: {} }), sbPort({ name: `${name}-in`, key: 2 })],
      flows: [flow(0, "1", `flags.loopback = 1; outport = "${name}-${other}"; output;`), flow(0, "1", "output;", { pipeline: "egress" })],
    });
    const session = openTrace(southbound({ datapaths: [router("x", "y", 1), router("y", "x", 2)] }));
    expect(trace(session, { microflow: 'inport == "x-in"' })).toContain("goes in circles");
  });
});
