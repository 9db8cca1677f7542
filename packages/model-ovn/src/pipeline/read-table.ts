import { parseActions } from "../actions/parse.ts";
import { addressConstants } from "../expr/constants.ts";
import type { IntegerConstant } from "../expr/expression.ts";
import { parseExpression } from "../expr/parse.ts";
import { OvnSyntaxError } from "../expr/syntax-error.ts";
import type { LogicalFlow } from "../southbound.ts";
import { indexFlows, type UnplacedFlow } from "./build-index.ts";
import { lower, type MatchNames, MatchProblem } from "./lower.ts";
import type { Datapath, Flow, FlowBody, FlowIndex, IndexPart, Machine, ReadActions, Table } from "./machine.ts";
import { stepsOf } from "./steps.ts";
import { type PreparedMatch, prepareMatch } from "./prepared-match.ts";
import { not, passes, type Test } from "./test.ts";
import type { Registers } from "./registers.ts";

/** Tables that `next` may name: more than any release has. */
const TABLES = 40;

/** Flows of a group of datapaths that are fewer than this are read for each datapath. */
const WORTH_SHARING = 16;

/** The flows of a table, read on the first visit. */
export function indexOf(machine: Machine, table: Table): FlowIndex {
  table.index ??= readTable(machine, table);
  return table.index;
}

function readTable(machine: Machine, table: Table): FlowIndex {
  const byGroup = new Map<string, LogicalFlow[]>();
  const own: LogicalFlow[] = [];
  for (const row of table.unsorted) {
    if (row.group === undefined || isLocal(row)) {
      own.push(row);
      continue;
    }
    const list = byGroup.get(row.group);
    if (list === undefined) byGroup.set(row.group, [row]);
    else list.push(row);
  }
  const parts: IndexPart[] = [];
  for (const [group, rows] of byGroup) {
    if (rows.length < WORTH_SHARING) own.push(...rows);
    else parts.push(sharedPart(machine, table, group, rows));
  }
  if (own.length > 0) parts.push(readPart(machine, table, own));
  return { parts: parts.sort((a, b) => a.first - b.first), size: parts.reduce((sum, part) => sum + part.flows.length, 0) };
}

/** The part that all datapaths of a group share: its matches mean the same in each. */
function sharedPart(machine: Machine, table: Table, group: string, rows: readonly LogicalFlow[]): IndexPart {
  const key = `${group} ${table.pipeline} ${table.number}`;
  const known = machine.shared.parts.get(key);
  if (known !== undefined) return known;
  const made = readPart(machine, table, rows);
  machine.shared.parts.set(key, made);
  return made;
}

function readPart(machine: Machine, table: Table, rows: readonly LogicalFlow[]): IndexPart {
  const names = namesIn(machine, table.datapath);
  const flows: UnplacedFlow[] = [];
  for (const { row, rank } of rows.map((each) => ({ row: each, rank: machine.rankOf(each) })).sort((a, b) => a.rank - b.rank)) {
    const match = readMatch(machine, row, names);
    if (match !== undefined) flows.push({ flow: { row, table, rank, hasBits: match.bits.length > 0, rest: match.rest, body: undefined }, match });
  }
  return indexFlows(machine.shared.code, flows, machine.options.index);
}

/** Names of ports and of their groups mean something else in each datapath. */
const isLocal = ({ match }: LogicalFlow): boolean => match.includes('"') || match.includes("@");

function readMatch(machine: Machine, row: LogicalFlow, names: MatchNames): PreparedMatch | undefined {
  const { matches, problems, parsed } = machine.shared;
  const local = isLocal(row);
  const known = local ? undefined : matches.get(row.match);
  if (known !== undefined) return known;
  const trouble = problems.get(row.match);
  if (trouble !== undefined) {
    machine.skipped.push({ row, problem: trouble });
    return undefined;
  }
  try {
    const expression = parsed.get(row.match) ?? parseExpression(expand(machine, row.match), undefined, machine.language.symbols);
    if (local && row.group !== undefined) parsed.set(row.match, expression);
    const match = prepareMatch(lower(expression, names));
    if (!local) matches.set(row.match, match);
    return match;
  } catch (error) {
    if (!(error instanceof OvnSyntaxError) && !(error instanceof MatchProblem)) throw error;
    const problem = `match ${row.match}: ${error.message}`;
    if (error instanceof OvnSyntaxError) problems.set(row.match, problem);
    machine.skipped.push({ row, problem });
    return undefined;
  }
}

/** Templates of the chassis, put in for their names; an unknown one stays and makes the flow unreadable. */
function expand(machine: Machine, text: string): string {
  const { templates } = machine.options;
  return templates === undefined || !text.includes("^") ? text : text.replace(/\^([A-Za-z_.][A-Za-z0-9_.]*)/g, (whole, name: string) => templates.get(name) ?? whole);
}

/** Test of a prerequisite or predicate, made once. */
function meaningOf(machine: Machine, names: MatchNames, text: string, negated: boolean): Test {
  const key = negated ? `!${text}` : text;
  const known = machine.shared.tests.get(key);
  if (known !== undefined) return known;
  // A predicate is negated with its prerequisites: `!tcp` holds for what is no IP packet.
  const test = negated ? not(meaningOf(machine, names, text, false)) : lower(parseExpression(text, undefined, machine.language.symbols), names);
  machine.shared.tests.set(key, test);
  return test;
}

/** What a match means that names no ports and no sets. */
export function testOf(machine: Machine, text: string): Test {
  const none = (): undefined => undefined;
  const names: MatchNames = { needs: machine.shared.needs, portKey: none, isResident: () => true, addressSet: none, portGroup: none, meaning: (inner, negated) => meaningOf(machine, names, inner, negated) };
  return meaningOf(machine, names, text, false);
}

function namesIn(machine: Machine, datapath: Datapath): MatchNames {
  const names: MatchNames = {
    needs: machine.shared.needs,
    portKey: (name) => portKey(machine, datapath, name),
    isResident: machine.options.isResident,
    addressSet: (name) => addressSet(machine, name),
    portGroup: (name) => machine.db.portGroups.get(`${datapath.key}_${name}`) ?? (machine.options.plainPortGroups ? machine.db.portGroups.get(name) : undefined),
    meaning: (text, negated) => meaningOf(machine, names, text, negated),
  };
  return names;
}

function addressSet(machine: Machine, name: string): readonly IntegerConstant[] | undefined {
  const known = machine.shared.sets.get(name);
  if (known !== undefined) return known;
  const members = machine.db.addressSets.get(name);
  if (members === undefined) return undefined;
  const constants = addressConstants(members);
  machine.shared.sets.set(name, constants);
  return constants;
}

/**
 * The tunnel key of a port or multicast group of a datapath by its name.
 *
 * @see OVN 23.09, utilities/ovn-trace.c ovntrace_lookup_port
 */
export function portKey(machine: Machine, datapath: Datapath, name: string): number | undefined {
  if (name === "" || name === "none") return 0;
  const port = machine.options.findPort(name);
  if (port !== undefined) return port.datapath === datapath ? port.key : undefined;
  return datapath.groupsByName.get(name)?.key;
}

/** Whether a flow whose match holds is one: its actions can be read, and what they need holds too. */
export function counts(machine: Machine, flow: Flow, regs: Registers): boolean {
  const body = flow.body ?? (flow.body = readBody(machine, flow));
  return body.type === "actions" && (body.needs === undefined || passes(body.needs, regs));
}

/** Whether the actions of a flow can be read; one of which they cannot is none. */
export function isReadable(machine: Machine, flow: Flow): boolean {
  const body = flow.body ?? (flow.body = readBody(machine, flow));
  return body.type === "actions";
}

function readBody(machine: Machine, flow: Flow): FlowBody {
  const { row, table } = flow;
  const read = readActions(machine, row, table);
  if ("problem" in read) {
    machine.skipped.push({ row, problem: read.problem });
    return { type: "skipped" };
  }
  const [first, ...others] = read.actions;
  const always = !flow.hasBits && flow.rest.length === 0 && read.needs === undefined;
  return {
    type: "actions", actions: read.actions, steps: stepsOf(read.actions),
    needs: read.needs === undefined ? undefined : lower(read.needs, namesIn(machine, table.datapath)),
    passes: always && others.length === 0 && first?.type === "next" && first.to.table === table.number + 1,
  };
}

function readActions(machine: Machine, row: LogicalFlow, { pipeline, number }: Table): ReadActions {
  const text = expand(machine, row.actions);
  const key = `${pipeline} ${number} ${text}`;
  const known = machine.shared.actions.get(key);
  if (known !== undefined) return known;
  const made = parseOrSay(machine, text, { pipeline, table: number });
  machine.shared.actions.set(key, made);
  return made;
}

function parseOrSay(machine: Machine, text: string, at: { readonly pipeline: "ingress" | "egress"; readonly table: number }): ReadActions {
  try {
    const { dhcp, version, symbols } = machine.language;
    const { actions, prerequisites } = parseActions(text, { ...at, tables: TABLES, dhcp, version, symbols });
    return { actions, needs: prerequisites };
  } catch (error) {
    if (!(error instanceof OvnSyntaxError)) throw error;
    return { problem: `actions ${text}: ${error.message}` };
  }
}

