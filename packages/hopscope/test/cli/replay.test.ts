import { Ajv2020 } from "ajv/dist/2020.js";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { loadSnapshot } from "../../src/load.ts";
import { buildNetwork } from "../../src/network/build-network.ts";
import { render } from "../../src/cli/output.ts";
import { parseChoose, simulate } from "../../src/simulate.ts";
import { parseBound } from "../../src/cli/scenario.ts";
import { run, shop, withFiles } from "./_run.ts";

const schema: unknown = JSON.parse(readFileSync(new URL("../../schemas/journey.schema.json", import.meta.url), "utf8"));
const validate = new Ajv2020({ allErrors: true, allowUnionTypes: true, strict: false }).compile(schema as object);
const errorsOf = (journey: unknown): unknown => (validate(journey) ? [] : validate.errors);

const scenario = (expect: string, extra = ""): string => `apiVersion: hopscope/v1
kind: Scenario
metadata: {name: shop}
spec:
  snapshot: [shop.yaml]
  steps:
    - trace: {from: deploy/shop/client, to: "http://web.shop/"}
      expect: ${expect}
${extra}`;
const replay = (text: string, ...options: readonly string[]) => withFiles({ "shop.yaml": shop, "s.yaml": text }, (path) => run("replay", path("s.yaml"), ...options));

describe("replay", () => {
  it("exits with 0 where all is as expected", async () => {
    const { code, out } = await replay(scenario('{verdict: delivered, status: 200, through: [ovn, app], not: [envoy, haproxy], findings: [], latency: {p99: "< 1s"}}'));
    expect({ code, out }).toEqual({ code: 0, out: "✓ shop 1: deploy/shop/client → http://web.shop/: delivered 200\n1 as expected, 0 not\n" });
  });

  it("exits with 1 and says what is not as expected", async () => {
    const { code, out } = await replay(scenario('{verdict: [refused, dropped], status: 503, through: [haproxy], not: [ovn], findings: [app/not-listening], latency: {p50: "> 1s"}}'));
    expect(code).toBe(1);
    for (const part of ["expected refused or dropped", "status is 200, expected 503", 'does not pass "haproxy"', 'passes "ovn"', "finding app/not-listening is missing", "latency p50 is", "0 as expected, 1 not"]) expect(out).toContain(part);
  });

  it("lets no escape sequence of a scenario's name reach the terminal", async () => {
    expect((await replay(scenario("{}").replace("name: shop}\nspec", 'name: "a\\e[31m"}\nspec'))).out).not.toContain("\u001b");
  });

  it("prints JSON whose journeys follow the schema", async () => {
    const { code, out } = await replay(scenario("{verdict: refused}"), "-o", "json");
    const [result] = JSON.parse(out);
    expect(code).toBe(1);
    expect(result).toMatchObject({ scenario: "shop", step: 1, passed: false, problems: [expect.stringContaining("expected refused")] });
    expect(errorsOf(result.journey)).toEqual([]);
  });

  it("prints JUnit XML, escaped", async () => {
    const { code, out } = await replay(scenario('{through: ["<&\\"\'>"]}').replace("name: shop}\nspec", 'name: "a<b>"}\nspec'), "-o", "junit");
    expect(code).toBe(1);
    expect(out).toContain('<testsuite name="hopscope" tests="1" failures="1">');
    expect(out).toContain('classname="a&#60;b&#62;"');
    expect(out).not.toContain("<&");
  });

  it.each([
    ["an unknown field", scenario("{verdikt: delivered}"), /s\.yaml:\d+:\d+: .*verdikt/],
    ["a bad bound", scenario('{latency: {p99: "quick"}}'), /quick/],
    ["an empty snapshot", scenario("{}").replace("[shop.yaml]", "[]"), /s\.yaml.*snapshot/],
    ["no Scenario", shop, /holds no Scenario/],
    ["a snapshot that is absent", scenario("{}").replace("[shop.yaml]", "[absent.yaml]"), /absent\.yaml: no such file/],
    ["a bad endpoint", scenario("{}").replace("deploy/shop/client", "client"), /s\.yaml:7:7: Scenario shop spec\.steps\[0\]\.trace: --from "client" names no endpoint/],
    ["an endpoint that is not there", scenario("{}").replace("deploy/shop/client", "deploy/shop/none"), /s\.yaml:7:7: .* there is no Deployment "shop\/none"/],
    ["a bound without a comparison", scenario('{latency: {p99: "50ms"}}'), /s\.yaml:8:\d+: .*"50ms"/],
    ["a verdict that is no word of ours", scenario("{verdict: ok}"), /s\.yaml:8:\d+: .*"ok".*one of delivered/],
    ["a status that is no status", scenario('{status: "200"}'), /s\.yaml:8:\d+: .*status/],
    ["a step without a question", scenario("{}").replace(/trace: .*/, "trace: {from: a}"), /s\.yaml:7:\d+: .*"to" is missing/],
  ])("refuses %s", async (_, text, message) => {
    const { code, err } = await replay(text);
    expect(err).toMatch(message);
    expect(code).toBe(2);
  });
});

describe("parseBound", () => {
  it.each([["< 50ms", 49e6, 50e6], ["<= 1.5s", 1.5e9, 1.6e9], ["> 3 µs", 3001, 3000], [">= 7", 7, 6]])("%s", (text, inside, beyond) => {
    const holds = parseBound(text);
    expect([holds?.(inside), holds?.(beyond)]).toEqual([true, false]);
  });
  it.each(["", "50ms", "< ms", "< 1.2.3s", "== 5", "< 5 days"])("%j is none", (text) => expect(parseBound(text)).toBeUndefined());
});

describe("a GitOps folder without pods, nodes and addresses", () => {
  it("is completed, and each assumption is told", async () => {
    await withFiles({ "app/shop.yaml": shop }, async (path) => {
      const { out } = await run("trace", path("app"), "--from", "deploy/shop/client", "--to", "http://web.shop/", "-o", "json");
      const journey = JSON.parse(out);
      expect(journey.verdict).toMatchObject({ type: "delivered", status: 200 });
      expect(journey.findings).toEqual([]);
      const codes = journey.caveats.map(({ code }: { code: string }) => code);
      expect(codes).toEqual(expect.arrayContaining(["assumed/node", "assumed/cluster-ip", "assumed/dns-server"]));
    });
  });

  it("gives the same bytes for the same input", async () => {
    await withFiles({ "app/shop.yaml": shop }, async (path) => {
      const args = ["trace", path("app"), "--from", "deploy/shop/client", "--to", "http://web.shop/", "-o"] as const;
      for (const format of ["text", "wide", "json", "mermaid", "svg", "html"]) expect((await run(...args, format)).out).toBe((await run(...args, format)).out);
    });
  });
});

const scenarios = new URL("../../../../examples/openshift-mesh/scenarios/", import.meta.url);

describe("the example's scenarios", () => {
  it.each(readdirSync(scenarios).filter((name) => name.endsWith(".yaml")))("%s gives JSON of the schema", async (name) => {
    const { out } = await run("replay", fileURLToPath(new URL(name, scenarios)), "-o", "json");
    for (const { journey } of JSON.parse(out)) expect(errorsOf(journey)).toEqual([]);
  });

  it("text keeps to 100 columns, and alternatives follow the schema", () => {
    const root = new URL("../", scenarios);
    const snapshot = loadSnapshot(["cluster", "policies", "route", "app"].map((name) => fileURLToPath(new URL(name, root))));
    const network = buildNetwork(snapshot);
    for (const to of ["http://wzh-mesh-demo.mesh-test-app.wzhlab.top/", "http://no-such-name.wzhlab.top/"]) {
      const journey = simulate(network, { from: "external/172.21.6.102", to }, { choose: parseChoose("all") });
      expect(errorsOf(JSON.parse(render(journey, snapshot, "json")))).toEqual([]);
      for (const format of ["text", "wide"] as const) expect(render(journey, snapshot, format).split("\n").filter((line) => line.length > 100)).toEqual([]);
    }
  });
});
