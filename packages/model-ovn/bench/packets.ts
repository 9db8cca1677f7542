import { diceOf } from "../test/northd/random-northbound.ts";
import { randomMicroflow } from "../test/oracle/random-microflow.ts";
import type { ClusterPlan } from "../test/oracle/plan.ts";

/** Different packets of a cluster: between pods, to services and node ports, from outside, replies, ARP, multicast, spoofed ones. */
export function benchmarkPackets(plan: ClusterPlan, count: number): string[] {
  const dice = diceOf(4711);
  const packets = new Set<string>();
  while (packets.size < count) packets.add(randomMicroflow(dice, plan));
  return [...packets];
}
