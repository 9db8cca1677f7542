import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { codes } from "hopscope";
import { describe, expect, it } from "vitest";

const packages = fileURLToPath(new URL("../..", import.meta.url));
const sources = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? sources(path) : path.endsWith(".ts") ? [path] : [];
  });

describe("codes", () => {
  it("explains every code that any package can give", () => {
    const given = new Set<string>();
    for (const name of readdirSync(packages)) {
      for (const file of sources(join(packages, name, "src"))) for (const [, code] of readFileSync(file, "utf8").matchAll(/code: "([a-z]+\/[a-z0-9-]+)"/g)) if (code !== undefined) given.add(code);
    }
    expect(given.size).toBeGreaterThan(40);
    expect([...given].filter((code) => !Object.hasOwn(codes, code))).toEqual([]);
  });
});
