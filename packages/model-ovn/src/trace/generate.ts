import { perform } from "../pipeline/interpret.ts";
import type { Generator, Run, Site } from "../pipeline/mode.ts";
import { EVENT } from "../pipeline/recorder.ts";
import { ETH_ARP, ETH_IP4, type Registers, WORD } from "../pipeline/registers.ts";

const RST = 4;

const copy = (from: Registers, source: number, to: Registers, target: number, words: number): void => {
  for (let at = 0; at < words; at++) to[target + at] = from[source + at] as number;
};

/** Turns a packet's addresses round. */
function turn(regs: Registers, made: Registers, version: 4 | 6): void {
  copy(regs, WORD.ethDst, made, WORD.ethSrc, 2);
  copy(regs, WORD.ethSrc, made, WORD.ethDst, 2);
  const [source, destination, words] = version === 4 ? [WORD.ip4Src, WORD.ip4Dst, 1] : [WORD.ip6Src, WORD.ip6Dst, 4];
  copy(regs, destination, made, source, words);
  copy(regs, source, made, destination, words);
}

/**
 * Makes the packets that `arp`, `icmp4`, `reject` and the like send, as far as a microflow describes them.
 *
 * @see OVN 23.09, utilities/ovn-trace.c execute_arp … execute_reject
 */
export function generatePacket(run: Run, site: Site, regs: Registers, action: Generator): void {
  const made = regs.slice();
  const back = action.type === "reject";
  switch (action.type) {
    case "arp":
      for (const word of [WORD.frag, WORD.tos, WORD.ttl, WORD.tcpFlags]) made[word] = 0;
      made[WORD.ethType] = ETH_ARP;
      made[WORD.proto] = 1;
      copy(regs, WORD.ethSrc, made, WORD.arpSha, 2);
      made.fill(0, WORD.arpTha, WORD.arpTha + 2);
      return go(run, site, made, "arp", action);
    case "nd_na":
    case "nd_na_router":
      copy(regs, WORD.ethDst, made, WORD.ethSrc, 2);
      copy(regs, WORD.ethSrc, made, WORD.ethDst, 2);
      copy(regs, WORD.ip6Src, made, WORD.ip6Dst, 4);
      copy(regs, WORD.ndTarget, made, WORD.ip6Src, 4);
      made[WORD.portSrc] = 136;
      made.fill(0, WORD.arpSha, WORD.arpSha + 2);
      copy(regs, WORD.ethDst, made, WORD.arpTha, 2);
      return go(run, site, made, "nd_na", action);
    case "nd_ns":
      made[WORD.ethDst] = 0x3333;
      made[WORD.ethDst + 1] = 0xff000000 | ((regs[WORD.ip6Dst + 3] as number) & 0xffffff);
      made[WORD.portSrc] = 135;
      made.fill(0, WORD.arpSha, WORD.arpSha + 2);
      copy(regs, WORD.ethDst, made, WORD.arpTha, 2);
      return go(run, site, made, "nd_ns", action);
    case "tcp_reset":
      return reset(run, site, regs, made, action, false);
    case "sctp_abort":
      return abort(run, site, regs, made, action, false);
    case "reject":
      if (regs[WORD.proto] === 6) return reset(run, site, regs, made, action, true);
      if (regs[WORD.proto] === 132) return abort(run, site, regs, made, action, true);
      return regs[WORD.ethType] === ETH_IP4 ? icmp(run, site, regs, made, action, 4, true) : icmp(run, site, regs, made, action, 6, true);
    case "icmp4":
    case "icmp4_error":
      return icmp(run, site, regs, made, action, 4, back);
    case "icmp6":
    case "icmp6_error":
      return icmp(run, site, regs, made, action, 6, back);
    default:
  }
}

function go(run: Run, site: Site, made: Registers, name: string, action: Generator): void {
  const node = run.recorder.add(site.node, EVENT.transformation, name);
  perform(run, { table: site.table, flow: site.flow, node }, made, action.type === "ct_commit" ? [] : action.actions);
}

function icmp(run: Run, site: Site, regs: Registers, made: Registers, action: Generator, version: 4 | 6, back: boolean): void {
  const unreachable = version === 4 ? 3 : 1;
  if (back && regs[WORD.portSrc] === unreachable) return;
  if (back) turn(regs, made, version);
  made[WORD.proto] = version === 4 ? 1 : 58;
  made[WORD.ttl] = 255;
  made[WORD.portSrc] = unreachable;
  made[WORD.portDst] = 1;
  go(run, site, made, `icmp${version}`, action);
}

function reset(run: Run, site: Site, regs: Registers, made: Registers, action: Generator, back: boolean): void {
  if (back && regs[WORD.tcpFlags] === RST) return;
  if (back) turn(regs, made, regs[WORD.ethType] === ETH_IP4 ? 4 : 6);
  made[WORD.proto] = 6;
  made[WORD.ttl] = 255;
  made[WORD.tcpFlags] = RST;
  go(run, site, made, "tcp_reset", action);
}

function abort(run: Run, site: Site, regs: Registers, made: Registers, action: Generator, back: boolean): void {
  if (back && regs[WORD.tcpFlags] === RST) return;
  const version = regs[WORD.ethType] === ETH_IP4 ? 4 : 6;
  if (back) turn(regs, made, version);
  // The program makes TCP of an abort over IPv6.
  made[WORD.proto] = version === 4 ? 132 : 6;
  made[WORD.ttl] = 255;
  made[WORD.tcpFlags] = RST;
  go(run, site, made, "sctp_abort", action);
}
