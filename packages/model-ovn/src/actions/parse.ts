import type { Expression, FieldRange } from "../expr/expression.ts";
import { Lexer } from "../expr/lexer.ts";
import { symbolTable } from "../expr/symbol-table.ts";
import { T } from "../expr/token.ts";
import { combine } from "../expr/tree.ts";
import { DEFAULT_VERSION } from "../expr/version.ts";
import type { Action, NestedActionType, Pipeline } from "./action.ts";
import { DHCP_OPTIONS } from "./options.ts";
import { parseCtCommitNat, parseCtCommitToZone, parseCtCommitV1, parseCtNext, parseLoadBalance, parseNat, plain } from "./parse-connection.ts";
import {
  type AssignmentParser, parseCheckPacketLarger, parseGetBinding, parseGetFdb, parseLoad, parseLookupBinding, parseLookupBindingIp, parseLookupFdb, parseMove, parsePushPop, parsePutBinding,
  parsePutFdb, parseResult, parseSelect,
} from "./parse-fields.ts";
import { parsePutDhcp, parsePutDhcpv6, parsePutRouterAdvertisement, parseTriggerEvent } from "./parse-options.ts";
import { parseBindVport, parseCommitAffinity, parseCommitEcmp, parseForwardGroup, parseHandleBfd, parseHandleSvcCheck, parseLog, parseSample, parseSetMeter, parseSetQueue } from "./parse-services.ts";
import { type ActionContext, type ActionParser, addPrerequisite, has, parseField, type Parsing } from "./parsing.ts";

const MAX_DEPTH = 32;

/** An action with a list of actions in braces; a prerequisite of its own replaces those of the list. */
const nested = (type: NestedActionType, prerequisite?: string, scope?: Parsing["scope"]): ActionParser => (parsing) => {
  const { lexer } = parsing;
  lexer.force(T.lcurly);
  if (parsing.depth + 1 === MAX_DEPTH) lexer.fail("maximum depth of nested actions reached");
  const inner: Parsing = { ...parsing, scope: scope ?? parsing.scope, depth: parsing.depth + 1, prerequisites: [] };
  const actions = parseList(inner, T.rcurly);
  if (prerequisite === undefined) parsing.prerequisites.unshift(...inner.prerequisites);
  else addPrerequisite(parsing, prerequisite);
  return { type, actions };
};

const parseCtCommit: ActionParser = (parsing) => {
  if (parsing.lexer.kind === T.lcurly) return nested("ct_commit", "ip", "ct_commit")(parsing);
  if (parsing.lexer.kind === T.lparen) return parseCtCommitV1(parsing);
  addPrerequisite(parsing, "ip");
  return { type: "ct_commit", actions: [] };
};

const parseDecrementTtl: ActionParser = (parsing) => {
  parsing.lexer.force(T.decrement);
  addPrerequisite(parsing, "ip");
  return { type: "dec_ttl" };
};

const parseNext: ActionParser = ({ lexer, context, place }) => {
  if (context.tables === 0) lexer.fail('"next" action not allowed here.');
  let pipeline: Pipeline = context.pipeline;
  let table = context.table + 1;
  if (lexer.match(T.lparen)) {
    if (lexer.isInt()) table = lexer.forceInt();
    else
      do {
        if (lexer.matchId("pipeline")) {
          lexer.force(T.equals);
          pipeline = lexer.matchId("ingress") ? "ingress" : lexer.matchId("egress") ? "egress" : lexer.unexpected('expecting "ingress" or "egress"');
        } else if (lexer.matchId("table")) {
          lexer.force(T.equals);
          table = lexer.forceInt();
        } else lexer.unexpected('expecting "pipeline" or "table"');
      } while (lexer.match(T.comma));
    lexer.force(T.rparen);
  }
  if (table >= context.tables) lexer.fail(`"next" action cannot advance beyond table ${context.tables - 1}.`);
  return { type: "next", to: { pipeline, table }, from: place };
};

/** Actions by the name they begin with. */
const ACTIONS: ReadonlyMap<string, ActionParser> = new Map<string, ActionParser>([
  ["next", parseNext], ["push", parsePushPop("push")], ["pop", parsePushPop("pop")], ["output", plain("output")], ["ip.ttl", parseDecrementTtl],
  ["ct_next", parseCtNext], ["ct_commit", parseCtCommit], ["ct_clear", plain("ct_clear")], ["ct_commit_nat", parseCtCommitNat], ["ct_snat_to_vip", plain("ct_snat_to_vip")],
  ...(["ct_dnat", "ct_snat", "ct_dnat_in_czone", "ct_snat_in_czone"] as const).map((type) => [type, parseNat(type)] as const),
  ["ct_lb", parseLoadBalance("ct_lb")], ["ct_lb_mark", parseLoadBalance("ct_lb_mark")],
  ["clone", nested("clone", undefined, "actions")], ["reject", nested("reject")], ["arp", nested("arp", "ip4")], ["icmp4", nested("icmp4", "ip4")], ["icmp4_error", nested("icmp4_error", "ip4")],
  ["icmp6", nested("icmp6", "ip6")], ["icmp6_error", nested("icmp6_error", "ip6")], ["tcp_reset", nested("tcp_reset", "tcp")], ["sctp_abort", nested("sctp_abort", "sctp")],
  ["nd_na", nested("nd_na", "nd_ns")], ["nd_na_router", nested("nd_na_router", "nd_ns")], ["nd_ns", nested("nd_ns", "ip6")], ["igmp", plain("igmp")],
  ["get_arp", parseGetBinding("get_arp")], ["get_nd", parseGetBinding("get_nd")], ["put_arp", parsePutBinding("put_arp")], ["put_nd", parsePutBinding("put_nd")], ["put_fdb", parsePutFdb],
  ["set_queue", parseSetQueue], ["log", parseLog], ["set_meter", parseSetMeter], ["trigger_event", parseTriggerEvent], ["bind_vport", parseBindVport], ["handle_svc_check", parseHandleSvcCheck],
  ["fwd_group", parseForwardGroup], ["handle_dhcpv6_reply", plain("handle_dhcpv6_reply")], ["handle_bfd_msg", parseHandleBfd], ["commit_ecmp_nh", parseCommitEcmp],
  ["commit_lb_aff", parseCommitAffinity], ["sample", parseSample],
]);

/** Actions that came with later releases, and the first releases that have them. */
const LATER: ReadonlyMap<string, readonly [parser: ActionParser, ...since: readonly string[]]> = new Map([
  ["mac_cache_use", [plain("mac_cache_use"), "23.09.0"]],
  ["ct_commit_to_zone", [parseCtCommitToZone, "24.03.2", "24.09.0"]],
]);

const udp = (parsing: Parsing): void => addPrerequisite(parsing, "udp");

/** What can stand after `field =` with parentheses. */
const ASSIGNMENTS: ReadonlyMap<string, AssignmentParser> = new Map<string, AssignmentParser>([
  ["select", parseSelect], ["put_dhcp_opts", parsePutDhcp], ["put_dhcpv6_opts", parsePutDhcpv6], ["dns_lookup", parseResult("dns_lookup", 1, udp)], ["put_nd_ra_opts", parsePutRouterAdvertisement],
  ["check_pkt_larger", parseCheckPacketLarger], ["lookup_arp", parseLookupBinding("lookup_arp")], ["lookup_nd", parseLookupBinding("lookup_nd")],
  ["lookup_arp_ip", parseLookupBindingIp("lookup_arp_ip")], ["lookup_nd_ip", parseLookupBindingIp("lookup_nd_ip")], ["get_fdb", parseGetFdb], ["lookup_fdb", parseLookupFdb],
  ...(["chk_lb_hairpin", "chk_lb_hairpin_reply", "check_in_port_sec", "check_out_port_sec", "chk_ecmp_nh_mac", "chk_ecmp_nh", "chk_lb_aff"] as const).map((type) => [type, parseResult(type, 1)] as const),
]);

const LATER_ASSIGNMENTS: ReadonlyMap<string, readonly [parser: AssignmentParser, ...since: readonly string[]]> = new Map([
  ["ct_nw_dst", [parseResult("ct_nw_dst", 32), "24.03.5", "24.09.0"]],
  ["ct_ip6_dst", [parseResult("ct_ip6_dst", 128), "24.03.5", "24.09.0"]],
  ["ct_tp_dst", [parseResult("ct_tp_dst", 16), "24.03.5", "24.09.0"]],
  ["ct_state_save", [parseResult("ct_state_save", 8), "24.03.6", "24.09.3"]],
]);

function known<Parser>(parsing: Parsing, always: ReadonlyMap<string, Parser>, later: ReadonlyMap<string, readonly [Parser, ...(readonly string[])]>): Parser | undefined {
  const { text } = parsing.lexer;
  const found = always.get(text);
  if (found !== undefined) return found;
  const [parser, ...since] = later.get(text) ?? [undefined];
  return parser !== undefined && has(parsing, ...since) ? parser : undefined;
}

/** What follows `field =`. */
function parseAssigned(parsing: Parsing, to: FieldRange): Action {
  const { lexer } = parsing;
  if (lexer.kind !== T.id) return parseLoad(parsing, to);
  const parser = lexer.peek() === T.lparen ? known(parsing, ASSIGNMENTS, LATER_ASSIGNMENTS) : undefined;
  return parser === undefined ? parseMove(parsing, to, false) : parser(parsing, to);
}

function parseAction(parsing: Parsing): Action | undefined {
  const { lexer } = parsing;
  if (lexer.kind === T.template) lexer.fail("Unexpanded template.");
  if (lexer.kind !== T.id) lexer.unexpected();
  const next = lexer.peek();
  if (next === T.equals || next === T.exchange || next === T.lsquare) {
    const field = parseField(parsing);
    if (lexer.match(T.exchange)) return parseMove(parsing, field, true);
    return lexer.match(T.equals) ? parseAssigned(parsing, field) : lexer.unexpected("expecting `=' or `<->'");
  }
  const parser = known(parsing, ACTIONS, LATER);
  if (parser === undefined) return lexer.unexpected("expecting action");
  lexer.next();
  return parser(parsing);
}

/** Reads actions up to a sign. `drop;` alone is the empty list. */
function parseList(parsing: Parsing, sentinel: number): readonly Action[] {
  const { lexer } = parsing;
  if (lexer.kind === T.id && lexer.text === "drop" && lexer.peek() === T.semicolon) {
    lexer.next();
    lexer.next();
    lexer.force(sentinel);
    return [];
  }
  const actions: Action[] = [];
  while (lexer.kind !== sentinel) {
    const action = parseAction(parsing);
    if (action !== undefined) actions.push(action);
    lexer.force(T.semicolon);
  }
  lexer.next();
  return actions;
}

/** Actions of a flow, with what must hold for them besides the flow's match. */
export interface ParsedActions {
  readonly actions: readonly Action[];
  /** Joined with the match, and annotated with it. */
  readonly prerequisites: Expression | undefined;
}

/**
 * Reads the actions of a logical flow.
 *
 * @see OVN 23.09 and 24.03, lib/actions.c, ovnacts_parse_string
 * @throws {@link OvnSyntaxError}
 * @example
 * parseActions("ip.ttl--; next;", { pipeline: "ingress", table: 10, tables: 24 }).actions.map(({ type }) => type)
 * // ["dec_ttl", "next"]
 */
export function parseActions(text: string, context: ActionContext): ParsedActions {
  const version = context.version ?? DEFAULT_VERSION;
  const prerequisites: Expression[] = [];
  const lexer = new Lexer(text);
  const place = { pipeline: context.pipeline, table: context.table };
  const actions = parseList({ lexer, symbols: context.symbols ?? symbolTable(version), context, place, version, dhcp: context.dhcp ?? DHCP_OPTIONS, scope: "actions", depth: 0, prerequisites }, T.end);
  return { actions, prerequisites: prerequisites.reduce<Expression | undefined>((sum, each) => combine("and", sum, each), undefined) };
}
