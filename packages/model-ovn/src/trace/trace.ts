import { since } from "../expr/version.ts";
import { tableOf } from "../pipeline/build-machine.ts";
import { visit } from "../pipeline/interpret.ts";
import type { Run } from "../pipeline/mode.ts";
import { EVENT } from "../pipeline/recorder.ts";
import { WORD } from "../pipeline/registers.ts";
import { formatFlow } from "./flow-format.ts";
import { readMicroflow } from "./microflow.ts";
import { TraceProblem } from "./problem.ts";
import { printDetailed, printMinimal, printSummary } from "./print.ts";
import type { TraceSession } from "./session.ts";
import type { LoadBalancerChoice } from "./state.ts";

/** Forms in which a trace is printed; the first that `ovn-trace` knows is the most talkative. */
export type TraceForm = "detailed" | "summary" | "minimal";

/** What to trace, and how: the options and arguments of `ovn-trace`. */
export interface TraceRequest {
  readonly microflow: string;
  readonly datapath?: string;
  readonly forms?: ReadonlySet<TraceForm>;
  /** Connection states, for one pass through connection tracking each. */
  readonly ct?: readonly number[];
  readonly lbDst?: LoadBalancerChoice;
  readonly selectId?: number;
  readonly friendly?: boolean;
  /** Picks one of `count` where `ovn-trace` rolls dice; the first where absent. */
  readonly pick?: (count: number) => number;
}

/**
 * Traces a packet through the logical network and says what happens, in the words of `ovn-trace`.
 *
 * @throws {@link TraceProblem}
 * @see OVN 23.09, utilities/ovn-trace.c trace
 * @example
 * trace(session, { microflow: 'inport == "web" && eth.src == 0a:58:0a:80:00:0a' })
 */
export function trace(session: TraceSession, request: TraceRequest): string {
  const { machine } = session;
  const { datapath, regs } = readMicroflow(machine, request.microflow, request.datapath);
  // Older programs warn and go on.
  if (regs[WORD.inport] === 0 && since(machine.language.version, "23.06.5", "23.09.4", "24.03.2", "24.09.0")) throw new TraceProblem("microflow does not specify ingress port");
  const forms = request.forms === undefined || request.forms.size === 0 ? detailed : request.forms;
  const tools = session.tools(request.friendly ?? true);
  const { names, state } = tools;
  const { recorder, mode } = forms.has("detailed") || forms.has("summary") ? tools.whole : tools.minimal;
  recorder.reset();
  state.ct = request.ct ?? [];
  state.lbDst = request.lbDst;
  state.selectId = request.selectId ?? 0;
  state.pick = request.pick ?? first;
  state.ctUsed = 0;
  state.lbDstUsed = false;
  state.forks = 0;
  const run: Run = { machine, mode, recorder, visits: 0, depth: 0, parent: 0 };
  const head = `# ${formatFlow(regs)}\n`;
  const inport = datapath.ports.get((regs[WORD.inport] as number) & 0xffff);
  const root = recorder.add(0, EVENT.pipeline, `ingress(dp="${names.datapath(datapath)}", inport="${inport === undefined ? "(unnamed)" : names.port(inport)}")`);
  visit(run, tableOf(datapath, "ingress", 0), regs, root);
  const several = forms.size > 1;
  return [
    head,
    forms.has("detailed") ? (several ? "# Detailed trace.\n" : "") + printDetailed(recorder.tree) : "",
    forms.has("summary") ? (several ? "# Summary trace.\n" : "") + printSummary(recorder.tree) : "",
    forms.has("minimal") ? (several ? "# Minimal trace.\n" : "") + printMinimal(recorder.tree) : "",
  ].join("");
}

const detailed: ReadonlySet<TraceForm> = new Set<TraceForm>(["detailed"]);
const first = (): number => 0;
