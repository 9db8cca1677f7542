import { readFileSync } from "node:fs";
import { InputError, printDiagnostic } from "@hopscope/core";
import { loadSnapshot } from "@hopscope/model-kubernetes";
import { printYaml } from "hopscope/testing";
import fc from "fast-check";
import { expect, it } from "vitest";
import { buildNetwork } from "../../src/network/build-network.ts";
import { render } from "../../src/cli/output.ts";
import { completeCluster } from "../../src/complete/complete.ts";
import { simulate } from "../../src/simulate.ts";
import { run, shop, withFiles } from "./_run.ts";

const data = (name: string): string => readFileSync(new URL(`../clusters/data/${name}.yaml`, import.meta.url), "utf8");
const clusters = [
  { text: data("telecom"), from: "external/10.9.9.9", to: "http://sig.apps.tele.lan/x" },
  { text: data("telecom"), from: "deploy/core/sig", to: "http://203.0.113.5/" },
  { text: data("upstream-istio"), from: "deploy/bookinfo/productpage-v1", to: "http://reviews:9080/" },
  { text: data("upstream-istio"), from: "external/198.51.100.7", to: "http://bookinfo.example.com/productpage" },
].map((one) => ({ ...one, resources: loadSnapshot([{ name: "a.yaml", text: one.text }]).resources }));

const wrong = fc.constantFrom<unknown>(null, [], {}, "", "x", 0, -1, 1e9, true, [null], [[]], { a: null }, "999.1.1.1", "10.0.0.0/33", "../x", "::1", "*", "65536", "constructor", "(((", "(a+)+$", "\u202e");
type Holder = Record<string | number, unknown>;

function pathsIn(value: unknown, path: readonly (string | number)[] = []): readonly (readonly (string | number)[])[] {
  if (typeof value !== "object" || value === null) return [path];
  return [path, ...Object.keys(value).flatMap((key) => pathsIn((value as Holder)[key], [...path, key]))];
}

/** A cluster of which up to three fields are wrong or missing. */
const mutated = fc.record({ cluster: fc.constantFrom(...clusters), changes: fc.array(fc.record({ object: fc.nat(), path: fc.nat(), value: fc.option(wrong, { nil: undefined }) }), { minLength: 1, maxLength: 3 }) }).map(({ cluster, changes }) => {
  const resources = structuredClone(cluster.resources) as unknown as Holder[];
  const done = changes.map(({ object, path, value }) => {
    const chosen = resources[object % resources.length] as Holder;
    const paths = pathsIn(chosen).filter(({ length }) => length > 0);
    const steps = paths[path % paths.length] ?? [];
    const holder = steps.slice(0, -1).reduce<unknown>((node, step) => (typeof node === "object" && node !== null ? (node as Holder)[step] : undefined), chosen);
    const last = steps.at(-1);
    if (typeof holder === "object" && holder !== null && last !== undefined) {
      if (value === undefined) delete (holder as Holder)[last];
      else (holder as Holder)[last] = structuredClone(value);
    }
    return `${String(chosen["kind"])} ${steps.join(".")} = ${JSON.stringify(value)}`;
  });
  return { ...cluster, yaml: printYaml(JSON.parse(JSON.stringify(resources)) as never), toString: () => done.join("; ") };
});

it("a cluster with wrong values gives located messages or a journey, and no mistake of ours", () => {
  fc.assert(
    fc.property(mutated, ({ yaml, from, to }) => {
      const snapshot = completeCluster(loadSnapshot([{ name: "a.yaml", text: yaml }]));
      for (const diagnostic of snapshot.diagnostics) expect(printDiagnostic(diagnostic)).toMatch(/^a\.yaml:\d+:\d+: /);
      // What could be loaded is gone on with, though a command would stop here.
      try {
        const journey = simulate(buildNetwork(snapshot, { compile: "when needed" }), { from, to });
        expect(render(journey, snapshot, "text")).not.toMatch(/(?<![\w-])undefined\b|\bNaN\b/);
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
      }
    }),
    { numRuns: 60 },
  );
});

const word = fc.constantFrom("external/1.2.3.4", "external/::1", "external/999.1.1.1", "node/node-1", "node/", "pod/shop/web", "deploy/shop/web", "deploy/shop/web:8080", "svc/shop/web:80", "svc//", "http://web.shop/", "http://[::1]:80/", "http://1.2/", "https://é.example/", "http://a..b/", "tcp://web:0", "tcp://10.0.0.1:65536", "://", "", "/", "__proto__/a/b", "constructor", "seed=1", "seed=x", "all", "10.128.0.4");

it("a command line of odd words ends with 0 or 2, and never with a mistake of ours", async () => {
  await withFiles({ "shop.yaml": shop }, async (path) => {
    await fc.assert(
      fc.asyncProperty(word, word, word, async (from, to, choose) => {
        const { code, out, err } = await run("trace", path("shop.yaml"), "--from", from, "--to", to, "--choose", choose);
        expect([0, 2]).toContain(code);
        expect(code === 2 ? err : out).toMatch(/\S/);
      }),
      { numRuns: 60 },
    );
  });
});
