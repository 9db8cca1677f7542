import { type Diagnostic, InputError } from "@hopscope/core";
import { Command, CommanderError, Option } from "commander";
import { buildNetwork } from "../network/build-network.ts";
import { loadCluster } from "../load.ts";
import { parseChoose, simulate } from "../simulate.ts";
import { codes } from "../codes/codes.ts";
import { inspect } from "./inspect.ts";
import { complain, type Format, render, tell } from "./output.ts";
import { ovnTrace, ovnTraceHelp } from "./ovn-trace.ts";
import { replay } from "./replay.ts";

const out = (text: string): void => void process.stdout.write(text);

const badOption = (object: string, problem: string, expected: string): InputError => {
  const diagnostic: Diagnostic = { code: "input/option", severity: "error", origin: { object }, problem, expected };
  return new InputError([diagnostic]);
};

/** Runs one command line; gives the exit code (0 as expected, 1 an expectation failed, 2 bad input). */
export async function program(argv: readonly string[]): Promise<number> {
  let exit = 0;
  const cli = new Command("hopscope")
    .description("Simulates the way of a packet through an OpenShift cluster, from its configuration alone.")
    .exitOverride()
    .showHelpAfterError("(hopscope --help shows the commands)");

  cli
    .command("trace")
    .description("trace one request: which way it goes, what decides each step, how long it takes, who sees it")
    .argument("<snapshot...>", "files and folders of YAML or JSON, - for stdin; OVN database files of the cluster's zones replace what would be compiled")
    .requiredOption("--from <endpoint>", "external/IP, node/NAME, pod/NS/NAME, deploy/NS/NAME or svc/NS/NAME")
    .requiredOption("--to <target>", "a URL, or an endpoint followed by :PORT")
    .option("--choose <how>", "likeliest, all, seed=N, or the name of a backend", "likeliest")
    .option("--profile <name>", "latency profile: baremetal, cloud-vm, gke-2020, shared-core")
    .addOption(new Option("-o, --output <format>", "output format").choices(["text", "wide", "json", "mermaid", "svg", "html"]).default("text"))
    .action((paths: string[], options: { from: string; to: string; choose: string; profile?: string; output: Format }) => {
      const { snapshot, databases } = loadCluster(paths);
      complain(snapshot);
      const network = buildNetwork(snapshot, { databases, compile: "when needed" });
      tell(network.diagnostics);
      const journey = simulate(network, { from: options.from, to: options.to }, { choose: parseChoose(options.choose), profile: options.profile });
      out(render(journey, snapshot, options.output));
    });

  cli
    .command("replay")
    .description("replay scenarios and check their expectations")
    .argument("<scenario...>", "Scenario documents (hopscope/v1)")
    .addOption(new Option("-o, --output <format>", "output format").choices(["text", "json", "junit"]).default("text"))
    .action((paths: string[], options: { output: "text" | "json" | "junit" }) => {
      const result = replay(paths, options.output);
      out(result.text);
      exit = result.passed ? 0 : 1;
    });

  cli
    .command("inspect")
    .description("show what was loaded, what was compiled from it, and what is not modelled")
    .argument("<snapshot...>", "files and folders, or one OVN database file, then optionally lflows, nb, sb, iptables, envoy, haproxy, routes or caveats, and a NAME")
    .addOption(new Option("-o, --output <format>", "output format").choices(["text", "json"]).default("text"))
    .action((words: string[], options: { output: "text" | "json" }) => out(inspect(words, options.output)));

  cli
    .command("ovn-trace")
    .description("trace a packet through an OVN Southbound database, with the options and the output of ovn-trace(8)")
    .usage("--db FILE [options] [DATAPATH] MICROFLOW | --db FILE [options] --batch FILE")
    .argument("[words...]", "datapath and microflow")
    .addHelpText("after", ovnTraceHelp)
    .allowUnknownOption()
    .action(async () => ovnTrace(argv.slice(1), out));

  cli
    .command("explain")
    .description("tell what a finding, caveat or diagnostic means and how to act on it")
    .argument("<code>")
    .action((code: string) => {
      const found = Object.hasOwn(codes, code) ? codes[code] : undefined;
      if (found === undefined) {
        const near = Object.keys(codes).filter((known) => known.split("/").some((part) => code.includes(part)));
        throw badOption(`code "${code}"`, "is not known", (near.length === 0 ? Object.keys(codes) : near).join(", "));
      }
      out(`${code}\n\n${found.means}\n\nWhat to do: ${found.act}\n`);
    });

  try {
    await cli.parseAsync([...argv], { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    throw error;
  }
  return exit;
}
