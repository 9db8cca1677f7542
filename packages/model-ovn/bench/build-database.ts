import { createHash } from "node:crypto";
import { existsSync, mkdirSync, renameSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installedOvn, startOvn } from "../test/oracle/real-ovn.ts";
import type { RandomCluster } from "../test/oracle/random-cluster.ts";
import { announceChassis, bindAndLearn } from "../test/oracle/southbound-facts.ts";

/** A Southbound database file of a cluster. */
export interface BuiltDatabase {
  readonly file: string;
  /** How long the real ovn-northd and all around it took; absent when the file was there from an earlier run. */
  readonly seconds?: number;
}

/** Lets the real ovn-northd make the Southbound database of a cluster, or takes it from a temporary folder where it was kept. */
export async function buildDatabase({ plan, northbound }: RandomCluster): Promise<BuiltDatabase> {
  const key = createHash("sha256").update(installedOvn() ?? "").update(JSON.stringify(northbound)).digest("hex").slice(0, 16);
  const folder = join(tmpdir(), "hopscope-bench");
  const file = join(folder, `southbound-${key}.db`);
  if (existsSync(file)) return { file };
  mkdirSync(folder, { recursive: true });
  const began = performance.now();
  const ovn = await startOvn();
  try {
    await ovn.transactSouthbound(announceChassis(plan));
    await ovn.fill(northbound);
    ovn.startNorthd();
    await ovn.sync(170);
    await bindAndLearn(ovn, plan, 1);
    await ovn.sync(60);
    await ovn.saveSouthbound(`${file}.new`);
    renameSync(`${file}.new`, file);
  } finally {
    ovn.stop();
  }
  return { file, seconds: (performance.now() - began) / 1000 };
}
