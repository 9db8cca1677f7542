import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { buildNetwork, loadSnapshot, simulate } from "../src/index.ts";
import { withFiles } from "./cli/_run.ts";

const parts = ["cluster", "policies", "route", "app"].map((part) => fileURLToPath(new URL(`../../../examples/openshift-mesh/${part}`, import.meta.url)));
const policy = (namespace: string, spec: string): string => `apiVersion: security.istio.io/v1beta1\nkind: AuthorizationPolicy\nmetadata: {name: only, namespace: ${namespace}}\nspec: ${spec}\n`;

describe("an AuthorizationPolicy", () => {
  it.each([
    ["that allows others, of the workload's namespace", policy("demo-mesh-app", "{rules: [{from: [{source: {namespaces: [elsewhere]}}]}]}"), /^no rule of AuthorizationPolicy demo-mesh-app\/only allows/],
    ["that allows others, of the mesh's root namespace", policy("demo-mesh", "{rules: [{from: [{source: {namespaces: [elsewhere]}}]}]}"), /^no rule of AuthorizationPolicy demo-mesh\/only allows/],
    ["that denies", policy("demo-mesh-app", '{action: DENY, rules: [{to: [{operation: {methods: ["GET"]}}]}]}'), /^AuthorizationPolicy demo-mesh-app\/only denies/],
  ])("%s is named with its place", async (_, text, problem) => {
    await withFiles({ "policy.yaml": text }, (path) => {
      const journey = simulate(buildNetwork(loadSnapshot([...parts, path("policy.yaml")])), { from: "external/172.21.6.102", to: "http://wzh-mesh-demo.mesh-test-app.wzhlab.top/" });
      expect(journey.verdict).toMatchObject({ type: "answered", status: 403 });
      const finding = journey.findings.find(({ code }) => code === "mesh/authorization-denies");
      expect(finding?.problem).toMatch(problem);
      expect(finding?.origin).toMatchObject({ file: path("policy.yaml"), line: expect.any(Number) as number });
      return Promise.resolve();
    });
  });
});
