import { T } from "../expr/token.ts";
import type { ActionAddress, ActionBackend, Masked, NatZone, PlainActionType } from "./action.ts";
import { addPrerequisite, type ActionParser, has, type Parsing, parseUint16, tableAfter } from "./parsing.ts";

const ALL_MARK = 0xffffffffn;
const ALL_LABEL = (1n << 128n) - 1n;

/** `(dnat)` or `(snat)` of the releases that have the choice; absent means dnat. */
function parseZone(parsing: Parsing, action: string, required: boolean): NatZone {
  const { lexer } = parsing;
  if (required) lexer.force(T.lparen);
  else if (!lexer.match(T.lparen)) return "dnat";
  const zone = lexer.matchId("dnat") ? "dnat" : lexer.matchId("snat") ? "snat" : lexer.fail(`"${action}" action accepts only "dnat" or "snat" parameter.`);
  lexer.force(T.rparen);
  return zone;
}

export const parseCtNext: ActionParser = (parsing) => {
  const table = tableAfter(parsing, "ct_next");
  addPrerequisite(parsing, "ip");
  return has(parsing, "24.03.4", "24.09.0") ? { type: "ct_next", table, zone: parseZone(parsing, "ct_next", false) } : { type: "ct_next", table };
};

export const parseCtCommitNat: ActionParser = (parsing) => {
  addPrerequisite(parsing, "ip");
  const zoned = has(parsing, "23.09.2", "24.03.0");
  const table = tableAfter(parsing, zoned ? "ct_commit_nat" : "ct_commit_related");
  return zoned ? { type: "ct_commit_nat", table, zone: parseZone(parsing, "ct_commit_nat", false) } : { type: "ct_commit_nat", table };
};

export const parseCtCommitToZone: ActionParser = (parsing) => {
  addPrerequisite(parsing, "ip");
  const table = tableAfter(parsing, "ct_commit_to_zone");
  return { type: "ct_commit_to_zone", table, zone: parseZone(parsing, "ct_commit_to_zone", true) };
};

/** The old form with parentheses; that with braces is a nested list. Where nothing is set both mean the same. */
export const parseCtCommitV1: ActionParser = (parsing) => {
  const { lexer } = parsing;
  addPrerequisite(parsing, "ip");
  lexer.next();
  const written: { mark?: Masked; label?: Masked } = {};
  while (!lexer.match(T.rparen)) {
    const isMark = lexer.matchId("ct_mark");
    if (!isMark && !lexer.matchId("ct_label")) lexer.unexpected();
    lexer.force(T.equals);
    if (lexer.kind !== T.integer && lexer.kind !== T.masked) lexer.unexpected("expecting integer");
    const all = isMark ? ALL_MARK : ALL_LABEL;
    const mask = lexer.kind === T.masked ? lexer.mask & all : all;
    if (mask !== 0n) written[isMark ? "mark" : "label"] = { value: lexer.value & all, mask };
    lexer.next();
    lexer.match(T.comma);
  }
  return written.mark === undefined && written.label === undefined ? { type: "ct_commit", actions: [] } : { type: "ct_commit_v1", ...written };
};

/** The address at hand. */
function takeAddress({ lexer }: Parsing): ActionAddress {
  const address: ActionAddress = { family: lexer.format === "ipv4" ? 4 : 6, value: lexer.value };
  lexer.next();
  return address;
}

const isAddress = ({ lexer }: Parsing): boolean => lexer.kind === T.integer && (lexer.format === "ipv4" || lexer.format === "ipv6");

function parsePortRange({ lexer }: Parsing): { readonly low: number; readonly high?: number } {
  if (lexer.kind !== T.integer || lexer.format !== "decimal") lexer.unexpected("expecting Integer for port range");
  const low = Number(lexer.value & 0xffffn);
  if (low === 0) lexer.unexpected("range can't be 0");
  lexer.next();
  if (!lexer.match(T.hyphen)) return { low };
  if (lexer.kind !== T.integer) lexer.unexpected("expecting Integer for port range");
  const high = Number(lexer.value & 0xffffn);
  if (high <= low) lexer.unexpected("range high should be greater than range low");
  lexer.next();
  return { low, high };
}

/** `ct_dnat`, `ct_snat` and their forms for a common zone. */
export const parseNat = (type: "ct_dnat" | "ct_snat" | "ct_dnat_in_czone" | "ct_snat_in_czone"): ActionParser => (parsing) => {
  const { lexer } = parsing;
  addPrerequisite(parsing, "ip");
  const table = tableAfter(parsing, type);
  if (!lexer.match(T.lparen)) return { type, table };
  if (!isAddress(parsing)) lexer.unexpected("expecting IPv4 or IPv6 address");
  const address = takeAddress(parsing);
  const ports = lexer.match(T.comma) ? parsePortRange(parsing) : undefined;
  lexer.force(T.rparen);
  return ports === undefined ? { type, address, table } : { type, address, ports, table };
};

function parseBackend(parsing: Parsing): ActionBackend {
  const { lexer } = parsing;
  if (lexer.match(T.lsquare)) {
    if (lexer.kind !== T.integer || lexer.format !== "ipv6") lexer.unexpected("expecting IPv6 address");
    const address = takeAddress(parsing);
    if (!lexer.match(T.rsquare)) lexer.unexpected("no closing square bracket");
    return { address, port: lexer.match(T.colon) ? parseUint16(parsing, "port number") : 0 };
  }
  if (!isAddress(parsing)) lexer.unexpected("expecting IP address");
  const address = takeAddress(parsing);
  if (!lexer.match(T.colon)) return { address, port: 0 };
  if (address.family === 6) lexer.unexpected("IPv6 address needs square brackets if port is included");
  return { address, port: parseUint16(parsing, "port number") };
}

/** `ct_lb` and `ct_lb_mark`; what follows the backends is as forgiving as the real parser. */
export const parseLoadBalance = (type: "ct_lb" | "ct_lb_mark"): ActionParser => (parsing) => {
  const { lexer } = parsing;
  const table = tableAfter(parsing, "ct_lb");
  addPrerequisite(parsing, "ip");
  const backends: ActionBackend[] = [];
  const extra: { hashFields?: string; flag?: "skip_snat" | "force_snat" } = {};
  if (lexer.match(T.lparen) && !lexer.match(T.rparen)) {
    if (!lexer.matchId("backends")) lexer.unexpected("expecting backends");
    lexer.force(T.equals);
    while (!lexer.match(T.semicolon) && !lexer.match(T.rparen)) {
      backends.push(parseBackend(parsing));
      lexer.match(T.comma);
    }
    if (lexer.matchId("hash_fields")) {
      if (!lexer.match(T.equals) || lexer.kind !== T.string) lexer.unexpected("invalid hash_fields");
      extra.hashFields = lexer.text;
      lexer.next();
      if (!lexer.match(T.semicolon)) lexer.next();
    }
    for (const flag of ["skip_snat", "force_snat"] as const) {
      if (extra.flag !== undefined || !lexer.matchId(flag)) continue;
      extra.flag = flag;
      lexer.next();
    }
  }
  return { type, backends, ...extra, table };
};

/** An action that is its name alone. */
export const plain = (type: PlainActionType): ActionParser => () => ({ type });
