// How much memory a large database takes to read. Nothing is written: the file is made while it is read.
//   node --expose-gc -C @hopscope/source --import tsx packages/model-ovn/bench/ovsdb-memory.ts [MB] [log|snapshot|dump]
import { createHash } from "node:crypto";
import { readDatabase } from "../src/ovsdb/index.ts";

const megabytes = Number(process.argv[2] ?? 500);
const form = process.argv[3] ?? "log";
const encoder = new TextEncoder();

const uuid = (number: number): string => `${(Math.imul(number, 0x9e3779b1) >>> 0).toString(16).padStart(8, "0")}-0000-4000-8000-${number.toString(16).padStart(12, "0")}`;
const many = (key: unknown, value?: unknown): unknown => ({ type: { key, value, min: 0, max: "unlimited" } });
const schema = {
  name: "OVN_Southbound", version: "20.27.4",
  tables: {
    Datapath_Binding: { columns: { tunnel_key: { type: "integer" }, external_ids: many("string", "string") } },
    Logical_Flow: {
      columns: {
        logical_datapath: { type: { key: { type: "uuid", refTable: "Datapath_Binding" }, min: 0, max: 1 } },
        pipeline: { type: "string" }, table_id: { type: "integer" }, priority: { type: "integer" }, match: { type: "string" }, actions: { type: "string" },
        external_ids: many("string", "string"),
      },
    },
  },
};

/** The JSON of a flow, about 450 bytes as in a cluster. */
const flow = (number: number): unknown => ({
  logical_datapath: ["uuid", uuid(number % 200)], pipeline: "ingress", table_id: number % 24, priority: 100 + (number % 2000),
  match: `inport == "namespace_pod-${number}" && ip4.src == 10.${number & 127}.${(number >> 7) & 255}.${(number >> 15) & 255} && tcp.dst == ${number & 65535}`,
  actions: `reg0[${number % 16}] = 1; ct_lb_mark(backends=10.128.${number & 255}.11:8080,10.129.${number & 255}.12:8080); next(pipeline=ingress,table=${number % 24});`,
  external_ids: ["map", [["source", "northd.c:8765"], ["stage-hint", uuid(number).slice(0, 8)], ["stage-name", "ls_in_lb"]]],
});
const datapaths = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [uuid(index), { tunnel_key: index + 1 }]));

function record(text: string): Uint8Array {
  const body = encoder.encode(`${text}\n`);
  const head = encoder.encode(`OVSDB JSON ${body.length} ${createHash("sha1").update(body).digest("hex")}\n`);
  const bytes = new Uint8Array(head.length + body.length);
  bytes.set(head);
  bytes.set(body, head.length);
  return bytes;
}

/** A log of small transactions, every tenth of which deletes what an earlier one has made. */
function* logOf(size: number): Generator<Uint8Array> {
  yield record(JSON.stringify(schema));
  yield record(JSON.stringify({ Datapath_Binding: datapaths }));
  for (let written = 0, number = 0; written < size;) {
    const made = Object.fromEntries(Array.from({ length: 20 }, () => [uuid(number), flow(number++)]));
    const gone = number % 200 === 0 ? { [uuid(number - 150)]: null } : {};
    const bytes = record(JSON.stringify({ _date: 1_700_000_000_000, _is_diff: true, Logical_Flow: { ...made, ...gone } }));
    written += bytes.length;
    yield bytes;
  }
}

/** A compacted log: one transaction of all rows. Its text is made twice, as its length and checksum come first. */
function* snapshotOf(size: number): Generator<Uint8Array> {
  function* body(): Generator<Uint8Array> {
    yield encoder.encode(`{"Datapath_Binding":${JSON.stringify(datapaths)},"Logical_Flow":{`);
    let text = "";
    for (let written = 0, number = 0; written < size; number++) {
      const row = `${number === 0 ? "" : ","}"${uuid(number)}":${JSON.stringify(flow(number))}`;
      written += row.length;
      text += row;
      if (text.length > 1 << 16 || written >= size) {
        yield encoder.encode(text);
        text = "";
      }
    }
    yield encoder.encode("}}\n");
  }
  const hash = createHash("sha1");
  let length = 0;
  for (const part of body()) {
    hash.update(part);
    length += part.length;
  }
  yield record(JSON.stringify(schema));
  yield encoder.encode(`OVSDB JSON ${length} ${hash.digest("hex")}\n`);
  yield* body();
}

/** A dump: one line for each table. */
function* dumpOf(size: number): Generator<Uint8Array> {
  yield encoder.encode('{"caption":"Logical_Flow table","data":[');
  for (let written = 0, number = 0; written < size; number++) {
    const cells = Object.values(flow(number) as Readonly<Record<string, unknown>>);
    const row = `${number === 0 ? "" : ","}${JSON.stringify([["uuid", uuid(number)], ...cells])}`;
    written += row.length;
    yield encoder.encode(row);
  }
  yield encoder.encode(`],"headings":${JSON.stringify(["_uuid", ...Object.keys(flow(0) as object)])}}\n`);
}

const make = form === "dump" ? dumpOf : form === "snapshot" ? snapshotOf : logOf;
const start = performance.now();
const result = await readDatabase(make(megabytes * 1e6));
const seconds = (performance.now() - start) / 1000;
if (result.type === "failed") throw new Error(result.diagnostics[0]?.problem);
const rows = result.database.tables.get("Logical_Flow")?.rows.size ?? 0;
const peak = process.resourceUsage().maxRSS / 1000;
console.log(`${form} of ${megabytes} MB: ${rows} rows in ${seconds.toFixed(1)} s (the making included), peak ${peak.toFixed(0)} MB`);
