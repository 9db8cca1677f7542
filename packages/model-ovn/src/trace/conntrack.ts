import type { ActionAddress } from "../actions/action.ts";
import { tableOf } from "../pipeline/build-machine.ts";
import { ctStateText, ip4Text, ip6Text } from "../pipeline/format-value.ts";
import type { ConntrackPolicy, Run, Site } from "../pipeline/mode.ts";
import { EVENT } from "../pipeline/recorder.ts";
import { CT, ETH_IP4, ETH_IP6, type Registers, WORD } from "../pipeline/registers.ts";
import { fork, nextCtState, sendOn, type TraceState } from "./state.ts";
import { virtualAddress } from "./virtual-address.ts";

/** The words of an address. */
export const wordsOf = ({ family, value }: ActionAddress): readonly number[] =>
  family === 4 ? [Number(value)] : [96n, 64n, 32n, 0n].map((shift) => Number((value >> shift) & 0xffffffffn));

const addressText = ({ family, value }: ActionAddress): string => (family === 4 ? ip4Text(Number(value)) : ip6Text(wordsOf({ family, value })));

/** Sends a copy of the packet on to a table of the pipeline that it is in. */
function goOn(run: Run, state: TraceState, { table }: Site, to: number, copy: Registers, node: number): void {
  sendOn(run, state, tableOf(table.datapath, table.pipeline, to), copy, node);
}

/**
 * Connection tracking as `ovn-trace` assumes it: the states that the user gives, one after the other, and no translation undone.
 *
 * @see OVN 23.09, utilities/ovn-trace.c execute_ct_next, execute_ct_nat, execute_ct_lb, execute_ct_commit_nat
 */
export function assumedConntrack(state: TraceState): ConntrackPolicy {
  /** What makes a packet tracked that is not. */
  const track = (regs: Registers): string => {
    if (((regs[WORD.ctState] as number) & CT.trk) !== 0) return "";
    const { bits, comment } = nextCtState(state);
    regs[WORD.ctState] = (regs[WORD.ctState] as number) | bits;
    return comment;
  };
  return {
    next(run, site, regs, action) {
      const { bits, comment } = nextCtState(state);
      const node = run.recorder.add(site.node, EVENT.transformation, `ct_next(ct_state=${ctStateText(bits)}${comment})`);
      const tracked = fork(state, regs);
      tracked[WORD.ctState] = bits;
      goOn(run, state, site, action.table, tracked, node);
    },
    nat(run, site, regs, action) {
      const toDestination = action.type === "ct_dnat" || action.type === "ct_dnat_in_czone";
      const { address } = action;
      if (!toDestination && address === undefined && site.table.datapath.hasGateway) return;
      const letter = toDestination ? "d" : "s";
      const direction = toDestination ? "dst" : "src";
      const translated = fork(state, regs);
      let text = `ct_${letter}nat${action.type.endsWith("_in_czone") ? "in_czone" : ""}`;
      if (address === undefined) text += ` /* assuming no un-${letter}nat entry, so no change */`;
      else {
        text += `(ip${address.family}.${direction}=${addressText(address)})`;
        const word = address.family === 4 ? (toDestination ? WORD.ip4Dst : WORD.ip4Src) : toDestination ? WORD.ip6Dst : WORD.ip6Src;
        wordsOf(address).forEach((one, at) => (translated[word + at] = one));
        translated[WORD.ctState] = (translated[WORD.ctState] as number) | (toDestination ? CT.dnat : CT.snat);
      }
      text += track(translated);
      goOn(run, state, site, action.table, translated, run.recorder.add(site.node, EVENT.transformation, text));
    },
    balance(run, site, regs, action) {
      const balanced = fork(state, regs);
      const type = regs[WORD.ethType];
      const family = type === ETH_IP4 ? 4 : type === ETH_IP6 ? 6 : 0;
      let comment = "";
      if (family !== 0) {
        const chosen = chooseBackend(state, action.backends.filter(({ address }) => address.family === family).map(({ address, port }) => ({ words: wordsOf(address), port })), action.backends.length > 0, family);
        if (chosen === undefined && action.backends.length > 0) run.recorder.add(site.node, EVENT.error, "*** no load balancing destination (use --lb-dst)");
        if (chosen !== undefined) {
          const [to, original, words] = family === 4 ? [WORD.ip4Dst, WORD.ctIp4Dst, 1] : [WORD.ip6Dst, WORD.ctIp6Dst, 4];
          for (let at = 0; at < words; at++) {
            balanced[original + at] = balanced[to + at] as number;
            balanced[to + at] = chosen.words[at] as number;
          }
          balanced[WORD.ctPortDst] = balanced[WORD.portDst] as number;
          if (chosen.port !== 0) balanced[WORD.portDst] = chosen.port;
          balanced[WORD.ctState] = (balanced[WORD.ctState] as number) | CT.dnat;
        }
        const next = nextCtState(state);
        ({ comment } = next);
        balanced[WORD.ctState] = (balanced[WORD.ctState] as number) | next.bits;
      }
      goOn(run, state, site, action.table, balanced, run.recorder.add(site.node, EVENT.transformation, `${action.type}${comment}`));
    },
    commit: () => undefined,
    commitTo(run, site, regs, action) {
      const committed = fork(state, regs);
      const text = action.type === "ct_commit_to_zone" ? `ct_commit_to_zone(${action.zone ?? "snat"})` : "ct_commit_nat /* assuming no un-nat entry, so no change */";
      const comment = track(committed);
      goOn(run, state, site, action.table, committed, run.recorder.add(site.node, EVENT.transformation, text + comment));
    },
    clear(_run, _site, regs) {
      regs[WORD.ctState] = 0;
      regs[WORD.ctMark] = 0;
      regs.fill(0, WORD.ctLabel, WORD.ctLabel + 4);
      regs[WORD.ctProto] = 0;
      regs[WORD.ctPortSrc] = 0;
      regs[WORD.ctPortDst] = 0;
      if (regs[WORD.ethType] === ETH_IP4) regs.fill(0, WORD.ctIp4Src, WORD.ctIp4Dst + 1);
      else if (regs[WORD.ethType] === ETH_IP6) regs.fill(0, WORD.ctIp6Src, WORD.ctIp6Dst + 4);
    },
    snatToVip(run, site, regs) {
      const vip = virtualAddress(run.machine, regs);
      if (vip !== undefined && vip.port === regs[WORD.ctPortDst]) run.recorder.add(site.node, EVENT.action, `/* nat(src=${vip.text}) */`);
    },
    remember: () => undefined,
  };
}

/** The destination that the user wants if it is one, else any. Without a list the user's is taken as it is. */
function chooseBackend(state: TraceState, backends: readonly { readonly words: readonly number[]; readonly port: number }[], hasList: boolean, family: number): { readonly words: readonly number[]; readonly port: number } | undefined {
  const wanted = state.lbDst !== undefined && !state.lbDstUsed && state.lbDst.family === family ? state.lbDst : undefined;
  if (!hasList) return wanted;
  const asked = wanted === undefined ? undefined : backends.find(({ words }) => words.every((word, at) => word === (wanted.words[at] as number)));
  if (asked !== undefined) {
    state.lbDstUsed = true;
    return asked;
  }
  return backends.length === 0 ? undefined : backends[state.pick(backends.length)];
}
