/** Reads `lflow-list` text into a set of `datapath pipeline table priority match => actions`, without stage names. */
export function flowSet(text: string): Set<string> {
  const flows = new Set<string>();
  let block = "";
  for (const line of text.split("\n")) {
    const head = /^Datapath: "([^"]*)".*Pipeline: (\w+)/.exec(line);
    const flow = /^\s+table=(\d+)\s*\(\S+\s*\), priority=(\d+)\s*, match=\((.*)\), action=\((.*)\)$/.exec(line);
    if (head !== null) block = `${head[1] ?? ""} ${head[2] ?? ""}`;
    else if (flow !== null) flows.add(anonymous(`${block} ${flow[1] ?? ""} ${flow[2] ?? ""} ${flow[3] ?? ""} => ${flow[4] ?? ""}`));
    else if (line.trim() !== "") throw new Error(`not a flow: ${line}`);
  }
  return flows;
}

const sorted = (set: string): string => `{${set.slice(1, -1).split(", ").sort().join(", ")}}`;

/** Takes out what northd does in arbitrary order: ECMP groups and members, tunnel keys, sets of a router's addresses. */
function anonymous(flow: string): string {
  const keys = flow.replace(/(?<=(?:eth\.src|reg0) == )\{[^}]*\}/, sorted).replace(/(ecmp_reply_port ==? )\d+/g, "$1K").replace(/_rtr_lb_\d+_/g, "_rtr_lb_K_");
  // The same register holds a backend's port where affinity (reg9[6]) is looked at.
  if (flow.includes("reg9[6]")) return keys;
  return keys.replace(/(reg8\[0\.\.15\] ==? )[1-9]\d*/g, "$1N").replace(/(reg8\[16\.\.31\] == )\d+/g, "$1M");
}

/** The flows one side has and the other lacks, for a readable failure. */
export function difference(actual: ReadonlySet<string>, expected: ReadonlySet<string>): { readonly missing: string[]; readonly extra: string[] } {
  return {
    missing: [...expected].filter((flow) => !actual.has(flow)).sort(),
    extra: [...actual].filter((flow) => !expected.has(flow)).sort(),
  };
}
