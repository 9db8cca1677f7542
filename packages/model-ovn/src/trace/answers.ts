import { printAction } from "../actions/print.ts";
import type { FieldRange } from "../expr/expression.ts";
import { printFieldRange } from "../expr/field-range.ts";
import { macOf } from "../pipeline/format-value.ts";
import type { ActionOf, Question, Run, Site } from "../pipeline/mode.ts";
import { readBig, readNumber, type Span, spanOf, writeNumber } from "../pipeline/ranges.ts";
import { EVENT } from "../pipeline/recorder.ts";
import { CT, ETH_IP4, ETH_IP6, type Registers, WORD } from "../pipeline/registers.ts";
import { neighboursIn } from "./neighbours.ts";
import { refusesReceiver, refusesSender } from "./security.ts";
import { virtualAddress } from "./virtual-address.ts";

function span(range: FieldRange): Span {
  const found = spanOf(range);
  if (found === undefined) throw new Error(`no place for field ${range.symbol.name}`);
  return found;
}

/** The value of a field in words, most significant first. */
function wordsIn(range: FieldRange, regs: Registers): readonly number[] {
  const place = span(range);
  const { aligned } = place;
  if (aligned !== undefined) return Array.from({ length: aligned.words }, (_, at) => (at === 0 ? ((regs[aligned.word] as number) & aligned.mask) >>> 0 : (regs[aligned.word + at] as number)));
  const value = readBig(place, regs);
  const words = Math.ceil(place.width / 32);
  return Array.from({ length: words }, (_, at) => Number((value >> BigInt(32 * (words - 1 - at))) & 0xffffffffn));
}

const bindingKey = (action: { readonly port: FieldRange; readonly ip: FieldRange }, regs: Registers): string => `${readNumber(span(action.port), regs) & 0xffff} ${wordsIn(action.ip, regs).join(" ")}`;

/** `get_arp` and `get_nd`. @see OVN 23.09, utilities/ovn-trace.c execute_get_mac_bind */
export function bindNeighbour(run: Run, site: Site, regs: Registers, action: ActionOf<"get_arp" | "get_nd">): void {
  const mac = neighboursIn(run.machine, site.table.datapath).bindings.get(bindingKey(action, regs));
  regs[WORD.ethDst] = mac?.[0] ?? 0;
  regs[WORD.ethDst + 1] = mac?.[1] ?? 0;
  const text = macOf(regs[WORD.ethDst] as number, regs[WORD.ethDst + 1] as number);
  run.recorder.add(site.node, EVENT.action, mac === undefined ? "/* No MAC binding. */" : `/* MAC binding to ${text}. */`);
  run.recorder.add(site.node, EVENT.modify, `eth.dst = ${text}`);
}

const texts = new WeakMap<Question, readonly [string, string]>();

/** What a truth value that is written into a field looks like. */
function answerTexts(action: Question, to: FieldRange): readonly [string, string] {
  const known = texts.get(action);
  if (known !== undefined) return known;
  const made = [`${printFieldRange(to)} = 0`, `${printFieldRange(to)} = 1`] as const;
  texts.set(action, made);
  return made;
}

function found({ recorder }: Run, { node }: Site, yes: boolean, text: string, failed: string): number {
  recorder.add(node, EVENT.action, yes ? text : failed);
  return yes ? 1 : 0;
}

const destination = (regs: Registers): string => macOf(regs[WORD.ethDst] as number, regs[WORD.ethDst + 1] as number);

/**
 * Questions as `ovn-trace` answers them; some leave the field as it was.
 *
 * @see OVN 23.09, utilities/ovn-trace.c trace_actions
 */
export function answer(run: Run, site: Site, regs: Registers, action: Question): void {
  const { recorder, machine } = run;
  const { datapath } = site.table;
  switch (action.type) {
    case "lookup_arp":
    case "lookup_nd": {
      const mac = neighboursIn(machine, datapath).bindings.get(bindingKey(action, regs));
      const [high, low] = wordsIn(action.mac, regs);
      return writeNumber(span(action.to), regs, found(run, site, mac !== undefined && mac[0] === high && mac[1] === low, `/* MAC binding to ${destination(regs)} found. */`, "/* lookup failed - No MAC binding. */"));
    }
    case "lookup_arp_ip":
    case "lookup_nd_ip":
      return writeNumber(span(action.to), regs, found(run, site, neighboursIn(machine, datapath).bindings.has(bindingKey(action, regs)), "/* MAC binding found. */", "/* lookup failed - No MAC binding. */"));
    case "lookup_fdb": {
      const port = neighboursIn(machine, datapath).fdb.get(wordsIn(action.mac, regs).join(" "));
      const here = port !== undefined && port === readNumber(span(action.port), regs);
      return writeNumber(span(action.to), regs, found(run, site, here, `/* MAC lookup for ${destination(regs)} found in FDB. */`, "/* lookup mac failed in mac learning table. */"));
    }
    case "get_fdb":
      return writeNumber(span(action.to), regs, neighboursIn(machine, datapath).fdb.get(wordsIn(action.mac, regs).join(" ")) ?? 0);
    case "check_in_port_sec":
      return writeNumber(span(action.to), regs, refusesSender(datapath.ports.get(regs[WORD.inport] as number), regs) ? 1 : 0);
    case "check_out_port_sec":
      return writeNumber(span(action.to), regs, refusesReceiver(datapath.ports.get(regs[WORD.outport] as number), regs) ? 1 : 0);
    case "chk_lb_hairpin":
    case "chk_lb_hairpin_reply": {
      const turned = comesBack(run, regs, action.type === "chk_lb_hairpin") ? 1 : 0;
      writeNumber(span(action.to), regs, turned);
      if ((recorder.wants & EVENT.modify) !== 0) recorder.add(site.node, EVENT.modify, answerTexts(action, action.to)[turned]);
      return;
    }
    case "dns_lookup":
      writeNumber(span(action.to), regs, 0);
      recorder.add(site.node, EVENT.error, "*** dns_lookup action not implemented");
      return;
    case "ct_state_save": {
      const state = regs[WORD.ctState] as number;
      const saved = (state & CT.trk) === 0 ? 0 : state & 0xff;
      writeNumber(span(action.to), regs, saved);
      recorder.add(site.node, EVENT.action, `/* ${printFieldRange(action.to)} = ${saved}; */`);
      return;
    }
    case "put_dhcp_opts":
    case "put_dhcpv6_opts":
    case "put_nd_ra_opts": {
      if (action.type !== "put_nd_ra_opts") recorder.add(site.node, EVENT.error, "/* We assume that this packet is DHCPDISCOVER or DHCPREQUEST. */");
      const to = span(action.to);
      if ((recorder.wants & EVENT.modify) !== 0) {
        recorder.add(site.node, EVENT.modify, printAction(action).replace(/^.*? = /, "").replace(/;$/, ""));
        if (!to.place.register) recorder.add(site.node, EVENT.modify, `${printFieldRange(action.to)} = 1`);
      }
      return writeNumber(to, regs, 1);
    }
    default:
  }
}

/** Whether a load balancer sends a packet back to its sender. @see OVN 23.09, utilities/ovn-trace.c execute_chk_lb_hairpin */
function comesBack(run: Run, regs: Registers, original: boolean): boolean {
  const vip = virtualAddress(run.machine, regs);
  if (vip === undefined || ((regs[WORD.ctState] as number) & CT.dnat) === 0) return false;
  const type = regs[WORD.ethType];
  const sameEnds = type === ETH_IP4
    ? regs[WORD.ip4Src] === regs[WORD.ip4Dst]
    : type === ETH_IP6 && [0, 1, 2, 3].every((at) => regs[WORD.ip6Src + at] === regs[WORD.ip6Dst + at]);
  return sameEnds && vip.port === regs[original ? WORD.ctPortDst : WORD.portDst];
}
