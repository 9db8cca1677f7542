import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { objectName } from "@hopscope/model-kubernetes";
import { buildNetwork, loadSnapshot, simulate } from "../src/index.ts";

it("gives every decision that an object of the snapshot made a file and a line", () => {
  const snapshot = loadSnapshot([fileURLToPath(new URL("../../../examples/openshift-mesh/cluster", import.meta.url)), ...["policies", "route", "app"].map((part) => fileURLToPath(new URL(`../../../examples/openshift-mesh/${part}`, import.meta.url)))]);
  const names = new Set(snapshot.resources.map(objectName));
  const journey = simulate(buildNetwork(snapshot), { from: "external/172.21.6.102", to: "http://wzh-mesh-demo.mesh-test-app.wzhlab.top/" });
  const origins = journey.legs.flatMap(({ hops }) => hops.flatMap(({ decisions }) => decisions.map(({ origin }) => origin))).filter(({ object }) => names.has(object));
  expect(new Set(origins.map(({ object }) => object.split(" ")[0]))).toContain("VirtualService");
  expect(origins.filter(({ file, line }) => file === undefined || line === undefined)).toEqual([]);
});
