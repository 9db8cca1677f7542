import { constantOf, OvnSyntaxError } from "../expr/lex.ts";
import { type FieldSymbol, symbolOf } from "../expr/symbols.ts";

export type Target = { readonly type: "field"; readonly field: FieldSymbol } | { readonly type: "port"; readonly name: "inport" | "outport" };
export type Source = Target | { readonly type: "number"; readonly value: bigint; readonly mask?: bigint } | { readonly type: "string"; readonly text: string };

/** One action of a logical flow as data. */
export type Action =
  | { readonly type: "next"; readonly pipeline?: "ingress" | "egress"; readonly table?: number }
  | { readonly type: "output" | "drop" }
  | { readonly type: "assign"; readonly to: Target; readonly from: Source }
  | { readonly type: "exchange"; readonly left: Target; readonly right: Target }
  | { readonly type: "decrement"; readonly field: FieldSymbol }
  /** `name(arguments)` or `target = name(arguments)`; the arguments are text. */
  | { readonly type: "call"; readonly name: string; readonly text: string | undefined; readonly to?: Target }
  | { readonly type: "nested"; readonly name: string; readonly actions: readonly Action[] };

/** Actions that take no arguments or may go without them; any other lone word is an error. */
const BARE = new Set(["ct_next", "ct_commit", "ct_commit_nat", "ct_commit_to_zone", "ct_lb", "ct_lb_mark", "ct_dnat", "ct_dnat_in_czone", "ct_snat", "ct_snat_in_czone", "ct_snat_to_vip", "ct_clear", "igmp", "mac_cache_use", "handle_dhcpv6_reply"]);
/** Fields that packets keep: the real program refuses to write them. Connection marks are written inside `ct_commit` alone. */
const FIXED = new Set(["eth.type", "ip.proto", "ip.frag", "ct_state", "tcp.flags"]);
const CONNECTION = /^ct_(mark|label)/;

const parsed = new Map<string, readonly Action[]>();

/** Parses a flow's actions; parsed texts are kept. @throws {@link OvnSyntaxError} */
export function parseActions(text: string): readonly Action[] {
  let found = parsed.get(text);
  if (found === undefined) parsed.set(text, (found = parse(text, 0, false)));
  return found;
}

function parse(text: string, offset: number, committing: boolean): readonly Action[] {
  const actions: Action[] = [];
  let at = 0;
  while (at < text.length) {
    const blank = /^(\s|;|\/\*[\s\S]*?\*\/)+/.exec(text.slice(at));
    if (blank !== null) {
      at += blank[0].length;
      continue;
    }
    const nested = /^([a-z_0-9]+)\s*\{/.exec(text.slice(at));
    if (nested?.[1] !== undefined) {
      const open = at + nested[0].length;
      const close = closing(text, open - 1, offset);
      actions.push({ type: "nested", name: nested[1], actions: parse(text.slice(open, close), offset + open, nested[1].startsWith("ct_commit")) });
      at = close + 1;
      continue;
    }
    const end = statementEnd(text, at);
    const action = statement(text.slice(at, end).trim(), offset + at);
    const written = action.type === "assign" && action.to.type === "field" ? action.to.field : undefined;
    if (written !== undefined && (FIXED.has(written.base) || (CONNECTION.test(written.base) && !committing))) throw new OvnSyntaxError(`field ${written.name} cannot be modified`, offset + at);
    actions.push(action);
    at = end + 1;
  }
  return actions;
}

const OPEN = "({[";
const CLOSE = ")}]";

function closing(text: string, open: number, offset: number): number {
  let depth = 0;
  let quoted = false;
  for (let at = open; at < text.length; at++) {
    const character = text[at] ?? "";
    if (character === '"') quoted = !quoted;
    if (quoted) continue;
    if (OPEN.includes(character)) depth += 1;
    if (CLOSE.includes(character) && --depth === 0) return at;
  }
  throw new OvnSyntaxError("a bracket has no end", offset + open);
}

function statementEnd(text: string, start: number): number {
  let depth = 0;
  let quoted = false;
  for (let at = start; at < text.length; at++) {
    const character = text[at] ?? "";
    if (character === '"') quoted = !quoted;
    if (quoted) continue;
    if (OPEN.includes(character)) depth += 1;
    if (CLOSE.includes(character)) depth -= 1;
    if (character === ";" && depth === 0) return at;
  }
  return text.length;
}

const CALL = /^([a-z_0-9]+)\s*\(([\s\S]*)\)$/;

function statement(text: string, at: number): Action {
  if (text === "output" || text === "drop") return { type: text };
  if (text === "next") return { type: "next" };
  const decrement = /^([\w.]+)\s*--$/.exec(text);
  if (decrement?.[1] !== undefined) {
    const field = target(decrement[1], at);
    if (field.type !== "field") throw new OvnSyntaxError(`${decrement[1]} cannot be decremented`, at);
    return { type: "decrement", field: field.field };
  }
  const exchange = /^(\S+)\s*<->\s*(\S+)$/.exec(text);
  if (exchange?.[1] !== undefined && exchange[2] !== undefined) return { type: "exchange", left: target(exchange[1], at), right: target(exchange[2], at) };
  const assign = /^([\w.]+(?:\[[\d.]+\])?)\s*=\s*([\s\S]+)$/.exec(text);
  if (assign?.[1] !== undefined && assign[2] !== undefined) {
    const to = target(assign[1], at);
    const call = CALL.exec(assign[2]);
    if (call?.[1] !== undefined) return { type: "call", name: call[1], text: call[2], to };
    return { type: "assign", to, from: source(assign[2].trim(), at) };
  }
  const call = CALL.exec(text);
  if (call?.[1] === "next") {
    const pipeline = /pipeline\s*=\s*(ingress|egress)/.exec(call[2] ?? "")?.[1];
    const table = /(?:table\s*=\s*|^\s*)(\d+)/.exec(call[2] ?? "")?.[1];
    return { type: "next", pipeline: pipeline === "ingress" || pipeline === "egress" ? pipeline : undefined, table: table === undefined ? undefined : Number(table) };
  }
  if (call?.[1] !== undefined) return { type: "call", name: call[1], text: call[2] };
  if (BARE.has(text)) return { type: "call", name: text, text: undefined };
  throw new OvnSyntaxError(`"${text}" is no action`, at);
}

function target(text: string, at: number): Target {
  const parts = /^([\w.]+)(?:\[(\d+)(?:\.\.(\d+))?\])?$/.exec(text);
  const symbol = symbolOf(parts?.[1] ?? "");
  if (symbol === undefined || symbol.type === "predicate") throw new OvnSyntaxError(`"${text}" is no field`, at);
  if (symbol.type === "string") return { type: "port", name: symbol.name === "inport" ? "inport" : "outport" };
  if (parts?.[2] === undefined) return { type: "field", field: symbol };
  const low = Number(parts[2]);
  const high = Number(parts[3] ?? parts[2]);
  return { type: "field", field: { ...symbol, name: text, low: symbol.low + low, width: high - low + 1 } };
}

function source(text: string, at: number): Source {
  if (text.startsWith('"')) return { type: "string", text: text.slice(1, -1) };
  const constant = constantOf(text);
  return constant === undefined ? target(text, at) : { type: "number", ...constant };
}
