import { annotate } from "../expr/annotate.ts";
import type { Expression, ExpressionSets } from "../expr/expression.ts";
import { normalize } from "../expr/normalize.ts";
import { parseExpression } from "../expr/parse.ts";
import { printExpression } from "../expr/print.ts";
import { simplify } from "../expr/simplify.ts";
import { OvnSyntaxError } from "../expr/syntax-error.ts";
import { normalRules } from "../expr/version.ts";
import { addressConstants } from "../expr/constants.ts";
import type { Datapath, Machine } from "../pipeline/machine.ts";
import { constantWords, spanIn } from "../pipeline/ranges.ts";
import { portKey } from "../pipeline/read-table.ts";
import { places, type Registers, WORD, WORDS } from "../pipeline/registers.ts";
import { TraceProblem } from "./problem.ts";
import { quickMicroflow } from "./quick-microflow.ts";
import { findDatapath } from "./session.ts";

/** A packet and the datapath whose ingress it enters. */
export interface Microflow {
  readonly datapath: Datapath;
  readonly regs: Registers;
}

/**
 * Reads a microflow: an expression that leaves no choice about the headers it names.
 *
 * The datapath is the one named, or that of the input port.
 *
 * @throws {@link TraceProblem} that says where, and what is wrong
 * @see OVN 23.09, utilities/ovn-trace.c trace_parse; lib/expr.c expr_parse_microflow
 */
export function readMicroflow(machine: Machine, text: string, datapathName?: string): Microflow {
  const named = datapathName === undefined ? undefined : findDatapath(machine, datapathName);
  if (datapathName !== undefined && named === undefined) throw new TraceProblem(`unknown datapath "${datapathName}"`);
  return quickMicroflow(machine, text, named) ?? wholeMicroflow(machine, text, named);
}

/** Reads a microflow by all rules of the language. @internal */
export function wholeMicroflow(machine: Machine, text: string, named: Datapath | undefined): Microflow {
  const expression = parse(machine, text);
  const datapath = named ?? datapathOfInport(machine, expression);
  return { datapath, regs: constrain(machine, datapath, expression) };
}

function parse(machine: Machine, text: string): Expression {
  const sets: ExpressionSets = {
    addressSet(name) {
      const members = machine.db.addressSets.get(name);
      return members === undefined ? undefined : addressConstants(members);
    },
    portGroup: (name) => machine.db.portGroups.get(`0_${name}`),
  };
  try {
    return parseExpression(text, sets, machine.language.symbols);
  } catch (error) {
    if (error instanceof OvnSyntaxError) throw new TraceProblem(`error parsing flow: ${error.message}`);
    throw error;
  }
}

function datapathOfInport(machine: Machine, expression: Expression): Datapath {
  const names = new Set<string>();
  collectInports(expression, names);
  const [name] = names;
  if (name === undefined) throw new TraceProblem("error parsing flow: flow match expression does not match on inport");
  if (names.size > 1) throw new TraceProblem("error parsing flow: flow match expression matches on multiple inports");
  const port = machine.ports.get(name);
  if (port === undefined) throw new TraceProblem(`unknown port "${name}"`);
  return port.datapath;
}

function collectInports(expression: Expression, names: Set<string>): void {
  if (expression.type === "and" || expression.type === "or") for (const one of expression.of) collectInports(one, names);
  if (expression.type === "compare-string" && expression.field.name === "inport" && expression.relation === "==") names.add(expression.text);
}

/** Fields that Open vSwitch only sets as a whole, counted in bytes: six bits of DSCP are never a whole. @see Open vSwitch 3.1, lib/meta-flow.c mf_set */
export const neverWhole: ReadonlySet<string> = new Set(["ip.dscp", "ip.ecn"]);
const wholeOnly: ReadonlySet<string> = new Set([...neverWhole, "eth.type", "ip.proto", "ip.ttl", "arp.op", "rarp.op", "icmp4.type", "icmp4.code", "icmp6.type", "icmp6.code"]);

/** The registers that an expression leaves no choice about; all others are 0. */
function constrain(machine: Machine, datapath: Datapath, expression: Expression): Registers {
  const annotated = annotate(expression, machine.language.symbols);
  const rules = normalRules(machine.language.version);
  const normal = normalize(simplify(annotated, () => true, rules), rules);
  const regs: Registers = new Uint32Array(WORDS);
  const ambiguous = (): TraceProblem => new TraceProblem(`error parsing flow: Constraints are ambiguous: ${printExpression(annotated)}.`);
  if (normal.type === "boolean") {
    if (!normal.value) throw new TraceProblem("error parsing flow: Constraints are contradictory.");
    return regs;
  }
  if (normal.type === "or") throw ambiguous();
  for (const one of normal.type === "and" ? normal.of : [normal]) {
    if (one.type === "compare-string") {
      const word = places.get(one.field.name)?.word;
      const key = portKey(machine, datapath, one.text);
      if (word !== undefined && key !== undefined) regs[word] = key;
    } else if (one.type === "compare") {
      if (wholeOnly.has(one.field.base) && (neverWhole.has(one.field.base) || one.mask !== (1n << BigInt(one.field.width)) - 1n)) continue;
      const place = places.get(one.field.base);
      if (place === undefined) throw new TraceProblem(`error parsing flow: field ${one.field.name} is not part of a packet`);
      for (const { word, mask, value } of constantWords(spanIn(place, one.field.low, one.field.width), one.value, one.mask)) regs[word] = ((regs[word] as number) & ~mask) | value;
      regs[WORD.proto] = (regs[WORD.proto] as number) & 0xff;
    } else throw ambiguous();
  }
  return regs;
}
