import { type ConstantSet, NO_SETS, parseConstantSet } from "../expr/constants.ts";
import type { Constant, FieldRange } from "../expr/expression.ts";
import type { Lexer } from "../expr/lexer.ts";
import { T } from "../expr/token.ts";
import { parseActionAddress } from "./address.ts";
import type { Action, ActionOption } from "./action.ts";
import { EMPTY_LB_BACKENDS_OPTIONS, type OptionTable, ROUTER_ADVERTISEMENT_OPTIONS } from "./options.ts";
import type { AssignmentParser } from "./parse-fields.ts";
import { addPrerequisite, type ActionParser, checkField, has, parseEndpoint, type Parsing } from "./parsing.ts";

/** Types of options whose values are strings; `host_id` takes both. */
const TEXTUAL: ReadonlySet<string> = new Set(["str", "domains", "domain"]);

function parseOption(lexer: Lexer, table: OptionTable, kind: string): ActionOption {
  if (lexer.kind !== T.id) lexer.unexpected();
  const name = lexer.text;
  const facts = table.get(name);
  if (facts === undefined) return lexer.unexpected(`expecting ${kind} option name`);
  lexer.next();
  lexer.force(T.equals);
  const { type, values, braces }: ConstantSet = parseConstantSet(lexer, NO_SETS);
  if (facts.type !== "host_id") {
    const wanted = TEXTUAL.has(facts.type) ? "string" : "integer";
    if (type !== wanted) lexer.fail(`${kind} option ${name} requires ${wanted === "string" ? "string" : "numeric"} value.`);
  }
  return { name, code: facts.code, values: values.filter((value): value is Constant => value.type !== "set"), braces };
}

function parseOptions(lexer: Lexer, table: OptionTable, kind: string): readonly ActionOption[] {
  const options: ActionOption[] = [];
  while (!lexer.match(T.rparen)) {
    options.push(parseOption(lexer, table, kind));
    lexer.match(T.comma);
  }
  return options;
}

/** Goes past the action's name and its parenthesis, and reads the options that follow. */
function parsePutOptions(parsing: Parsing, to: FieldRange, table: OptionTable, kind: string): readonly ActionOption[] {
  const { lexer } = parsing;
  lexer.next();
  lexer.next();
  checkField(parsing, to, 1, true);
  return parseOptions(lexer, table, kind);
}

export const parsePutDhcp: AssignmentParser = (parsing, to) => {
  const options = parsePutOptions(parsing, to, parsing.dhcp.v4, "DHCPv4");
  if (!options.some(({ code }) => code === 0)) parsing.lexer.fail("put_dhcp_opts requires offerip to be specified.");
  return { type: "put_dhcp_opts", to, options };
};

export const parsePutDhcpv6: AssignmentParser = (parsing, to) => ({ type: "put_dhcpv6_opts", to, options: parsePutOptions(parsing, to, parsing.dhcp.v6, "DHCPv6") });

const textOf = (value: Constant | undefined): string | undefined => (value?.type === "string" ? value.text : undefined);

/** Whether the value suits the option of router advertisements. */
function suits({ name }: ActionOption, value: Constant | undefined): boolean {
  switch (name) {
    case "addr_mode": return ["slaac", "dhcpv6_stateful", "dhcpv6_stateless"].includes(textOf(value) ?? "");
    case "router_preference": return ["MEDIUM", "HIGH", "LOW"].includes(textOf(value) ?? "");
    case "slla": return value?.type === "integer" && value.format === "ethernet";
    case "prefix": return value?.type === "integer" && value.format === "ipv6" && value.mask !== undefined;
    case "mtu": return value?.type === "integer" && value.format === "decimal";
    case "rdnss": return value?.type === "integer" && value.format === "ipv6";
    default: return textOf(value) !== undefined;
  }
}

export const parsePutRouterAdvertisement: AssignmentParser = (parsing, to): Action => {
  const { lexer } = parsing;
  const options = parsePutOptions(parsing, to, ROUTER_ADVERTISEMENT_OPTIONS, "IPv6 ND RA");
  for (const option of options) if (option.values.length > 1 || !suits(option, option.values[0])) lexer.fail(`Invalid value for "${option.name}" option`);
  if (!options.some(({ name }) => name === "slla")) lexer.fail("slla option not present");
  const isStateful = options.some(({ name, values: [value] }) => name === "addr_mode" && textOf(value) === "dhcpv6_stateful");
  if (!isStateful && !options.some(({ name }) => name === "prefix")) lexer.fail("prefix option needs to be set when address mode is slaac/dhcpv6_stateless.");
  addPrerequisite(parsing, "ip6");
  return { type: "put_nd_ra_opts", to, options };
};

const UUID = /^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$/;

function checkEventOption(lexer: Lexer, { name, values }: ActionOption): void {
  const text = textOf(values[0]) ?? "";
  if (values.length > 1) lexer.fail(`Invalid value for "${name}" option`);
  if (name === "vip" && parseEndpoint(text, parseActionAddress) === undefined) lexer.fail(`Invalid load balancer VIP '${text}'`);
  if (name === "protocol" && !["tcp", "udp", "sctp"].includes(text)) lexer.fail(`Load balancer protocol '${text}' is not 'tcp', 'udp', or 'sctp'`);
  if (name === "load_balancer" && !UUID.test(text)) lexer.fail(`Load balancer '${text}' is not a UUID`);
}

/** The name after `meter`; an empty one names none. */
function parseMeter(lexer: Lexer): string | undefined {
  lexer.force(T.equals);
  if (lexer.kind !== T.string) lexer.unexpected("expecting string");
  const { text } = lexer;
  lexer.next();
  return text === "" ? undefined : text;
}

export const parseTriggerEvent: ActionParser = (parsing) => {
  const { lexer } = parsing;
  lexer.force(T.lparen);
  if (!lexer.matchId("event")) lexer.unexpected("Expecting 'event' option");
  lexer.force(T.equals);
  if (lexer.kind !== T.string || lexer.text.length >= 64) lexer.unexpected("Expecting string");
  if (lexer.text !== "empty_lb_backends") lexer.unexpected("Unknown event '-1'");
  lexer.next();
  lexer.match(T.comma);
  const options: ActionOption[] = [];
  let meter: string | undefined;
  while (!lexer.match(T.rparen)) {
    if (!has(parsing, "21.09.0") && lexer.matchId("meter")) meter = parseMeter(lexer) ?? meter;
    else options.push(parseOption(lexer, EMPTY_LB_BACKENDS_OPTIONS, "empty_lb_backends"));
    lexer.match(T.comma);
  }
  for (const option of options) checkEventOption(lexer, option);
  return { type: "trigger_event", event: "empty_lb_backends", ...(meter === undefined ? {} : { meter }), options };
};
