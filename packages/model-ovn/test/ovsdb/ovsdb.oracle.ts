import { describe, expect, it } from "vitest";
import { printTable, readDatabaseSync } from "../../src/ovsdb/index.ts";
import { cellsOf, cellsOfDump } from "./log-text.ts";
import { partOperations, random, randomOperations, randomSchema } from "./random-transactions.ts";
import { missingProgram, realServers, run, type RealServer } from "./real-ovsdb.ts";

if (missingProgram !== undefined) console.log(`ovsdb: ${missingProgram} is not here, the comparison with real servers is skipped`);
const skipped = missingProgram !== undefined && process.env["CI"] === undefined;

const first = Number(process.env["HOPSCOPE_SEED"] ?? 1);
const seeds = Array.from({ length: Number(process.env["HOPSCOPE_RUNS"] ?? 4) }, (_, index) => first + index);

/** Random transactions; `look` is called now and then. */
function live(server: RealServer, seed: number, transactions: number, look: () => void): void {
  const next = random(seed);
  const things: string[] = [];
  for (let step = 1; step <= transactions; step++) {
    const before = [...things];
    const id = things[next(things.length + 1)];
    const answer = server.transact(id !== undefined && next(4) === 0 ? partOperations(next, id) : randomOperations(next, things));
    // An operation that fails undoes its whole transaction.
    if (answer.includes('"error"')) things.splice(0, things.length, ...before);
    if (next(25) === 0) server.compact();
    if (step % 20 === 0) look();
  }
}

function same(server: RealServer): void {
  const result = readDatabaseSync(server.bytes());
  expect(result).toMatchObject({ type: "database", diagnostics: [] });
  const dump = server.dump();
  expect(result.type === "database" && cellsOf(result.database)).toEqual(cellsOfDump(dump));
  const dumped = readDatabaseSync(dump);
  expect(dumped.type === "database" && cellsOf(dumped.database)).toEqual(cellsOfDump(dump));
}

describe.skipIf(skipped)("the file of a real ovsdb-server", () => {
  it.each(seeds)("holds what the server says after random transactions (standalone, seed %i)", async (seed) => {
    const servers = realServers();
    try {
      const server = await servers.start(randomSchema);
      live(server, seed, 60, () => { same(server); });
    } finally {
      servers.stop();
    }
  }, 60_000);

  it.each(seeds)("holds what the server says after random transactions (cluster of one, seed %i)", async (seed) => {
    const servers = realServers();
    try {
      const server = await servers.start(randomSchema, 0);
      live(server, seed, 60, () => { same(server); });
    } finally {
      servers.stop();
    }
  }, 60_000);

  it("holds what its own server says in a cluster of three", async () => {
    const servers = realServers();
    try {
      const leader = await servers.start(randomSchema, 0);
      live(leader, 99, 20, () => { same(leader); });
      const followers = [await servers.start(randomSchema, 1), await servers.start(randomSchema, 2)];
      live(leader, 100, 20, () => undefined);
      for (const server of [leader, ...followers]) {
        const wanted = cellsOfDump(leader.dump());
        for (let tries = 0; tries < 100 && JSON.stringify(cellsOfDump(server.dump())) !== JSON.stringify(wanted); tries++) await new Promise((resolve) => setTimeout(resolve, 20));
        // What follows the last known commit may be left out of a follower's file, but then it is said.
        const result = readDatabaseSync(server.bytes());
        expect(result.type).toBe("database");
        if (result.diagnostics.length === 0) same(server);
        else expect(result.diagnostics.map(({ code }) => code)).toEqual(["ovsdb/uncommitted"]);
      }
      same(leader);
    } finally {
      servers.stop();
    }
  }, 60_000);

  it("prints as ovsdb-client prints it", async () => {
    const servers = realServers();
    try {
      const server = await servers.start(randomSchema);
      live(server, first + 50, 60, () => undefined);
      const result = readDatabaseSync(server.bytes());
      const tables = result.type === "database" ? [...result.database.tables.values()] : [];
      const printed = tables.sort((a, b) => (a.name < b.name ? -1 : 1)).map(printTable).join("\n");
      expect(printed).toBe(server.print());
    } finally {
      servers.stop();
    }
  }, 60_000);

  it("is read after ovsdb-tool has made a backup or a standalone file of it", async () => {
    const servers = realServers();
    try {
      const server = await servers.start(randomSchema, 0);
      live(server, 7, 20, () => undefined);
      const wanted = cellsOfDump(server.dump());
      run("ovsdb-tool", ["cluster-to-standalone", `${server.file}.alone`, server.file]);
      const { readFileSync } = await import("node:fs");
      const result = readDatabaseSync(readFileSync(`${server.file}.alone`));
      expect(result.type === "database" && cellsOf(result.database)).toEqual(wanted);
    } finally {
      servers.stop();
    }
  }, 60_000);
});
