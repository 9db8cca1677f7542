import { describe, expect, it } from "vitest";
import { bridgeExStage } from "../../../src/node/index.ts";
import { loadSouthbound } from "../../../src/ovsdb/load-southbound.ts";
import { buildChassis } from "../../../src/pipeline/real/chassis.ts";
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
});
