import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import * as core from "@hopscope/core/testing";
import * as own from "hopscope/testing";

const page = readFileSync(new URL("../../../../docs/testing.md", import.meta.url), "utf8");

it("the page on testing shows a test that runs", () => {
  expect(page).toContain(readFileSync(new URL("example.test.ts", import.meta.url), "utf8"));
});

it("the page on testing names every generator", () => {
  for (const name of [...Object.keys(core), ...Object.keys(own)]) expect(page).toContain(name);
});
