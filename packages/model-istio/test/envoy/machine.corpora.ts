import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { loadEnvoyConfig } from "../../src/envoy/index.ts";
import { differences, type MeasuredCase } from "./measured.ts";

const root = `${process.env["HOPSCOPE_CORPORA"] ?? fileURLToPath(new URL("../../../../../shared/corpora", import.meta.url))}/envoy-measured`;
const present = existsSync(root);
if (!present) console.log("envoy-measured: skipped, the corpus is not here");
const folders = present ? readdirSync(root).filter((name) => /^\d+$/.test(name)).sort((a, b) => Number(a) - Number(b)) : [];

describe.skipIf(!present)("the Envoy machine decides as the measured Envoy did", () => {
  it.each(folders)("configuration %s", (folder) => {
    const config = loadEnvoyConfig(JSON.parse(readFileSync(`${root}/${folder}/config.json`, "utf8")));
    const lines = readFileSync(`${root}/${folder}/cases.jsonl`, "utf8").trim().split("\n");
    const wrong = lines.flatMap((line, index) => {
      const found = differences(config, JSON.parse(line) as MeasuredCase);
      return found.length === 0 ? [] : [`${index}: ${found.join("; ")}`];
    });
    expect(wrong).toEqual([]);
  });
});
