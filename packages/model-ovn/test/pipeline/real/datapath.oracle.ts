import { describe, expect, it } from "vitest";
import { loadSouthbound } from "../../../src/ovsdb/load-southbound.ts";
import { buildChassis } from "../../../src/pipeline/real/chassis.ts";
import type { RealState } from "../../../src/pipeline/real/run-packet.ts";
import { diceOf } from "../../northd/random-northbound.ts";
import { installedOvn } from "../../oracle/real-ovn.ts";
import { realCluster } from "../../oracle/topology.ts";
import { answerTo, compare, type Sent } from "./conversation.ts";
import { randomPacket, randomVisitor } from "./random-traffic.ts";
import { hasRealChassis, startChassis, uplink } from "./real-chassis.ts";

const usable = installedOvn() !== undefined && hasRealChassis();
if (!usable) console.log("real mode: no ovn-controller and ovs-vswitchd here, the comparison is skipped");

// Clusters whose flows ovn-controller can take: with some random matches it asks for more memory than there is.
const seeds = process.env["HOPSCOPE_SEED"] === undefined ? [1, 2, 5, 8, 12] : [Number(process.env["HOPSCOPE_SEED"])];
const count = Number(process.env["HOPSCOPE_RUNS"] ?? 25);

describe.skipIf(!usable && process.env["CI"] === undefined)("a chassis beside a real ovn-controller with Open vSwitch", () => {
  // ovn-controller answers in its own time: on a busy machine an answer may come after we stopped listening, so a run may be repeated.
  it.each(seeds)("lets the same packets out and remembers the same connections, in the cluster of seed %i", { retry: 2, timeout: 300_000 }, async (seed) => {
    if (!usable) throw new Error("ovn-controller and ovs-vswitchd are needed");
    const { ovn, plan } = await realCluster(seed);
    try {
      const node = plan.nodes.find(({ local }) => local);
      if (node === undefined) throw new Error("a cluster without nodes");
      const localnet = `br-ex_${node.name}`;
      const ports = plan.bindings.filter(({ chassis }) => chassis === node.chassis).map(({ port }) => port);
      const tag = loadSouthbound(ovn.dumpSouthbound()).datapaths.flatMap((datapath) => datapath.ports).find(({ name }) => name === localnet)?.tag;
      const real = await startChassis(ovn, node.chassis, { hostname: node.name, encap: node.ip.v4 ?? node.ip.v6 ?? "", ports, ...(tag === undefined ? {} : { tag }) });
      try {
        const db = loadSouthbound(ovn.dumpSouthbound());
        const chassis = buildChassis(db, node.chassis, { tracker: "userspace" });
        const dice = diceOf(seed * 77 + 5);
        let state: RealState | undefined;
        let compared = 0;
        for (let run = 0; run < count; run++) {
          const made = (dice.chance(0.4) ? randomVisitor : randomPacket)({ plan, db, dice }, node);
          const { l4 } = made.packet;
          const own = l4 === undefined || l4.type === "icmp" ? 0 : l4.src;
          let now: Sent | undefined = made.port === localnet ? { ...made, port: uplink } : made;
          for (let step = 0; step < 3 && now !== undefined; step++) {
            const deep = real.tooDeep();
            const both = await compare({ real, chassis, localnet }, now, own, state);
            // Open vSwitch gives up after so many tables within each other; OpenShift's kernels go deeper.
            if (real.tooDeep() > deep) break;
            ({ state } = both);
            expect({ run, step, sent: now, lines: both.ours }).toEqual({ run, step, sent: now, lines: both.real });
            compared += 1;
            const [only] = both.out;
            // What brought nothing is sent again once, as a client's kernel would.
            if (both.out.length === 0) now = step === 0 ? now : undefined;
            else now = both.ownPorts || both.out.length !== 1 || only === undefined ? undefined : answerTo(only);
          }
        }
        expect(compared).toBeGreaterThan(count / 2);
      } finally {
        real.stop();
      }
    } finally {
      ovn.stop();
    }
  });
});
