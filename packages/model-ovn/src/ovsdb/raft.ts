import { closed, type LogContent } from "./content.ts";
import { type Intern, interner } from "./datum.ts";
import { eachElement, eachMember, isObjectAt, parseSpan, skipBlanks } from "./scan-json.ts";
import { openDatabase, type OpenDatabase } from "./schema.ts";
import { convert } from "./convert.ts";
import { applyTransaction } from "./transaction.ts";
import { Trouble } from "./trouble.ts";

type Members = ReadonlyMap<string, readonly [start: number, end: number]>;

/** An entry of the log that is not committed yet. */
interface Entry {
  readonly index: number;
  readonly term: number;
  readonly record: { readonly number: number; readonly offset: number };
  readonly bytes: Uint8Array;
  /** Where `data` begins; absent for entries that carry none. */
  readonly data?: number;
}

const wrong = (problem: string): Trouble => new Trouble(problem, 0, "ovsdb/log-order");

function membersOf(bytes: Uint8Array): Members {
  const members = new Map<string, readonly [number, number]>();
  eachMember(bytes, skipBlanks(bytes, 0), (key, start, end) => { members.set(key, [start, end]); });
  return members;
}

function numberIn(bytes: Uint8Array, members: Members, name: string): number | undefined {
  const span = members.get(name);
  if (span === undefined) return undefined;
  const value = parseSpan(bytes, span[0], span[1]);
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) throw new Trouble(`"${name}" is no number`, span[0], "ovsdb/value-type");
  return value;
}

function requireUuid(bytes: Uint8Array, members: Members, name: string): void {
  const span = members.get(name);
  const value = span === undefined ? undefined : parseSpan(bytes, span[0], span[1]);
  if (typeof value !== "string" || !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value)) throw new Trouble(`"${name}" is no uuid`, span?.[0] ?? 0, "ovsdb/value-type");
}

/**
 * A file of a clustered database: the servers and a snapshot, then what this server wrote down of the Raft log.
 *
 * Entries take effect once they are committed. The only server of a cluster commits what it finds at its start, so does this
 * reader; in a larger cluster the entries past the commit index are left out, and that is said.
 *
 * @see OVS 3.1, ovsdb/raft.c, raft_apply_record and raft_read_header; ovsdb/raft-private.c; ovsdb(5), clustered format
 * @internal
 */
export function raftContent(): LogContent {
  const intern: Intern = interner();
  let database: OpenDatabase | undefined;
  let opened = false;
  let servers = 0;
  let joining = false;
  let commitIndex = 0;
  let snapshotTerm = 0;
  let logEnd = 0;
  let pending: Entry[] = [];

  /** `[schema or null, transaction or null]`. */
  const applyData = (bytes: Uint8Array, at: number): void => {
    const places: number[] = [];
    const spans: (readonly [number, number])[] = [];
    eachElement(bytes, at, (start, end) => { places.push(start); spans.push([start, end]); });
    const [schema, transaction] = spans;
    if (schema === undefined || transaction === undefined || spans.length !== 2) throw new Trouble("the data of an entry is a schema and a transaction", at, "ovsdb/value-type");
    if (isObjectAt(bytes, schema[0])) {
      const next = openDatabase(parseSpan(bytes, schema[0], schema[1]));
      // A schema without data converts what is there.
      database = database !== undefined && !isObjectAt(bytes, transaction[0]) ? convert(database, next) : next;
    }
    if (!isObjectAt(bytes, transaction[0])) return;
    if (database === undefined) throw new Trouble("data comes before any schema", transaction[0], "ovsdb/schema");
    applyTransaction(database, { bytes, start: transaction[0], intern });
  };
  const readHeader = (bytes: Uint8Array, members: Members): void => {
    requireUuid(bytes, members, "server_id");
    joining = members.has("remote_addresses");
    opened = true;
    if (joining) return;
    const listed = members.get("prev_servers");
    const known = listed === undefined ? undefined : parseSpan(bytes, listed[0], listed[1]);
    if (typeof known !== "object" || known === null) throw new Trouble('"prev_servers" names the servers of the cluster', 0, "ovsdb/value-type");
    servers = Object.keys(known).length;
    const index = numberIn(bytes, members, "prev_index") ?? 0;
    commitIndex = index;
    logEnd = index + 1;
    snapshotTerm = numberIn(bytes, members, "prev_term") ?? 0;
    pending = [];
    const data = members.get("prev_data");
    if (index > 0 && data !== undefined && bytes[data[0]] === 0x5b) {
      requireUuid(bytes, members, "prev_eid");
      applyData(bytes, data[0]);
    }
  };
  const commit = (index: number): void => {
    commitIndex = index;
    const done = pending.filter((entry) => entry.index <= index);
    pending = pending.filter((entry) => entry.index > index);
    for (const entry of done) {
      snapshotTerm = entry.term;
      try {
        if (entry.data !== undefined) applyData(entry.bytes, entry.data);
      } catch (error) {
        if (error instanceof Trouble) throw new Trouble(`entry ${entry.index} (record ${entry.record.number} at byte ${entry.record.offset}): ${error.message}`, error.at, error.code);
        throw error;
      }
    }
  };
  const add = (entry: Entry): void => {
    if (entry.index < commitIndex) throw wrong(`entry ${entry.index} comes after the commit index has reached ${commitIndex}`);
    if (entry.index > logEnd) throw wrong(`entry ${entry.index} comes where entry ${logEnd} is expected`);
    pending = pending.filter((one) => one.index < entry.index);
    const before = pending.at(-1)?.term ?? snapshotTerm;
    if (entry.term < before) throw wrong(`entry ${entry.index} is of term ${entry.term}, the one before it of term ${before}`);
    pending.push(entry);
    logEnd = entry.index + 1;
  };
  return {
    take: ({ number, offset, bytes }) => {
      const members = membersOf(bytes);
      if (!opened || members.has("server_id")) return readHeader(bytes, members);
      if (members.has("note")) return;
      const committed = numberIn(bytes, members, "commit_index");
      if (committed !== undefined) {
        if (committed < commitIndex) throw wrong(`the commit index goes back from ${commitIndex} to ${committed}`);
        if (committed >= logEnd) throw wrong(`the commit index is ${committed}, the last entry ${logEnd - 1}`);
        return commit(committed);
      }
      const term = numberIn(bytes, members, "term");
      if (term === undefined) throw new Trouble("the record has no term", 0, "ovsdb/value-type");
      const index = numberIn(bytes, members, "index");
      if (index === undefined) return;
      const data = members.get("data");
      if (data !== undefined) requireUuid(bytes, members, "eid");
      const listed = members.get("servers");
      if (listed !== undefined) servers = Object.keys((parseSpan(bytes, listed[0], listed[1]) as object | null) ?? {}).length;
      add({ index, term, record: { number, offset }, bytes, data: data?.[0] });
    },
    hasData: () => opened,
    finish: () => {
      if (joining) throw new Trouble("the server has not joined its cluster yet, so its file holds no data", 0, "ovsdb/no-data");
      const last = logEnd - 1;
      if (servers === 1 && pending.length > 0) commit(last);
      if (database === undefined) throw new Trouble("the file holds no schema", 0, "ovsdb/no-data");
      const left = pending.filter((entry) => entry.data !== undefined);
      const notes = left.length === 0 ? [] : [`${left.length} of the log's entries lie past the commit index ${commitIndex} and are left out`];
      return { database: closed(database, "clustered"), notes };
    },
  };
}

