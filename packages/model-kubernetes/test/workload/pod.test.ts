import { describe, expect, it } from "vitest";
import { isReady, type Pod } from "../../src/index.ts";

const pod = (status: Pod["status"]): Pod => ({ apiVersion: "v1", kind: "Pod", metadata: { name: "web", namespace: "shop" }, spec: { containers: [] }, status });

describe("whether a pod is ready", () => {
  it("believes the Ready condition, whatever the phase", () => {
    expect(isReady(pod({ phase: "Running", conditions: [{ type: "Ready", status: "False" }] }))).toBe(false);
    expect(isReady(pod({ phase: "Pending", conditions: [{ type: "Ready", status: "True" }] }))).toBe(true);
  });

  it("takes a status that states no Ready condition at its word", () => {
    expect(isReady(pod({ phase: "Running" }))).toBe(true);
    expect(isReady(pod({ phase: "Running", conditions: [{ type: "PodScheduled", status: "True" }] }))).toBe(true);
    expect(isReady(pod({ phase: "Pending" }))).toBe(false);
    expect(isReady(pod(undefined))).toBe(false);
  });
});
