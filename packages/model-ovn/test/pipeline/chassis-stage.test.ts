import { type Packet, replyTo, tcpPacket } from "@hopscope/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chassisStage } from "../../src/pipeline/chassis-stage.ts";
import { logicalFlow, sbChassis, sbDatapath, sbPort, southbound } from "../../src/southbound-row.ts";
import type { LogicalFlow, SouthboundDb } from "../../src/southbound.ts";

const flow = (table: number, priority: number, match: string, actions: string, pipeline: LogicalFlow["pipeline"] = "ingress"): LogicalFlow =>
  logicalFlow({ pipeline, table, priority, match, actions });

/** One switch with the ports "a" and "b" on chassis "here". */
const databaseOf = (flows: readonly LogicalFlow[]): SouthboundDb => southbound({
  datapaths: [sbDatapath({ name: "sw", key: 1, type: "switch", flows, ports: ["a", "b"].map((name, index) => sbPort({ name, key: index + 1, chassis: "here" })) })],
  chassis: [sbChassis({ name: "here", ip: "192.0.2.1" })],
});
const stageOf = (flows: readonly LogicalFlow[]) => chassisStage({ id: "ovn", chassis: "here", node: "here", db: databaseOf(flows) });
const choose = (): number => 0;
const packet: Packet = tcpPacket({ src: "10.0.0.1", dst: "10.0.0.9", srcPort: 1000, dstPort: 80 });
const out = flow(0, 0, "1", "output;", "egress");

it("takes the flow of highest priority, with an index and without", () => {
  fc.assert(fc.property(fc.uniqueArray(fc.nat(40), { minLength: 1, maxLength: 12 }), fc.boolean(), (priorities, index) => {
    const best = Math.max(...priorities);
    const flows = priorities.map((priority) => flow(0, priority, `ip4.dst == 10.0.0.0/${priority % 8} || ip4`, priority === best ? 'outport = "b"; output;' : "drop;"));
    const stage = chassisStage({ id: "ovn", chassis: "here", node: "here", db: databaseOf([...flows, out]), index });
    expect(stage.decide({ packet, port: "a", state: undefined, choose }).outcome).toMatchObject({ type: "forward", out: "b" });
  }));
});

describe("a chassis", () => {
  it("takes the matching flow of highest priority", () => {
    const stage = stageOf([flow(0, 1, "ip4", "drop;"), flow(0, 2, 'inport == "a"', 'outport = "b"; output;'), out]);
    expect(stage.decide({ packet, port: "a", state: undefined, choose }).outcome).toMatchObject({ type: "forward", out: "b" });
    expect(stage.decide({ packet, port: "b", state: undefined, choose }).outcome).toMatchObject({ type: "drop" });
  });

  it("prefers what does not drop, of flows with one match", () => {
    const stage = stageOf([flow(0, 2, "ip4", "drop;"), flow(0, 2, "ip4", 'outport = "b"; output;'), out]);
    expect(stage.decide({ packet, port: "a", state: undefined, choose }).outcome).toMatchObject({ type: "forward", out: "b" });
  });

  it("ends a packet that travels in a circle", () => {
    const stage = stageOf([flow(0, 1, "1", "next(pipeline=ingress,table=0);")]);
    expect(stage.decide({ packet, port: "a", state: undefined, choose }).outcome).toMatchObject({ type: "drop", code: "journey/loop" });
  });

  it("leaves out a flow that is not understood, as OVN does, and says so each time", () => {
    const stage = stageOf([flow(0, 1, "1", "frobnicate;")]);
    for (const _ of [1, 2]) {
      const { outcome, caveats } = stage.decide({ packet, port: "a", state: undefined, choose });
      expect(outcome.type).toBe("drop");
      expect(caveats).toMatchObject([{ code: "ovn/flow-not-read" }]);
    }
  });

  it("undoes a balancer's translation on replies, whatever the ports", () => {
    const stage = stageOf([
      flow(0, 1, "ip4.dst == 10.0.0.9", "ct_lb_mark(backends=10.0.0.2:8080);"), flow(1, 1, "1", 'outport = "b"; output;'),
      flow(0, 0, "1", 'outport = "a"; output;'),
      flow(0, 2, 'outport == "a"', "ct_lb_mark;", "egress"), flow(1, 0, "1", "output;", "egress"), out,
    ]);
    fc.assert(fc.property(fc.integer({ min: 1, max: 65535 }), (srcPort) => {
      const sent = tcpPacket({ src: "10.0.0.1", dst: "10.0.0.9", srcPort, dstPort: 80 });
      const { outcome, state } = stage.decide({ packet: sent, port: "a", state: undefined, choose });
      expect(outcome).toMatchObject({ type: "forward", packet: { ip: { dst: "10.0.0.2" }, l4: { dst: 8080 } } });
      if (outcome.type !== "forward") return;
      const reply = stage.decide({ packet: replyTo(outcome.packet), port: "b", state, choose }).outcome;
      expect(reply).toMatchObject({ type: "forward", out: "a", packet: { ip: { src: "10.0.0.9", dst: "10.0.0.1" }, l4: { src: 80, dst: srcPort } } });
    }));
  });

  it("sends a client's first segment again where OVN drops it to learn a session", () => {
    const db = databaseOf([
      flow(0, 0, "1", "ct_lb_mark;"), flow(1, 0, "ct.new", "reg0[6] = chk_lb_aff(); next;"),
      flow(2, 2, "reg0[6] == 1 && ip4.dst == 10.0.0.9", "ct_lb_mark(backends=10.0.0.2:80);"), flow(2, 1, "reg0[6] == 0 && ip4.dst == 10.0.0.9", "ct_lb_mark(backends=10.0.0.2:80);"), flow(2, 0, "1", "next;"),
      flow(3, 1, "reg0[6] == 0", 'commit_lb_aff(vip = "10.0.0.9:80", backend = "10.0.0.2:80", proto = tcp, timeout = 30); /* drop */'), flow(3, 0, "1", 'outport = "b"; output;'), out,
    ]);
    const stageBy = (tracker: "linux" | "userspace") => chassisStage({ id: "ovn", chassis: "here", node: "here", db, tracker });
    // Open vSwitch's own tracking translates the second segment at once, so that it is learned from and dropped again.
    expect(stageBy("userspace").decide({ packet, port: "a", state: undefined, choose }).outcome.type).toBe("drop");
    const stage = stageBy("linux");
    const decided = stage.decide({ packet, port: "a", state: undefined, choose });
    expect(decided).toMatchObject({ outcome: { type: "forward", out: "b", packet: { ip: { dst: "10.0.0.2" } } }, caveats: [{ code: "ovn/affinity-first-packet" }] });
  });
});
