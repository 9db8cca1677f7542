import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readDatabaseSync } from "../../src/ovsdb/index.ts";
import { golden, goldenFile, hasGolden } from "../golden.ts";
import { cellsOf, cellsOfDump } from "./log-text.ts";

describe.skipIf(!hasGolden)("databases that real ovsdb-servers left", () => {
  it.each([
    ["23.09-ic-shared/nb.standalone-log.db", "23.09-ic-shared/nb.dump.jsonl", "standalone"],
    ["23.09-ic-shared/nb.backup.db", "23.09-ic-shared/nb.dump.jsonl", "standalone"],
    ["nb.clustered.db", "nb.clustered.dump.jsonl", "clustered"],
    ["23.09-ic-shared/nb.dump.jsonl", "23.09-ic-shared/nb.dump.jsonl", "dump"],
    ["23.09-ic-shared/sb.dump.jsonl", "23.09-ic-shared/sb.dump.jsonl", "dump"],
  ])("%s holds what %s shows", (file, dump, format) => {
    const result = readDatabaseSync(readFileSync(goldenFile(file)), { file });
    expect(result).toMatchObject({ type: "database", diagnostics: [], database: { format } });
    expect(result.type === "database" && cellsOf(result.database)).toEqual(cellsOfDump(golden(dump)));
  });
});
