import { T } from "../expr/token.ts";
import { parseActionAddress } from "./address.ts";
import type { ActionBackend, ActionOf, LogSeverity, TransportName } from "./action.ts";
import { type ActionParser, has, parseEndpoint, parseOperand, type Parsing, parseUint16 } from "./parsing.ts";

export const parseSetQueue: ActionParser = ({ lexer }) => {
  lexer.force(T.lparen);
  if (lexer.kind === T.semicolon) return undefined;
  if (!lexer.isInt()) lexer.force(T.semicolon);
  const queue = lexer.forceInt();
  lexer.force(T.rparen);
  if (queue > 0xf000) lexer.fail(`Queue ID ${queue} for set_queue is not in valid range 0 to ${0xf000}.`);
  return { type: "set_queue", queue };
};

const SEVERITIES: ReadonlySet<string> = new Set(["alert", "warning", "notice", "info", "debug"] satisfies LogSeverity[]);
const isSeverity = (text: string): text is LogSeverity => SEVERITIES.has(text);
type Verdict = ActionOf<"log">["verdict"];

function parseVerdict(parsing: Parsing): Verdict {
  const { lexer } = parsing;
  for (const verdict of ["drop", "reject", "allow"] as const) if (lexer.matchId(verdict)) return verdict;
  return has(parsing, "23.06.4", "23.09.4", "24.03.2", "24.09.0") && lexer.matchId("pass") ? "pass" : lexer.unexpected("unknown verdict");
}

export const parseLog: ActionParser = (parsing) => {
  const { lexer } = parsing;
  const log: { verdict?: Verdict; severity: LogSeverity; name?: string; meter?: string } = { severity: "info" };
  if (lexer.match(T.lparen)) {
    while (!lexer.match(T.rparen)) {
      const key = (["verdict", "name", "severity", "meter"] as const).find((each) => lexer.matchId(each));
      if (key === undefined) return lexer.unexpected();
      lexer.force(T.equals);
      if (key === "verdict") log.verdict = parseVerdict(parsing);
      else if (key === "severity") {
        if (lexer.kind !== T.id) lexer.unexpected("expecting severity");
        if (!isSeverity(lexer.text)) return lexer.unexpected("unknown severity");
        log.severity = lexer.text;
        lexer.next();
      } else {
        if (lexer.kind !== T.string) lexer.unexpected("expecting string");
        if (key === "name" && lexer.text.length >= 64) lexer.unexpected("name must be shorter than 64 characters");
        log[key] = lexer.text;
        lexer.next();
      }
      lexer.match(T.comma);
    }
  }
  const { verdict } = log;
  return verdict === undefined ? lexer.unexpected("expecting verdict") : { type: "log", ...log, verdict };
};

export const parseSetMeter: ActionParser = ({ lexer }) => {
  const number = (): bigint => {
    const value = lexer.kind === T.integer && lexer.format === "decimal" ? lexer.value : 0n;
    lexer.next();
    return value;
  };
  lexer.force(T.lparen);
  const rate = number();
  const burst = lexer.match(T.comma) ? number() : 0n;
  lexer.force(T.rparen);
  if (rate === 0n) lexer.fail("Rate 0 for set_meter is not in valid.");
  return { type: "set_meter", rate, burst };
};

export const parseBindVport: ActionParser = (parsing) => {
  const { lexer } = parsing;
  lexer.force(T.lparen);
  if (lexer.kind !== T.string) lexer.unexpected("expecting port name string");
  const port = lexer.text;
  lexer.next();
  lexer.force(T.comma);
  const parent = parseOperand(parsing, 0);
  lexer.force(T.rparen);
  return { type: "bind_vport", port, parent };
};

export const parseHandleSvcCheck: ActionParser = (parsing) => {
  parsing.lexer.force(T.lparen);
  const port = parseOperand(parsing, 0);
  parsing.lexer.force(T.rparen);
  return { type: "handle_svc_check", port };
};

export const parseHandleBfd: ActionParser = ({ lexer }) => {
  lexer.force(T.lparen);
  lexer.force(T.rparen);
  return { type: "handle_bfd_msg" };
};

/** `true` and `false`, in quotes or without. */
function parseTruth({ lexer }: Parsing): boolean {
  for (const text of ["true", "false"]) {
    if ((lexer.kind !== T.string && lexer.kind !== T.id) || lexer.text !== text) continue;
    lexer.next();
    return text === "true";
  }
  return lexer.unexpected("expecting true or false");
}

export const parseForwardGroup: ActionParser = (parsing) => {
  const { lexer, context } = parsing;
  const ports: string[] = [];
  let liveness = false;
  if (lexer.match(T.lparen)) {
    if (lexer.matchId("liveness")) {
      lexer.force(T.equals);
      liveness = parseTruth(parsing);
      lexer.force(T.comma);
    }
    if (lexer.matchId("childports")) {
      lexer.force(T.equals);
      while (!lexer.match(T.rparen)) {
        if (lexer.kind !== T.string) lexer.unexpected("expecting logical switch port");
        ports.push(lexer.text);
        lexer.next();
        lexer.match(T.comma);
      }
    }
  }
  return { type: "fwd_group", liveness, ports, table: context.table + 1 };
};

/** Goes past `name =`. */
function parameter({ lexer }: Parsing, name: string): void {
  if (!lexer.matchId(name)) lexer.unexpected("invalid parameter");
  lexer.force(T.equals);
}

const transport = ({ lexer }: Parsing): TransportName => (["tcp", "udp", "sctp"] as const).find((name) => lexer.matchId(name)) ?? lexer.unexpected("invalid protocol");

export const parseCommitEcmp: ActionParser = (parsing) => {
  const { lexer } = parsing;
  lexer.force(T.lparen);
  parameter(parsing, "ipv6");
  const ipv6 = parseTruth(parsing);
  lexer.force(T.comma);
  parameter(parsing, "proto");
  const protocol = transport(parsing);
  lexer.force(T.rparen);
  return { type: "commit_ecmp_nh", ipv6, protocol };
};

function parseQuotedEndpoint(parsing: Parsing, name: string): ActionBackend {
  const { lexer } = parsing;
  parameter(parsing, name);
  const endpoint = lexer.kind === T.string ? parseEndpoint(lexer.text, parseActionAddress) : undefined;
  return endpoint ?? lexer.unexpected("invalid parameter");
}

export const parseCommitAffinity: ActionParser = (parsing) => {
  const { lexer } = parsing;
  lexer.force(T.lparen);
  const vip = parseQuotedEndpoint(parsing, "vip");
  lexer.next();
  lexer.force(T.comma);
  const backend = parseQuotedEndpoint(parsing, "backend");
  if (backend.address.family !== vip.address.family) lexer.unexpected("invalid protocol family");
  lexer.next();
  lexer.force(T.comma);
  let protocol: TransportName | undefined;
  if (vip.port !== 0) {
    parameter(parsing, "proto");
    protocol = transport(parsing);
    lexer.force(T.comma);
  }
  parameter(parsing, "timeout");
  const timeout = parseUint16(parsing, "affinity timeout");
  lexer.force(T.rparen);
  return protocol === undefined ? { type: "commit_lb_aff", vip, backend, timeout } : { type: "commit_lb_aff", vip, backend, protocol, timeout };
};

export const parseSample: ActionParser = (parsing) => {
  const { lexer } = parsing;
  const sample: { probability: number; collectorSet: number; domain: number; point: number | "cookie" } = { probability: 0, collectorSet: 0, domain: 0, point: 0 };
  const isDecimal = (): boolean => lexer.kind === T.integer && lexer.format === "decimal";
  const uint32 = (): number => Number(lexer.value & 0xffffffffn);
  const argument = (): void => {
    const key = (["probability", "obs_point", "obs_domain", "collector_set"] as const).find((each) => lexer.matchId(each));
    if (key === undefined) return lexer.unexpected("unknown argument");
    lexer.force(T.equals);
    if (key === "probability") {
      if (isDecimal()) sample.probability = parseUint16(parsing, "probability");
      return;
    }
    if (key === "obs_point") {
      if (lexer.kind === T.set && lexer.text === "cookie") sample.point = "cookie";
      else if (isDecimal()) sample.point = uint32();
      else lexer.unexpected("malformed sample observation_point_id");
    } else if (isDecimal()) {
      if (key === "obs_domain" && uint32() > 255) lexer.unexpected("obs_domain must be 8-bit long");
      sample[key === "obs_domain" ? "domain" : "collectorSet"] = uint32();
    }
    lexer.next();
  };
  if (lexer.match(T.lparen)) {
    while (!lexer.match(T.rparen)) {
      argument();
      lexer.match(T.comma);
    }
  }
  if (sample.probability === 0) lexer.fail("probability must be greater than zero");
  return { type: "sample", ...sample };
};
