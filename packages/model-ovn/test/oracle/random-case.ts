import type { Dice } from "../northd/random-northbound.ts";
import type { ClusterPlan } from "./plan.ts";
import { randomMicroflow } from "./random-microflow.ts";

/** Options many cases share, so that one daemon answers them all: conntrack gives the same state every time. */
export interface Profile {
  /** The state of every conntrack lookup; absent is ovn-trace's default. */
  readonly state?: string;
  readonly options: readonly string[];
}

/** Arguments for ovn-trace, without the form. */
export interface TraceCase {
  readonly args: readonly string[];
  /** The profile whose daemon can answer it; absent when it needs a process of its own. */
  readonly profile?: number;
}

/** How many conntrack lookups a case's arguments provide for; nearly every trace makes fewer. */
export const lookups = 40;

/** The options of a profile for one trace. */
export const profileOptions = (profile: Profile, count = lookups): string[] =>
  [...(profile.state === undefined ? [] : Array.from({ length: count }, () => `--ct=${profile.state ?? ""}`)), ...profile.options];

/** The profiles every topology is asked with. */
export const profiles: readonly Profile[] = [
  { options: ["--select-id=1"] },
  { state: "new", options: ["--select-id=1"] },
  { state: "new", options: ["--select-id=2"] },
  { state: "est,rpl", options: ["--select-id=1"] },
  { state: "inv", options: ["--no-friendly-names"] },
  { state: "rel", options: [] },
];

const states = ["new", "new", "new", "est", "est,rpl", "rel", "rel,rpl", "inv", "trk", "new,dnat", "est,snat", "trk,new,est"];

function loneCase(dice: Dice, plan: ClusterPlan): TraceCase {
  const flow = randomMicroflow(dice, plan);
  const backend = plan.vips.flatMap((vip) => vip.backends);
  const target = backend.length > 0 && dice.chance(0.6) ? [`--lb-dst=${dice.pick(backend)}`] : dice.chance(0.2) ? ["--lb-dst=10.1.2.3"] : [];
  return {
    args: [
      ...Array.from({ length: dice.below(9) }, () => `--ct=${dice.pick(states)}`), ...target, ...(dice.chance(0.7) ? [`--select-id=${1 + dice.below(3)}`] : []),
      ...(dice.chance(0.1) ? ["--no-friendly-names"] : []), ...(dice.chance(0.3) ? [datapathOf(plan, flow)] : []), flow,
    ],
  };
}

/** Names the datapath of a microflow's port, or another one. */
function datapathOf(plan: ClusterPlan, flow: string): string {
  const port = /inport == "([^"]*)"/.exec(flow)?.[1] ?? "";
  const pod = plan.pods.find((each) => each.port === port);
  return pod?.node.name ?? port.replace(/^br-ex_/, "ext_").replace(/^k8s-/, "").replace(/^tstor-.*/, "transit_switch");
}

/** Random cases of a topology: most for the daemons, `alone` of them with options of their own. */
export function randomCases(dice: Dice, plan: ClusterPlan, counts: { readonly shared: number; readonly alone: number }): TraceCase[] {
  const shared = Array.from({ length: counts.shared }, (): TraceCase => {
    const profile = dice.pick([0, 1, 1, 1, 2, 3, 3, 4, 5]);
    const options = profileOptions(profiles[profile] ?? { options: [] });
    return { args: [...options, randomMicroflow(dice, plan)], profile };
  });
  return [...shared, ...Array.from({ length: counts.alone }, () => loneCase(dice, plan))];
}
