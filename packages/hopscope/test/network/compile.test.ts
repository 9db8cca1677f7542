import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { buildNetwork, loadSnapshot, simulate } from "../../src/index.ts";

const example = ["cluster", "policies", "route", "app", "egress-as-written"].map((part) => fileURLToPath(new URL(`../../../../examples/openshift-mesh/${part}`, import.meta.url)));
const APP = "deploy/demo-mesh-app/wzh-mesh-demo";

describe("a network compiled ahead, with a request rehearsed", () => {
  it.each([
    ["external/172.21.6.102", "http://wzh-mesh-demo.mesh-test-app.wzhlab.top/"],
    [APP, "http://egress-demo-back-service.static.wzhlab.top:13000/"],
    [APP, "http://wzh-mesh-demo/"],
    ["node/worker-1", "http://10.129.0.30:13000/"],
  ])("gives the journey from %s to %s that one compiled when needed gives", (from, to) => {
    const snapshot = loadSnapshot(example);
    const [ahead, needed] = (["ahead", "when needed"] as const).map((compile) => simulate(buildNetwork(snapshot, { compile }), { from, to }));
    expect(ahead?.legs.length).toBeGreaterThan(0);
    expect(ahead).toEqual(needed);
  });
});
