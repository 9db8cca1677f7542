import { CT } from "../pipeline/registers.ts";
import { parseAddressAndPort } from "./address.ts";
import { TraceProblem } from "./problem.ts";
import type { LoadBalancerChoice } from "./state.ts";
import type { TraceForm, TraceRequest } from "./trace.ts";

/** Options of `ovn-trace` that traces know, and whether they take a value. */
const known: Readonly<Record<string, boolean>> = {
  db: true, ct: true, "lb-dst": true, "select-id": true,
  detailed: false, summary: false, minimal: false, all: false, "friendly-names": false, "no-friendly-names": false, "leader-only": false, "no-leader-only": false,
};

/** A command line of `ovn-trace`, read. */
export interface TraceArguments extends TraceRequest {
  /** Value of `--db`. */
  readonly db: string | undefined;
}

/**
 * Reads the arguments of `ovn-trace`: `[OPTIONS] [DATAPATH] MICROFLOW`.
 *
 * Options may stand anywhere, and be cut short as long as they are clear.
 *
 * @throws {@link TraceProblem}
 * @see OVN 23.09, utilities/ovn-trace.c parse_options
 * @example
 * parseTraceArguments(["--minimal", "--ct=new", "sw0", 'inport == "a"']).datapath // "sw0"
 */
export function parseTraceArguments(args: readonly string[]): TraceArguments {
  const words: string[] = [];
  const forms = new Set<TraceForm>();
  const ct: number[] = [];
  let lbDst: LoadBalancerChoice | undefined;
  let selectId = 0;
  let friendly = true;
  let db: string | undefined;
  for (let at = 0; at < args.length; at++) {
    const word = args[at] as string;
    if (word === "--") {
      words.push(...args.slice(at + 1));
      break;
    }
    if (!word.startsWith("-") || word === "-") {
      words.push(word);
      continue;
    }
    const equals = word.indexOf("=");
    const name = optionName(equals === -1 ? word : word.slice(0, equals));
    let value = equals === -1 ? undefined : word.slice(equals + 1);
    if (known[name] === true) value ??= args[++at];
    else if (value !== undefined) throw new TraceProblem(`option '--${name}' doesn't allow an argument`);
    if (known[name] === true && value === undefined) throw new TraceProblem(`option '--${name}' requires an argument`);
    switch (name) {
      case "detailed": case "summary": case "minimal":
        forms.add(name);
        break;
      case "all":
        for (const form of ["detailed", "summary", "minimal"] as const) forms.add(form);
        break;
      case "ct":
        ct.push(parseCtState(value ?? ""));
        break;
      case "lb-dst":
        lbDst = parseLbDst(value ?? "");
        break;
      case "select-id":
        selectId = parseSelectId(value ?? "");
        break;
      case "friendly-names": case "no-friendly-names":
        friendly = name === "friendly-names";
        break;
      case "db":
        db = value;
        break;
      default:
    }
  }
  const [first, second, ...more] = words;
  if (first === undefined || more.length > 0) throw new TraceProblem("one or two non-option arguments are required: [DATAPATH] MICROFLOW");
  return { db, forms, ct, lbDst, selectId, friendly, ...(second === undefined ? { microflow: first } : { datapath: first, microflow: second }) };
}

/** Options by how they may be written. */
const written = new Map(Object.keys(known).map((name) => [`--${name}`, name]));

function optionName(word: string): string {
  const whole = written.get(word);
  if (whole !== undefined) return whole;
  if (!word.startsWith("--")) throw new TraceProblem(`invalid option '${word}'`);
  const name = word.slice(2);
  const fits = Object.keys(known).filter((one) => one.startsWith(name));
  const [only] = fits;
  if (only === undefined) throw new TraceProblem(`unrecognized option '--${name}'; expected one of ${Object.keys(known).map((one) => `--${one}`).join(", ")}`);
  if (fits.length > 1) throw new TraceProblem(`option '--${name}' is ambiguous; possibilities: ${fits.map((one) => `'--${one}'`).join(" ")}`);
  return only;
}

/** Reads `new,est`; a state is always tracked. @see Open vSwitch 3.1, lib/flow.c parse_ct_state */
function parseCtState(text: string): number {
  // By far the most are one flag.
  if (Object.hasOwn(CT, text)) return CT.trk | CT[text as keyof typeof CT];
  let state: number = CT.trk;
  for (const flag of text.split(/[, ]+/).filter((one) => one !== "")) {
    const bit = Object.hasOwn(CT, flag) ? CT[flag as keyof typeof CT] : undefined;
    if (bit === undefined) throw new TraceProblem(`--ct=${text}: ${flag}: unknown connection tracking state flag; expected ${Object.keys(CT).join(", ")}`);
    state |= bit;
  }
  return state;
}

function parseLbDst(text: string): LoadBalancerChoice {
  const address = parseAddressAndPort(text);
  if (address === undefined) throw new TraceProblem(`--lb-dst=${text}: bad address; expected IP:PORT`);
  return address;
}

/** Reads a number as `strtoul` does: what follows it does not count, and a negative one wraps around. */
function parseSelectId(text: string): number {
  const id = BigInt(/^\s*\+?(-?\d+)/.exec(text)?.[1] ?? 0);
  if (id === 0n) throw new TraceProblem(`--select-id=${text}: bad select-id; expected a number from 1`);
  return Number(BigInt.asUintN(16, id));
}
