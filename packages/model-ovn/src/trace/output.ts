import { tableOf } from "../pipeline/build-machine.ts";
import { visit, visitLast } from "../pipeline/interpret.ts";
import type { Datapath, Port } from "../pipeline/machine.ts";
import type { Run, Site } from "../pipeline/mode.ts";
import { EVENT } from "../pipeline/recorder.ts";
import { LOOPBACK, type Registers, WORD } from "../pipeline/registers.ts";
import type { Names } from "./names.ts";
import { fork, sendOn, type TraceState } from "./state.ts";
import type { TraceRecorder } from "./tree.ts";

/** Name of the port with a key; what `ovn-trace` says where there is none. */
export function portName(names: Names, datapath: Datapath, key: number): string {
  const port = datapath.ports.get(key);
  return port !== undefined ? names.port(port) : key === 0 ? "" : "(unnamed)";
}

const omitted = "/* omitting output because inport == outport && !flags.loopback */";

/**
 * The end of a pipeline: from ingress to the egress of each port, from egress out of a port or through it to its peer.
 *
 * @see OVN 23.09, utilities/ovn-trace.c execute_output
 */
export function traceOutput(run: Run, site: Site, regs: Registers, state: TraceState, recorder: TraceRecorder): void {
  const { names } = state;
  const { datapath } = site.table;
  const key = (regs[WORD.outport] as number) & 0xffff;
  if (key === 0) {
    recorder.add(site.node, EVENT.error, "*** output to null logical port");
    return;
  }
  const port = datapath.ports.get(key);
  const group = datapath.groups.get(key);
  const name = port !== undefined ? names.port(port) : (group?.name ?? "(unnamed)");
  if (port === undefined && group === undefined) recorder.add(site.node, EVENT.error, `*** unknown port or multicast group ${key}`);
  if (site.table.pipeline === "egress") return leave(run, site, regs, port, name, state);
  const { forks } = state;
  const egress = fork(state, regs);
  for (let register = 0; register < WORD.inport; register++) egress[register] = 0;
  if (!enterEgress(run, site, regs, egress, name, state, recorder)) state.forks = forks;
}

const egressTitle = (names: Names, datapath: Datapath, inKey: number, outport: string): string =>
  `egress(dp="${names.datapath(datapath)}", inport="${portName(names, datapath, inKey)}", outport="${outport}")`;

/** True where the visit waits, and needs the copy. */
function enterEgress(run: Run, site: Site, regs: Registers, egress: Registers, name: string, state: TraceState, recorder: TraceRecorder): boolean {
  const { names } = state;
  const { datapath } = site.table;
  const key = (regs[WORD.outport] as number) & 0xffff;
  const port = datapath.ports.get(key);
  const group = datapath.groups.get(key);
  const loopback = ((regs[WORD.flags] as number) & LOOPBACK) !== 0;
  const inKey = (regs[WORD.inport] as number) & 0xffff;
  const first = tableOf(datapath, "egress", 0);
  if (group !== undefined) {
    const replicas = (recorder.wants & EVENT.pipeline) === 0 ? site.node : recorder.add(site.node, EVENT.pipeline, `multicast(dp="${names.datapath(datapath)}", mcgroup="${group.name}")`);
    for (const member of group.ports) {
      const node = (recorder.wants & EVENT.pipeline) === 0 ? replicas : recorder.add(replicas, EVENT.pipeline, egressTitle(names, datapath, inKey, names.port(member)));
      if (member.key === inKey && !loopback) {
        recorder.add(node, EVENT.output, omitted);
        continue;
      }
      if (node !== replicas) recorder.tree.indented.add(node);
      egress[WORD.outport] = member.key;
      run.tail = false;
      const { forks } = state;
      // What one member's egress changes, the next one's finds: the program has one copy for all.
      visit(run, first, egress, node);
      state.forks = forks;
    }
    return false;
  }
  let target = port;
  if (port?.row.type === "chassisredirect") {
    if (port.distributed === undefined) {
      recorder.add(site.node, EVENT.error, `*** output to type "${port.row.type}" port "${name}" with no or invalid distributed port`);
      return false;
    }
    target = port.distributed;
    if ((recorder.wants & EVENT.output) !== 0) recorder.add(site.node, EVENT.output, `/* Replacing type "${port.row.type}" outport "${name}" with distributed port "${names.port(target)}". */`);
    egress[WORD.outport] = target.key;
  }
  if ((target === undefined || target.key === inKey) && !loopback) {
    recorder.add(site.node, EVENT.output, omitted);
    return false;
  }
  const node = (recorder.wants & EVENT.pipeline) === 0 ? site.node : recorder.add(site.node, EVENT.pipeline, egressTitle(names, datapath, inKey, target === undefined ? name : names.port(target)));
  return visitLast(run, first, egress, node);
}

function leave(run: Run, site: Site, regs: Registers, port: Port | undefined, name: string, state: TraceState): void {
  const { recorder } = run;
  const { names } = state;
  if ((recorder.wants & EVENT.output) !== 0) recorder.add(site.node, EVENT.output, `/* output to "${name}", type "${port?.row.type ?? ""}" */`);
  const peer = port?.peer;
  if (peer === undefined) {
    recorder.add(site.node, EVENT.modify, `output("${name}")`);
    return;
  }
  const node = (recorder.wants & EVENT.pipeline) === 0 ? site.node : recorder.add(site.node, EVENT.pipeline, `ingress(dp="${names.datapath(peer.datapath)}", inport="${names.port(peer)}")`);
  const entering = fork(state, regs);
  entering[WORD.inport] = peer.key;
  entering[WORD.outport] = 0;
  sendOn(run, state, tableOf(peer.datapath, "ingress", 0), entering, node);
}
