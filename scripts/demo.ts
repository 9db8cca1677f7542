// The main job in one command: traces the example's request from outside, and the egress gateway that is bypassed.
import { mkdirSync, writeFileSync } from "node:fs";
import { buildNetwork, journeyHtml, journeySvg, journeyText, loadSnapshot, observersOf, replayScenarios, simulate } from "hopscope";

const example = "examples/openshift-mesh";
const base = ["cluster", "policies", "route", "app"].map((part) => `${example}/${part}`);

const snapshot = loadSnapshot(base);
const journey = simulate(buildNetwork(snapshot), { from: "external/172.21.6.102", to: "http://wzh-mesh-demo.mesh-test-app.wzhlab.top/" });
const observers = observersOf(journey, snapshot);
process.stdout.write(`${journeyText(journey, { observers })}\n${"─".repeat(100)}\n\n`);

const written = loadSnapshot([...base, `${example}/egress-as-written`]);
const bypassed = simulate(buildNetwork(written), { from: "deploy/demo-mesh-app/wzh-mesh-demo", to: "http://egress-demo-back-service.static.wzhlab.top:13000/" });
process.stdout.write("Does the egress gateway see the application's traffic?\n\n");
for (const finding of bypassed.findings) {
  process.stdout.write(`${finding.code}\n  ${finding.origin.file}:${finding.origin.line} ${finding.origin.object}\n  ${finding.problem}\n  fix: ${finding.fix}\n\n`);
}

mkdirSync("out", { recursive: true });
for (const [name, made] of [["ingress", journey], ["egress-gateway", bypassed]] as const) {
  writeFileSync(`out/${name}.svg`, journeySvg(made));
  writeFileSync(`out/${name}.html`, journeyHtml(made));
}
process.stdout.write("Pictures: out/ingress.svg, out/ingress.html, out/egress-gateway.svg, out/egress-gateway.html\n\nScenarios:\n");

const scenarios = ["ingress", "egress-passthrough", "egress-gateway", "egress-gateway-corrected", "route-missing", "subset-without-endpoints", "policy-denies", "mtls-required", "not-listening", "service-without-endpoints", "name-not-resolved"];
const result = replayScenarios(scenarios.map((name) => `${example}/scenarios/${name}.yaml`), "text");
process.stdout.write(result.text);
process.exitCode = result.passed ? 0 : 1;
