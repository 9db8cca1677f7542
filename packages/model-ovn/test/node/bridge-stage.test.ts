import { type Outcome, type Packet, replyTo, tcpPacket, udpPacket } from "@hopscope/core";
import { describe, expect, it } from "vitest";
import { bridgeExRules, bridgeExStage, type BridgeExSpec, type BridgeState, printBridgeRule } from "../../src/node/index.ts";

const mac = "52:54:00:00:00:10";
const spec: BridgeExSpec = {
  id: "br-ex",
  node: "worker-0",
  mac,
  addresses: ["192.0.2.10/24"],
  clusterSubnets: ["10.128.0.0/14"],
  hostSubnets: ["10.128.0.0/23"],
  serviceCidrs: ["172.30.0.0/16"],
  gatewayMode: "shared",
  services: [
    { protocol: "tcp", port: 30080, origin: { object: "Service shop/web" } },
    { protocol: "tcp", address: "198.51.100.9", port: 443, origin: { object: "Service shop/web" } },
    { protocol: "tcp", port: 30090, hostPort: 8080, origin: { object: "Service shop/host" } },
  ],
};

/** A bridge that remembers its connections between packets. */
function bridge(of: BridgeExSpec = spec): (packet: Packet, port: string) => Outcome {
  const stage = bridgeExStage(of);
  let state: BridgeState | undefined;
  return (packet, port) => {
    const decided = stage.decide({ packet, port, state, choose: () => 0 });
    state = decided.state;
    return decided.outcome;
  };
}
function forwarded(outcome: Outcome): { out: string; packet: Packet } {
  if (outcome.type !== "forward") throw new Error(`expected a forwarded packet, got ${JSON.stringify(outcome)}`);
  return outcome;
}
const ends = ({ packet }: { packet: Packet }): string => {
  const { ip, l4 } = packet;
  return `${ip?.src}:${l4?.type === "tcp" ? l4.src : ""} > ${ip?.dst}:${l4?.type === "tcp" ? l4.dst : ""}`;
};
const client = "203.0.113.7";

describe("bridgeExStage", () => {
  it("gives the host what nobody else asked for, and lets its answer out", () => {
    const visit = bridge();
    const packet = tcpPacket({ src: client, dst: "192.0.2.10", srcPort: 4000, dstPort: 80 });
    expect(forwarded(visit(packet, "physical")).out).toBe("host");
    expect(forwarded(visit(replyTo(packet), "host")).out).toBe("physical");
    expect(forwarded(visit({ ...packet, l4: { type: "tcp", src: 4000, dst: 80, flags: ["ack"] } }, "physical")).out).toBe("host");
  });

  it("gives OVN the answers to what OVN began", () => {
    const visit = bridge();
    const packet = tcpPacket({ src: "192.0.2.10", dst: client, srcPort: 4000, dstPort: 80 });
    expect(forwarded(visit(packet, "ovn")).out).toBe("physical");
    expect(forwarded(visit(replyTo(packet), "physical")).out).toBe("ovn");
  });

  it("gives OVN node ports and external addresses of services", () => {
    const visit = bridge();
    for (const [dst, dstPort] of [["192.0.2.10", 30080], ["198.51.100.9", 443]] as const) {
      const packet = tcpPacket({ src: client, dst, srcPort: 4000, dstPort });
      expect(forwarded(visit(packet, "physical")).out).toBe("ovn");
      expect(forwarded(visit(replyTo(packet), "ovn")).out).toBe("physical");
    }
    expect(forwarded(visit(udpPacket({ src: client, dst: "192.0.2.10", dstPort: 30080 }), "physical")).out).toBe("host");
  });

  it("leaves node ports to the host with a local gateway", () => {
    const visit = bridge({ ...spec, gatewayMode: "local" });
    expect(forwarded(visit(tcpPacket({ src: client, dst: "192.0.2.10", dstPort: 30080 }), "physical")).out).toBe("host");
  });

  it("serves a local node port by the host's own backend and undoes it", () => {
    const visit = bridge();
    const packet = tcpPacket({ src: client, dst: "192.0.2.10", srcPort: 4000, dstPort: 30090 });
    const there = forwarded(visit(packet, "physical"));
    expect([there.out, ends(there)]).toEqual(["host", `${client}:4000 > 192.0.2.10:8080`]);
    const back = forwarded(visit(replyTo(there.packet), "host"));
    expect([back.out, ends(back)]).toEqual(["physical", `192.0.2.10:30090 > ${client}:4000`]);
  });

  it("hides the host's address from services and brings the answer back", () => {
    const visit = bridge();
    const packet = tcpPacket({ src: "192.0.2.10", dst: "172.30.0.1", srcPort: 4000, dstPort: 443 });
    const there = forwarded(visit(packet, "host"));
    expect([there.out, ends(there), there.packet.eth.dst]).toEqual(["ovn", "169.254.169.2:4000 > 172.30.0.1:443", mac]);
    const back = forwarded(visit(replyTo(there.packet), "ovn"));
    expect([back.out, ends(back)]).toEqual(["host", "172.30.0.1:443 > 192.0.2.10:4000"]);
  });

  it("brings OVN to a backend on the own host and back", () => {
    const visit = bridge();
    const packet = tcpPacket({ src: "192.0.2.10", dst: "169.254.169.2", srcPort: 4000, dstPort: 6443 });
    const there = forwarded(visit(packet, "ovn"));
    expect([there.out, ends(there)]).toEqual(["host", "169.254.169.1:4000 > 192.0.2.10:6443"]);
    const back = forwarded(visit(replyTo(there.packet), "host"));
    expect([back.out, ends(back)]).toEqual(["ovn", "169.254.169.2:6443 > 192.0.2.10:4000"]);
  });

  it("drops other pods' own addresses, lets the node's own out", () => {
    const visit = bridge();
    expect(visit(tcpPacket({ src: "10.129.0.7", dst: client }), "ovn")).toMatchObject({ type: "drop", code: "ovn/bridge-pod-address-leak" });
    expect(forwarded(visit(tcpPacket({ src: "10.128.0.7", dst: client }), "ovn")).out).toBe("physical");
  });

  it("gives marked traffic to nodes the node's address", () => {
    const visit = bridge();
    const packet = tcpPacket({ src: "10.129.0.7", dst: "192.0.2.11", srcPort: 4000, dstPort: 80, local: { mark: 1008 } });
    const there = forwarded(visit(packet, "ovn"));
    expect(ends(there)).toBe("192.0.2.10:4000 > 192.0.2.11:80");
    const back = forwarded(visit(replyTo(there.packet), "physical"));
    expect([back.out, ends(back)]).toEqual(["ovn", "192.0.2.11:80 > 10.129.0.7:4000"]);
  });

  it("names the service in the decision", () => {
    const { steps } = bridgeExStage(spec).decide({ packet: tcpPacket({ src: client, dst: "192.0.2.10", dstPort: 30080 }), port: "physical", state: undefined, choose: () => 0 });
    expect(steps[0]?.decisions).toEqual([
      { table: "br-ex table 0", rule: "table=0,priority=110,in_port=1,tcp,tp_dst=30080 actions=output:2", verdict: "to ovn", origin: { object: "Service shop/web" } },
    ]);
  });
});

describe("printBridgeRule", () => {
  it("prints as ovs-ofctl does", () => {
    const printed = bridgeExRules(spec).map(printBridgeRule);
    expect(printed).toContain("table=0,priority=500,in_port=LOCAL,ip,nw_dst=172.30.0.0/16 actions=ct(commit,table=2,zone=64001,nat(src=169.254.169.2))");
    expect(printed).toContain("table=1,priority=100,ip,ct_state=+trk+est,ct_mark=0x2 actions=LOCAL");
  });
});
