import { diceOf } from "../northd/random-northbound.ts";
import { askReal, type CaseAnswer } from "./ask-real.ts";
import type { ClusterPlan } from "./plan.ts";
import { randomCases, type TraceCase } from "./random-case.ts";
import { randomCluster } from "./random-cluster.ts";
import { startOvn, type RealOvn } from "./real-ovn.ts";
import { announceChassis, bindAndLearn } from "./southbound-facts.ts";

/** Puts a random cluster through the real ovn-northd; the caller stops what is returned. */
export async function realCluster(seed: number): Promise<{ readonly ovn: RealOvn; readonly plan: ClusterPlan }> {
  const { plan, northbound } = randomCluster(seed);
  const ovn = await startOvn();
  try {
    await ovn.transactSouthbound(announceChassis(plan, seed % 10 !== 0));
    await ovn.fill(northbound);
    ovn.startNorthd();
    await ovn.sync();
    await bindAndLearn(ovn, plan, seed);
    await ovn.sync();
    return { ovn, plan };
  } catch (error) {
    ovn.stop();
    throw error;
  }
}

/** A random cluster as the real programs see it: its Southbound database, and questions with the real answers. */
export interface MeasuredTopology {
  readonly seed: number;
  readonly plan: ClusterPlan;
  /** The Southbound database as a user would have it: the server's file, or in every other topology the text of `ovsdb-client dump --format=json`. */
  readonly database: Uint8Array | string;
  readonly cases: readonly TraceCase[];
  readonly answers: readonly CaseAnswer[];
}

/** Builds the cluster of a seed and asks the real ovn-trace about random packets in it. */
export async function measureTopology(seed: number, counts = { shared: 150, alone: 50 }): Promise<MeasuredTopology> {
  const { ovn, plan } = await realCluster(seed);
  try {
    const cases = randomCases(diceOf(Math.imul(seed, 0x85ebca6b) + 1), plan, counts);
    const answers = await askReal(ovn, cases);
    return { seed, plan, database: seed % 2 === 0 ? ovn.dumpSouthbound() : await ovn.southboundFile(), cases, answers };
  } finally {
    ovn.stop();
  }
}
