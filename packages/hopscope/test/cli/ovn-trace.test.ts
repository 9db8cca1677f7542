import { describe, expect, it } from "vitest";
import { run, withFiles } from "./_run.ts";

const table = (name: string, headings: readonly string[], ...rows: readonly (readonly unknown[])[]): string => JSON.stringify({ caption: `${name} table`, headings, data: rows });
const uuid = (digit: string): readonly [string, string] => ["uuid", `${digit.repeat(8)}-0000-4000-8000-000000000000`];
const map = (...pairs: readonly (readonly [string, string])[]): readonly unknown[] => ["map", pairs];

/** What `ovsdb-client dump --format=json` prints of a switch with one port, which drops all but IPv4. */
const dump = [
  table("Datapath_Binding", ["_uuid", "external_ids", "load_balancers", "tunnel_key"], [uuid("1"), map(["logical-switch", uuid("2")[1]], ["name", "sw"]), ["set", []], 1]),
  table("Port_Binding", ["_uuid", "datapath", "logical_port", "mac", "options", "external_ids", "port_security", "tunnel_key", "type"], [uuid("3"), uuid("1"), "web", ["set", []], map(), map(), ["set", []], 4, ""]),
  table("Logical_Flow", ["_uuid", "actions", "external_ids", "logical_datapath", "logical_dp_group", "match", "pipeline", "priority", "table_id", "tags"],
    [uuid("4"), "flags.loopback = 1; outport = inport; output;", map(["stage-name", "ls_in_one"]), uuid("1"), ["set", []], "ip4", "ingress", 10, 0, map()],
    [uuid("5"), "output;", map(["stage-name", "ls_out_one"]), uuid("1"), ["set", []], "1", "egress", 0, 0, map()]),
].join("\n");

const asked = 'inport == "web" && ip4';
const minimal = '# ip,reg14=0x4,vlan_tci=0x0000,dl_src=00:00:00:00:00:00,dl_dst=00:00:00:00:00:00,nw_src=0.0.0.0,nw_dst=0.0.0.0,nw_proto=0,nw_tos=0,nw_ecn=0,nw_ttl=0,nw_frag=no\noutput("web");\n';

describe("hopscope ovn-trace", () => {
  it("prints what ovn-trace prints", () =>
    withFiles({ "sb.dump": dump }, async (path) => {
      expect(await run("ovn-trace", "--db", path("sb.dump"), "--minimal", asked)).toEqual({ code: 0, out: minimal, err: "" });
      expect((await run("ovn-trace", "--db", path("sb.dump"), "sw", asked)).out).toContain(' 0. ls_in_one: ip4, priority 10, uuid 44444444\n    flags.loopback = 1;\n');
    }));

  it("answers a batch line by line, wrong lines too", () =>
    withFiles({ "sb.dump": dump, "lines.jsonl": [JSON.stringify(["--minimal", asked]), "", JSON.stringify(["--minimal", "sw", 'inport == "web" &&']), "[1]", "{"].join("\n") }, async (path) => {
      const { code, out } = await run("ovn-trace", "--db", path("sb.dump"), "--batch", path("lines.jsonl"));
      const answers = out.trimEnd().split("\n").map((line) => JSON.parse(line) as { args: unknown; output?: string; error?: string });
      expect(code).toBe(0);
      expect(answers[0]).toEqual({ args: ["--minimal", asked], output: minimal });
      expect(answers[1]?.error).toMatch(/^error parsing flow: column 19: /);
      expect(answers.slice(2).map(({ error }) => error?.slice(0, 6))).toEqual(["line 4", "line 5"]);
    }));

  it.each([
    [["--db", "sb.dump", 'inport == "web" && ip4.src == 1.2.3'], /column 31: /],
    [["--db", "sb.dump", 'inport == "db"'], /unknown port "db"/],
    [["--db", "sb.dump", "--quick", asked], /unrecognized option '--quick'/],
    [["--db", "sb.dump"], /one or two non-option arguments/],
    [[asked], /option --db: is missing/],
    [["--db", "none", asked], /none: cannot be read \(ENOENT\)/],
    [["--db", "text", asked], /text/],
    [["--db", "sb.dump", "--batch"], /option --batch: names no file/],
    [["--db", "sb.dump", "--batch", "none"], /none: cannot be read/],
  ])("refuses %j with exit code 2", (args, message) =>
    withFiles({ "sb.dump": dump, text: "no database" }, async (path) => {
      const located = args.map((word) => (["sb.dump", "none", "text"].includes(word) ? path(word) : word));
      const { code, out, err } = await run("ovn-trace", ...located);
      expect([code, out]).toEqual([2, ""]);
      expect(err).toMatch(message);
      expect(err).not.toMatch(/\n\s+at /);
    }));
});
