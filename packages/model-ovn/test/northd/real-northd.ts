import { execFileSync } from "node:child_process";
import type { NorthboundDb } from "../../src/northbound.ts";
import { installedOvn, program, startOvn } from "../oracle/real-ovn.ts";

/** The release of the installed ovn-northd, as `23.03`; absent when it or a tool it needs is missing. */
export function installedNorthd(): string | undefined {
  return program("ovn-sbctl") === undefined ? undefined : /^\d+\.\d+/.exec(installedOvn() ?? "")?.[0];
}

/** Runs the installed ovn-northd on a database and returns its flows as `lflow-list` prints them. */
export async function realFlows(nb: NorthboundDb): Promise<string> {
  const ovn = await startOvn();
  try {
    await ovn.fill(nb);
    ovn.startNorthd();
    await ovn.sync();
    return execFileSync(program("ovn-sbctl") ?? "", [`--db=${ovn.southboundRemote}`, "lflow-list"], { maxBuffer: 1 << 27 }).toString();
  } finally {
    ovn.stop();
  }
}
