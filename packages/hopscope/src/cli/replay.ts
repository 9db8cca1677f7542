import { type Diagnostic, InputError, type Journey } from "@hopscope/core";
import type { Scenario, Snapshot } from "@hopscope/model-kubernetes";
import { journeyJson, type Json, plain } from "@hopscope/viz";
import { dirname, resolve, relative } from "node:path";
import { buildNetwork, type ClusterNetwork } from "../network/build-network.ts";
import { loadCluster, readScenarios } from "../load.ts";
import { observersOf } from "../observe/observers.ts";
import { parseChoose, simulate } from "../simulate.ts";
import { complain, tell } from "./output.ts";
import { type ScenarioStep, unmet } from "./scenario.ts";

interface Replayed {
  readonly scenario: string;
  readonly file: string;
  readonly step: number;
  readonly trace: ScenarioStep["trace"];
  readonly problems: readonly string[];
  readonly journey: Journey;
  readonly network: ClusterNetwork;
}

/** Replays scenarios in order and says which expectations held. */
export function replay(files: readonly string[], format: "text" | "json" | "junit"): { readonly text: string; readonly passed: boolean } {
  const networks = new Map<string, ClusterNetwork>();
  const results = files.flatMap((file) => {
    const { scenarios, locate } = readScenarios(file);
    return scenarios.flatMap((scenario) => steps({ file, scenario, locate }, networks));
  });
  const passed = results.every(({ problems }) => problems.length === 0);
  switch (format) {
    case "json":
      return { text: `${JSON.stringify(results.map(resultJson), null, 2)}\n`, passed };
    case "junit":
      return { text: junit(results), passed };
    default:
      return { text: report(results), passed };
  }
}

interface Read {
  readonly file: string;
  readonly scenario: Scenario;
  readonly locate: Snapshot["locate"];
}

/** Runs what a field of the scenario asks for; trouble that names no file is the scenario's own, and is located there. */
function at<T>({ scenario, locate }: Read, path: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const here = locate({ object: `Scenario ${scenario.name}`, path, file: scenario.source?.file, document: scenario.source?.document, item: scenario.source?.item });
    throw new InputError(error.diagnostics.map((one) => (one.origin.file === undefined ? { ...one, origin: here, problem: `${one.origin.object} ${one.problem}` } : one)));
  }
}

function steps(read: Read, networks: Map<string, ClusterNetwork>): readonly Replayed[] {
  const { file, scenario } = read;
  const paths = scenario.snapshot.map((path) => relative(process.cwd(), resolve(dirname(file), path)) || ".");
  if (paths.length === 0) {
    const diagnostic: Diagnostic = { code: "input/scenario", severity: "error", origin: { object: `Scenario ${scenario.name}`, file }, problem: "spec.snapshot is empty", expected: "at least one file or folder" };
    throw new InputError([diagnostic]);
  }
  const key = paths.join("\n");
  let network = networks.get(key);
  if (network === undefined) {
    const { snapshot, databases } = loadCluster(paths);
    complain(snapshot);
    networks.set(key, (network = buildNetwork(snapshot, { databases, compile: "when needed" })));
    tell(network.diagnostics);
  }
  const used = network;
  return scenario.steps.map(({ trace, expect }, index) => {
    const journey = at(read, `spec.steps[${index}].trace`, () => simulate(used, { from: trace.from, to: trace.to }, { choose: parseChoose(trace.choose ?? "likeliest"), profile: trace.profile }));
    return { scenario: scenario.name, file, step: index + 1, trace, problems: expect === undefined ? [] : unmet(journey, expect), journey, network: used };
  });
}

function report(results: readonly Replayed[]): string {
  const lines = results.flatMap(({ scenario, step, trace, problems, journey }) => [
    `${problems.length === 0 ? "✓" : "✗"} ${scenario} ${step}: ${trace.from} → ${trace.to}: ${journey.verdict.type}${journey.verdict.status === undefined ? "" : ` ${journey.verdict.status}`}`,
    ...problems.map((problem) => `    ${problem}`),
  ]);
  const failed = results.filter(({ problems }) => problems.length > 0).length;
  return `${[...lines.map(plain), `${results.length - failed} as expected, ${failed} not`].join("\n")}\n`;
}

const resultJson = ({ scenario, file, step, problems, journey, network }: Replayed): Json => ({ scenario, file, step, passed: problems.length === 0, problems, journey: journeyJson(journey, observersOf(journey, network.snapshot)) });

const xml = (text: string): string => text.replace(/[&<>"'\u0000-\u0008\u000b-\u001f]/g, (character) => (character.charCodeAt(0) < 32 ? "?" : `&#${character.charCodeAt(0)};`));

function junit(results: readonly Replayed[]): string {
  const failures = results.filter(({ problems }) => problems.length > 0).length;
  const cases = results.map(({ scenario, file, step, trace, problems }) => {
    const body = problems.map((problem) => `<failure message="${xml(problem)}"/>`).join("");
    return `  <testcase classname="${xml(scenario)}" name="${xml(`${step}: ${trace.from} to ${trace.to}`)}" file="${xml(file)}">${body}</testcase>`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuite name="hopscope" tests="${results.length}" failures="${failures}">\n${cases.join("\n")}\n</testsuite>\n`;
}
