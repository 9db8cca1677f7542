import { cpus } from "node:os";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { installedOvn, peakMemory, startOvn } from "../test/oracle/real-ovn.ts";
import { startTraceDaemon } from "../test/oracle/real-trace.ts";
import { buildDatabase } from "./build-database.ts";
import { largeCluster } from "./large-cluster.ts";
import { median, perCpuSecond, perSecond, sampleDaemon, startOwn, timeCommand, type Sample } from "./measure.ts";
import { benchmarkPackets } from "./packets.ts";
import { report, type Figures, type FormFigures } from "./report.ts";

const size = { nodes: 50, podsPerNode: 40, services: 500, policies: 200 };
const blocks = 5;
const say = (text: string): void => { process.stdout.write(`${text}\n`); };

const version = installedOvn();
if (version === undefined) {
  process.stderr.write("bench:ovn needs ovn-northd, ovn-trace and ovsdb-server (Debian: ovn-central, openvswitch-switch)\n");
  process.exit(2);
}

const cluster = largeCluster(size);
const database = await buildDatabase(cluster);
say(database.seconds === undefined ? "database: kept from an earlier run" : `database: made by ovn-northd in ${database.seconds.toFixed(0)} s`);

const ovn = await startOvn(database.file);
// A daemon uses its states up once and for all.
const daemonOptions = Array.from({ length: 100_000 }, () => "--ct=new");
const own = startOwn();
try {
  const began = performance.now();
  const daemon = await startTraceDaemon(ovn.southboundRemote, ovn.folder, daemonOptions, { kilobytes: 8_000_000, seconds: 60 });
  const start = performance.now() - began;
  const loaded = await own.ask({ type: "load", file: database.file }, "loaded");
  say(`start: ovn-trace ${(start / 1000).toFixed(2)} s, ours ${(loaded.milliseconds / 1000).toFixed(2)} s; ${loaded.flows} flows, ${loaded.expanded} over all datapaths`);

  const candidates = benchmarkPackets(cluster.plan, 330);
  const options = Array.from({ length: 60 }, () => "--ct=new");
  const answers = new Map<string, string>();
  for (const packet of candidates) {
    const answer = await daemon.trace(["--detailed", packet]);
    if (answer !== undefined && answer.startsWith("#")) answers.set(packet, answer);
  }
  const packets = [...answers.keys()];
  const firstPass = await own.ask({ type: "block", options, microflows: packets, rounds: 1 }, "block");
  let agreed = 0;
  for (const [microflow, expected] of answers) {
    const { same } = await own.ask({ type: "check", options, microflow, expected }, "checked");
    if (same) agreed += 1;
    else say(`differs: ${microflow}`);
  }
  say(`packets: ${packets.length}, the same text for ${agreed}`);

  const forms: FormFigures[] = [];
  let peak = firstPass.peak;
  for (const form of ["--detailed", "--minimal"]) {
    const theirs: Sample[] = [];
    const ours: Sample[] = [];
    for (let block = 0; block < blocks; block++) {
      theirs.push(await sampleDaemon(daemon, form, packets));
      const rounds = 20;
      const done = await own.ask({ type: "block", options: [form, ...options], microflows: packets, rounds }, "block");
      ours.push({ traces: packets.length * rounds, milliseconds: done.milliseconds, cpu: done.cpu });
      peak = Math.max(peak, done.peak);
    }
    const figures = { form, real: median(theirs.map(perSecond)), own: median(ours.map(perSecond)), realCpu: median(theirs.map(perCpuSecond)), ownCpu: median(ours.map(perCpuSecond)) };
    forms.push(figures);
    say(`${form}: ovn-trace ${figures.real.toFixed(0)} traces/s, ours ${figures.own.toFixed(0)}, ratio ${(figures.own / figures.real).toFixed(0)} (by processor time ${(figures.ownCpu / figures.realCpu).toFixed(0)})`);
  }
  const apart: { real: number; own: number }[] = [];
  const ownTimes = await own.ask({ type: "each", options: ["--detailed", ...options], microflows: packets, rounds: 20 }, "each");
  for (const [index, packet] of packets.entries()) {
    const before = performance.now();
    await daemon.trace(["--detailed", packet]);
    apart.push({ real: performance.now() - before, own: ownTimes.milliseconds[index] ?? Number.NaN });
  }
  const batch = Array.from({ length: 20 }, () => packets).flat();
  const command = await timeCommand(database.file, options, batch);
  const figures: Figures = {
    size, version, node: process.version, cpu: cpus()[0]?.model ?? "unknown", flows: loaded.flows, expanded: loaded.expanded,
    packets: packets.length, agreed, start: { real: start, own: loaded.milliseconds, firstPass: firstPass.milliseconds },
    peak: { real: peakMemory(daemon.pid), own: peak }, forms, middle: { real: median(apart.map(({ real }) => real)), own: median(apart.map(({ own: ours }) => ours)), ratio: median(apart.map(({ real, own: ours }) => real / ours)) }, command: { traces: batch.length, milliseconds: command }, blocks,
  };
  await daemon.stop();
  const text = report(figures);
  writeFileSync(fileURLToPath(new URL("../../../docs/benchmarks.md", import.meta.url)), text);
  say(text);
  if (agreed !== packets.length) process.exitCode = 1;
} finally {
  own.stop();
  ovn.stop();
}
