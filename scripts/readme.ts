// Writes the README's trace, the pictures and the schemas anew from the example; `--check` says whether they are up to date.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { buildNetwork, journeySvg, clusterSchema, journeyText, loadSnapshot, observersOf, scenarioSchema, simulate } from "hopscope";

const example = "examples/openshift-mesh";
const base = ["cluster", "policies", "route", "app"].map((part) => `${example}/${part}`);
const snapshot = loadSnapshot(base);
const ingress = simulate(buildNetwork(snapshot), { from: "external/172.21.6.102", to: "http://wzh-mesh-demo.mesh-test-app.wzhlab.top/" });
const written = simulate(buildNetwork(loadSnapshot([...base, `${example}/egress-as-written`])), { from: "deploy/demo-mesh-app/wzh-mesh-demo", to: "http://egress-demo-back-service.static.wzhlab.top:13000/" });

/** The legs' heads with the hops of the third, the verdict, the ledger and the short answer of who would have seen it. */
function shortened(text: string): string {
  const lines = text.split("\n");
  const start = lines.findIndex((line) => line.startsWith("leg 3"));
  const end = lines.findIndex((line) => line.startsWith("leg 4"));
  const verdict = lines.findIndex((line) => line.startsWith("verdict"));
  const seen = lines.findIndex((line) => line === "who would have seen it");
  const rows = lines.findIndex((line, index) => index > seen && line.includes(" → "));
  return [...lines.slice(0, 3), ...lines.filter((line) => /^leg [12] /.test(line)).flatMap((line) => [line, "  …"]), ...lines.slice(start, end), "…", "", ...lines.slice(verdict, rows), "  …"].join("\n").trimEnd();
}

const finding = journeyText(written).split("\n");
const from = finding.findIndex((line) => line === "findings");
const to = finding.findIndex((line, index) => index > from && line === "");
const block = `\`\`\`text\n${shortened(journeyText(ingress, { observers: observersOf(ingress, snapshot) }))}\n\`\`\`\n\nAnd why the egress gateway changed nothing (\`egress-as-written\`):\n\n\`\`\`text\n${finding.slice(from, to).join("\n")}\n\`\`\``;
const readme = readFileSync("README.md", "utf8").replace(/(<!-- trace:begin -->)[\s\S]*(<!-- trace:end -->)/, (_whole, begin: string, end: string) => `${begin}\n${block}\n${end}`);
const schemaFile = (name: string, schema: object): readonly [string, string] => [`packages/hopscope/schemas/${name}.schema.json`, `${JSON.stringify(schema, null, 2)}\n`];
const files: readonly (readonly [string, string])[] = [schemaFile("cluster", clusterSchema), schemaFile("scenario", scenarioSchema), ["README.md", readme], ["docs/pictures/ingress.svg", journeySvg(ingress)], ["docs/pictures/egress-gateway.svg", journeySvg(written)]];

if (process.argv.includes("--check")) {
  const stale = files.filter(([name, text]) => readFileSync(name, "utf8") !== text).map(([name]) => name);
  if (stale.length > 0) {
    console.error(`not up to date: ${stale.join(", ")}; run npm run readme`);
    process.exitCode = 1;
  }
} else {
  mkdirSync("docs/pictures", { recursive: true });
  for (const [name, text] of files) writeFileSync(name, text);
}
