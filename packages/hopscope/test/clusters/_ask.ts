import { fileURLToPath } from "node:url";
import { buildNetwork, type Journey, loadSnapshot, simulate, type TraceOptions } from "hopscope";

const built = new Map<string, ReturnType<typeof buildNetwork>>();

/** The network of one of the clusters beside this file, built once. */
export function cluster(name: string): ReturnType<typeof buildNetwork> {
  let network = built.get(name);
  if (network === undefined) built.set(name, (network = buildNetwork(loadSnapshot(fileURLToPath(new URL(`data/${name}.yaml`, import.meta.url))))));
  return network;
}

export const ask = (name: string, from: string, to: string, options?: TraceOptions): Journey => simulate(cluster(name), { from, to }, options);

/** What a person reads first: the verdict with its status, and the findings that matter. */
export const told = ({ verdict, findings }: Journey): string => [verdict.type, ...(verdict.status === undefined ? [] : [verdict.status]), ...findings.filter(({ severity }) => severity !== "info").map(({ code }) => code)].join(" ");

export const caveats = ({ caveats: all }: Journey): readonly string[] => all.map(({ code }) => code);
