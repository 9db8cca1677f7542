import type { ClusterSize } from "./large-cluster.ts";

/** Traces a second in one form: by the clock, and by the processor time of the program alone. */
export interface FormFigures {
  readonly form: string;
  readonly real: number;
  readonly own: number;
  readonly realCpu: number;
  readonly ownCpu: number;
}

/** What a run of the benchmark measured; times in milliseconds, memory in KiB. */
export interface Figures {
  readonly size: ClusterSize;
  readonly version: string;
  readonly node: string;
  readonly cpu: string;
  readonly flows: number;
  readonly expanded: number;
  readonly packets: number;
  readonly agreed: number;
  readonly start: { readonly real: number; readonly own: number; readonly firstPass: number };
  readonly peak: { readonly real: number; readonly own: number };
  readonly forms: readonly FormFigures[];
  /** The middle of all packets, each timed alone. */
  readonly middle: { readonly real: number; readonly own: number; readonly ratio: number };
  readonly command: { readonly traces: number; readonly milliseconds: number };
  readonly blocks: number;
}

const whole = (value: number): string => Math.round(value).toLocaleString("en-US");
const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(2)} s`;
const times = (ratio: number): string => `${ratio >= 10 ? whole(ratio) : ratio.toFixed(1)} ×`;

/** The page of the last run. */
export function report(figures: Figures): string {
  const { size, start, peak, command, middle } = figures;
  const rows = figures.forms.flatMap(({ form, real, own, realCpu, ownCpu }) => [
    `| traces/s, \`${form}\` | ${whole(real)} | ${whole(own)} | ${times(own / real)} |`,
    `| traces/s of processor time, \`${form}\` | ${whole(realCpu)} | ${whole(ownCpu)} | ${times(ownCpu / realCpu)} |`,
  ]);
  return `# Benchmarks

How fast is \`hopscope ovn-trace\` beside the program it stands in for? \`npm run bench:ovn\` measures both in one run and writes this page.

The database is made by the real \`ovn-northd\`: ${size.nodes} nodes with ${size.podsPerNode} pods each in one zone, ${size.services} services, ${size.policies} network policies.
It has ${whole(figures.flows)} logical flows, ${whole(figures.expanded)} counted on every datapath they apply to. Both sides answer the same ${figures.packets} different packets:
between pods, to services and node ports, from outside, replies, ARP, multicast and spoofed ones. The texts are the same for ${figures.agreed} of them.

| | \`ovn-trace\` ${figures.version} as a daemon | hopscope, library in one process | |
| --- | ---: | ---: | ---: |
${rows.join("\n")}
| the middle packet, \`--detailed\` | ${middle.real.toFixed(2)} ms | ${(middle.own * 1000).toFixed(0)} µs | ${times(middle.ratio)} |
| start until ready | ${seconds(start.real)} | ${seconds(start.own)} | ${times(start.real / start.own)} |
| peak memory | ${whole(peak.real / 1024)} MiB | ${whole(peak.own / 1024)} MiB | ${times(peak.real / peak.own)} |

- Medians of ${figures.blocks} blocks, alternating between both. The daemon is asked over its control socket, all packets at once, so that it never waits.
- A broadcast that floods fifty routers costs both a thousand times what a drop at the first port costs, so that a few packets make most of the total. The
  middle packet says what most questions cost; its ratio is the middle of the packets' ratios.
- Ours reads the flows of a table when a packet first visits it: the first pass over all packets took ${seconds(start.firstPass)} on top of its start.
- The command as a whole, \`hopscope ovn-trace --db FILE --batch -\`, answered ${whole(command.traces)} lines in ${seconds(command.milliseconds)}, starting and reading the database included: ${whole((command.traces / command.milliseconds) * 1000)} traces/s.
- ${figures.cpu}, Node ${figures.node}.
`;
}
