import type { Decision, Packet } from "@hopscope/core";
import { type HookView, matches } from "./matches.ts";
import { type Chain, chainOf, type Rule, type Ruleset, type TableName, type Target } from "./ruleset.ts";

export type Hook = "PREROUTING" | "INPUT" | "FORWARD" | "OUTPUT" | "POSTROUTING";

/** What a table's chain says to one packet. `by` is the deciding rule; absent when the policy decided. */
export type Verdict =
  | { readonly type: "accept"; readonly by?: Rule }
  | { readonly type: "drop"; readonly by?: Rule }
  | { readonly type: "reject"; readonly with?: string; readonly by: Rule }
  | { readonly type: "translate"; readonly target: Extract<Target, { type: "redirect" | "dnat" | "snat" | "masquerade" }>; readonly by: Rule }
  | { readonly type: "tproxy"; readonly target: Extract<Target, { type: "tproxy" }>; readonly by: Rule }
  | { readonly type: "unknown"; readonly reason: string; readonly by: Rule };

export interface Traversed {
  readonly verdict: Verdict;
  readonly decisions: readonly Decision[];
  /** Zone that `-j CT --zone` chose, and whether tracking was switched off. */
  readonly zone?: number;
  readonly notrack: boolean;
}

type Ended = Verdict | "returned";

/**
 * Runs a packet through one table's chain at one hook. Marks are written into the view as the rules go.
 *
 * RETURN or the end of a user chain goes on after the jump, in a built-in chain to the policy; a goto forgets its place.
 *
 * @see Linux 5.14, net/ipv4/netfilter/ip_tables.c ipt_do_table
 */
export function traverse(ruleset: Ruleset, table: TableName, hook: Hook, view: HookView): Traversed | undefined {
  const start = chainOf(ruleset, table, hook);
  if (start === undefined) return undefined;
  const decisions: Decision[] = [];
  let zone: number | undefined;
  let notrack = false;
  const decide = (rule: Rule, verdict: string): void => void decisions.push({ table: rule.origin.path ?? table, rule: rule.text, verdict, origin: rule.origin });

  const run = (chain: Chain, depth: number): Ended => {
    for (const rule of chain.rules) {
      const matched = matches(rule, view);
      if (matched === false) continue;
      const { target } = rule;
      const passive = target === undefined || target.type === "passive";
      if (matched !== true) {
        if (passive) continue;
        decide(rule, `unknown: ${matched}`);
        return { type: "unknown", reason: matched, by: rule };
      }
      if (passive) {
        if (target !== undefined) decide(rule, `${target.name}, goes on`);
        continue;
      }
      switch (target.type) {
        case "accept":
          decide(rule, "ACCEPT");
          return { type: "accept", by: rule };
        case "drop":
          decide(rule, "DROP");
          return { type: "drop", by: rule };
        case "reject":
          decide(rule, `REJECT${target.with === undefined ? "" : ` with ${target.with}`}`);
          return { type: "reject", with: target.with, by: rule };
        case "return":
          decide(rule, "RETURN");
          return "returned";
        case "jump":
        case "goto": {
          const next = chainOf(ruleset, table, target.chain);
          decide(rule, `${target.type === "jump" ? "jumps to" : "goes to"} ${target.chain}`);
          if (next === undefined || depth > 64) return { type: "unknown", reason: next === undefined ? `chain "${target.chain}" is not there` : "the chains form a loop", by: rule };
          const ended = run(next, depth + 1);
          if (ended !== "returned" || target.type === "goto") return ended;
          break;
        }
        case "redirect":
        case "dnat":
        case "snat":
        case "masquerade":
          decide(rule, describe(target));
          return { type: "translate", target, by: rule };
        case "tproxy":
          decide(rule, `TPROXY to port ${target.port}`);
          return { type: "tproxy", target, by: rule };
        case "mark":
          view.packet = marked(view.packet, (((view.packet.local?.mark ?? 0) & ~target.mask) ^ target.value) >>> 0);
          decide(rule, `mark becomes 0x${(view.packet.local?.mark ?? 0).toString(16)}`);
          break;
        case "connmark-set":
        case "connmark-save":
        case "connmark-restore":
          applyConnmark(target, view, (verdict) => decide(rule, verdict));
          break;
        case "ct":
          // What is tracked already (a packet on loopback) keeps its connection.
          if (view.tracked !== undefined) break;
          if (target.notrack) notrack = true;
          if (target.zone !== undefined) zone = target.zone;
          decide(rule, target.notrack ? "not tracked" : target.zone === undefined ? "CT" : `zone ${target.zone}`);
          return { type: "accept", by: rule };
        case "unknown":
          decide(rule, `unknown: target ${target.name}`);
          return { type: "unknown", reason: `target "${[target.name, ...target.words].join(" ")}" is not modelled`, by: rule };
      }
    }
    return "returned";
  };

  const ended = run(start, 0);
  const verdict: Verdict = ended !== "returned" ? ended : { type: start.policy === "DROP" ? "drop" : "accept" };
  if (ended === "returned" && verdict.type === "drop") {
    decisions.push({ table: `${table}/${hook}`, rule: `:${hook} DROP`, verdict: "no rule matched; the policy is DROP", origin: { object: ruleset.family === 4 ? "iptables" : "ip6tables", path: `${table}/${hook}` } });
  }
  return { verdict, decisions, zone, notrack };
}

const marked = (packet: Packet, mark: number): Packet => ({ ...packet, local: { ...packet.local, mark } });

function applyConnmark(target: Extract<Target, { type: "connmark-set" | "connmark-save" | "connmark-restore" }>, view: HookView, decide: (verdict: string) => void): void {
  const connection = view.tracked?.connection;
  if (view.tracked === undefined || connection === undefined) return;
  const mark = view.packet.local?.mark ?? 0;
  if (target.type === "connmark-restore") {
    const next = ((mark & ~target.nfmask) ^ (connection.mark & target.ctmask)) >>> 0;
    view.packet = marked(view.packet, next);
    return decide(`mark becomes 0x${next.toString(16)}`);
  }
  const next =
    target.type === "connmark-set" ? ((connection.mark & ~target.mask) ^ target.value) >>> 0 : ((connection.mark & ~target.ctmask) ^ (mark & target.nfmask)) >>> 0;
  view.tracked = { ...view.tracked, connection: { ...connection, mark: next } };
  decide(`connection mark becomes 0x${next.toString(16)}`);
}

function describe(target: Extract<Target, { type: "redirect" | "dnat" | "snat" | "masquerade" }>): string {
  if (target.type === "redirect") return `REDIRECT${target.ports === undefined ? "" : ` to port ${target.ports.first}`}`;
  return target.type === "masquerade" ? "MASQUERADE" : `${target.type.toUpperCase()} to ${target.to}`;
}
