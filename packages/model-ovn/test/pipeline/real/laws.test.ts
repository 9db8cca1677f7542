import { type Choose, type Packet, replyTo } from "@hopscope/core";
import { describe, expect, it } from "vitest";
import { buildChassis } from "../../../src/pipeline/real/chassis.ts";
import { type RealResult, runPacket } from "../../../src/pipeline/real/run-packet.ts";
import { compiledCluster, randomPacket } from "./random-traffic.ts";
import { endsOf } from "./small-network.ts";

const seeds = [1, 2, 3, 4, 5, 6];
const packets = 40;
const choose: Choose = (point, among) => (point.length * 7) % among.length;
/** What a run gives, without tables that only lead on. */
const shown = ({ exits, ends, refusal, passes, state }: RealResult) => ({ exits, ends, refusal, decisions: passes.map(({ decisions }) => decisions), state });

describe.each(seeds)("in the random cluster of seed %i", (seed) => {
  const cluster = compiledCluster(seed);
  const local = cluster.plan.nodes.filter((node) => node.local);
  const made = new Map(local.map((node) => [node, { indexed: buildChassis(cluster.db, node.chassis), scanned: buildChassis(cluster.db, node.chassis, { index: false }) }]));
  const sent = Array.from({ length: packets }, () => {
    const node = cluster.dice.pick(local);
    const { indexed, scanned } = made.get(node) ?? { indexed: buildChassis(cluster.db, ""), scanned: buildChassis(cluster.db, "") };
    const { port, packet } = randomPacket(cluster, node);
    return { port, packet, indexed, scanned, result: runPacket(indexed, { type: "port", name: port }, packet, undefined, choose) };
  });

  /** Packets that OVN sends on: to one port, not answered, and not by a router that was asked itself. */
  const onward = sent.filter(({ port, result: { exits, refusal } }) => refusal === undefined && exits.length === 1 && exits.every((exit) => !exit.made && exit.port !== port));

  it("an index changes nothing", () => {
    for (const { port, packet, scanned, result } of sent) expect(shown(runPacket(scanned, { type: "port", name: port }, packet, undefined, choose))).toEqual(shown(result));
  });

  it("no packet is lost without a reason", () => {
    for (const { result: { exits, ends, refusal } } of sent) expect(exits.length + ends.length + (refusal === undefined ? 0 : 1)).toBeGreaterThan(0);
  });

  it("a packet's time falls by one in each router that sends it on", () => {
    for (const { result, packet } of onward) {
      const spent = result.passes.flatMap(({ decisions }) => decisions).filter(({ verdict }) => verdict.includes("ip.ttl--;")).length;
      for (const exit of result.exits) expect(exit.packet.ip?.ttl).toBe((packet.ip?.ttl ?? 0) - spent);
    }
  });

  it("a router sends nothing on without taking of its time", () => {
    for (const { result: { passes } } of onward) {
      passes.forEach(({ datapath, pipeline, before }, at) => {
        const next = passes[at + 1];
        if (datapath.row.type !== "router" || pipeline !== "ingress" || next?.datapath !== datapath || next.pipeline !== "egress") return;
        expect([datapath.name, next.before.ip?.ttl]).toEqual([datapath.name, (before.ip?.ttl ?? 0) - 1]);
      });
    }
  });

  it("translation is undone on the way back", () => {
    let back = 0;
    for (const { port, packet, indexed, result } of sent) {
      const [exit] = result.exits;
      if (exit === undefined || exit.made || exit.type === "tunnel" || packet.l4?.type === "icmp") continue;
      const { eth } = exit.packet;
      const answer: Packet = { ...replyTo(exit.packet), eth: { ...eth, src: eth.dst, dst: eth.src } };
      const reply = runPacket(indexed, { type: "port", name: exit.port }, answer, result.state, choose).exits.find((one) => one.port === port);
      if (reply === undefined) continue;
      back += 1;
      expect(endsOf(reply.packet)).toBe(endsOf(replyTo(packet)));
    }
    expect(back).toBeGreaterThan(0);
  });
});
