import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { expandTemplates } from "../src/expr/index.ts";

/** The text of a logical flow that a real northd wrote. */
export interface FlowText {
  /** Release whose language it is. */
  readonly version: string;
  readonly pipeline: "ingress" | "egress";
  readonly table: number;
  readonly match: string;
  readonly action: string;
}

const corpora = process.env["HOPSCOPE_CORPORA"] ?? fileURLToPath(new URL("../../../../shared/corpora", import.meta.url));
const RELEASES = { "23.03": "23.03.1", "23.09": "23.09.0" } as const;

/** Values of a chassis for template variables, by what their names end with. */
class ChassisTemplates extends Map<string, string> {
  override get(name: string): string {
    const address = name.includes("IPv6") ? "fd00::1" : "10.0.0.1";
    return name.includes("template") ? (address.includes(":") ? `[${address}]:80` : `${address}:80`) : address;
  }
}
const templates: ReadonlyMap<string, string> = new ChassisTemplates();

const UUID = "00000000-0000-4000-8000-000000000000";

function flowsIn(text: string, version: string): readonly FlowText[] {
  const flows: FlowText[] = [];
  let pipeline: FlowText["pipeline"] = "ingress";
  for (const line of text.split("\n")) {
    const header = /Pipeline: (ingress|egress)/.exec(line);
    if (header !== null) pipeline = header[1] === "egress" ? "egress" : "ingress";
    const flow = /^\s*table=(\d+)\s*\([^)]*\), priority=\d+\s*, match=\((.*)\), action=\((.*)\)$/.exec(line);
    if (flow === null) continue;
    const [, table = "", match = "", action = ""] = flow;
    // The corpus writes ids of rows in braces; programs see UUIDs.
    const plain = action.replace(/\{[A-Z][A-Za-z_]*:[^{}"]*\}/g, UUID);
    flows.push({ version, pipeline, table: Number(table), match: expandTemplates(match, templates), action: expandTemplates(plain, templates) });
  }
  return flows;
}

const unzip = (file: string): string => gunzipSync(readFileSync(file)).toString();
const listed = (folder: string): readonly string[] => (existsSync(folder) ? readdirSync(folder).sort() : []);

function* texts(): Generator<readonly [text: string, version: string]> {
  const golden = `${corpora}/../reference/ovn-golden`;
  for (const name of listed(golden)) {
    const file = `${golden}/${name}/lflows.txt`;
    if (existsSync(file)) yield [readFileSync(file, "utf8"), name.startsWith("23.03") ? RELEASES["23.03"] : RELEASES["23.09"]];
  }
  for (const name of listed(`${corpora}/ovnkube-nb/curated`))
    for (const [file, version] of [["lflows.txt.gz", RELEASES["23.03"]], ["lflows-23.09.txt.gz", RELEASES["23.09"]]] as const) {
      const path = `${corpora}/ovnkube-nb/curated/${name}/${file}`;
      if (existsSync(path)) yield [unzip(path), version];
    }
  for (const file of listed(`${corpora}/ovnkube-nb/random`)) {
    const parsed = JSON.parse(unzip(`${corpora}/ovnkube-nb/random/${file}`)) as { readonly lflows?: string; readonly lflows2309?: string };
    if (parsed.lflows !== undefined) yield [parsed.lflows, RELEASES["23.03"]];
    if (parsed.lflows2309 !== undefined) yield [parsed.lflows2309, RELEASES["23.09"]];
  }
}

let known: readonly FlowText[] | undefined;

/** Every flow of the corpora with another match, action, place or release; none where they are absent. */
export function flowTexts(): readonly FlowText[] {
  if (known !== undefined) return known;
  const distinct = new Map<string, FlowText>();
  for (const [text, version] of texts()) for (const flow of flowsIn(text, version)) distinct.set(JSON.stringify(Object.values(flow)), flow);
  if (distinct.size === 0) console.info("Corpora of logical flows are absent: their tests are skipped");
  return (known = [...distinct.values()]);
}
