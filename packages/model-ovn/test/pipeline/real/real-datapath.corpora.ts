import { type Packet, tcpPacket } from "@hopscope/core";
import { describe, expect, it } from "vitest";
import { bridgeExStage } from "../../../src/node/index.ts";
import { loadSouthbound } from "../../../src/ovsdb/load-southbound.ts";
import { buildChassis } from "../../../src/pipeline/real/chassis.ts";
import { runPacket } from "../../../src/pipeline/real/run-packet.ts";
import { golden, hasGolden } from "../../golden.ts";
import { conversationsOf, measuredConnection, replay, zoneNamesOf } from "./real-datapath.ts";

const WORKER = "11111111-0000-4000-8000-000000000010";
/** Its packet passes the tables that commit, as that of the other zone does, and yet no connections are listed: they were not asked for. */
const notListed = ["pod ttl 1 to another zone"];
const origin = { object: "Service" };

describe.skipIf(!hasGolden)("packets through a real datapath", () => {
  const db = loadSouthbound(golden("23.09-ic-shared/sb.dump.jsonl"));
  const bridge = bridgeExStage({
    id: "br-ex", node: "worker-0", mac: "52:54:00:00:00:10", addresses: ["192.168.126.10/24"], clusterSubnets: ["10.128.0.0/14"], hostSubnets: ["10.128.0.0/23"],
    serviceCidrs: ["172.30.0.0/16"], gatewayMode: "shared", services: [30080, 30090].map((port) => ({ protocol: "tcp", port, origin })),
  });
  const zones = zoneNamesOf(golden("real-datapath/ct-zones.txt"));
  const conversations = conversationsOf(golden("real-datapath/packets-and-conntrack.txt"));

  it("are many", () => expect(conversations.length).toBeGreaterThanOrEqual(20));

  describe.each([true, false])("with an index: %s", (index) => {
    const chassis = buildChassis(db, WORKER, { index });
    it.each(conversations)("$name", (conversation) => {
      const { out, connections } = replay({ chassis, bridge, localnet: "br-ex_worker-0" }, conversation);
      expect(out).toEqual(conversation.exchanges.map((exchange) => exchange.out));
      if (!notListed.includes(conversation.name)) expect(connections).toEqual(conversation.connections.map((line) => measuredConnection(line, zones)).sort());
    });
  });

  /** The packet of a trace's first line. */
  const tracedPacket = (text: string): Packet => {
    const field = (name: string): string => new RegExp(`${name}=([^,\\s]+)`).exec(text)?.[1] ?? "";
    const packet = tcpPacket({ src: field("nw_src"), dst: field("nw_dst"), srcPort: Number(field("tp_src")), dstPort: Number(field("tp_dst")), ttl: Number(field("nw_ttl")) });
    return { ...packet, eth: { src: field("dl_src"), dst: field("dl_dst"), type: 0x800 } };
  };
  const traced = buildChassis(db, WORKER);

  it("leave by tunnel with the keys that the real flows set", () => {
    const text = golden("real-datapath/ofproto-trace-pod-other-zone.txt");
    const [exit] = runPacket(traced, { type: "port", name: "default_client" }, tracedPacket(text), undefined, () => 0).exits;
    const vni = Number(/set_field:(0x[0-9a-f]+)\/0xffffff->tun_id/.exec(text)?.[1]);
    const egressPort = Number(/set_field:(0x[0-9a-f]+)->tun_metadata0/.exec(text)?.[1]);
    const ingressPort = Number(/NXM_NX_TUN_METADATA0\[16\.\.30\] is now (0x[0-9a-f]+)/.exec(text)?.[1]);
    const [, tos, ttl] = /set\(ipv4\(tos=(0x[0-9a-f]+)\/0xfc,ttl=(\d+)\)\)/.exec(text) ?? [];
    expect(exit).toMatchObject({ type: "tunnel", packet: { encap: { vni, egressPort, ingressPort }, ip: { ttl: Number(ttl), dscp: Number(tos) >> 2 } } });
  });

  it("arrive by tunnel and leave where the real flows send them", () => {
    const text = golden("real-datapath/ofproto-trace-egressip-arrival.txt");
    const number = (pattern: RegExp): number => Number(pattern.exec(text)?.[1]);
    const encap = { src: "192.168.126.11", dst: "192.168.126.10", vni: number(/tun_id=(0x[0-9a-f]+)/), ingressPort: number(/REG14\[0\.\.14\] is now (0x[0-9a-f]+)/), egressPort: number(/REG15\[0\.\.15\] is now (0x[0-9a-f]+)/) };
    const { exits } = runPacket(traced, { type: "tunnel" }, { ...tracedPacket(text), encap }, undefined, () => 0);
    const last = text.split("\n").findLast((line) => line.startsWith("Flow:")) ?? "";
    expect(exits).toMatchObject([{ type: "localnet", port: "br-ex_worker-0", packet: { eth: tracedPacket(last).eth, ip: tracedPacket(last).ip } }]);
  });
});
