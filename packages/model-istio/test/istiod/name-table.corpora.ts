import { readFileSync } from "node:fs";
import type { Resource } from "@hopscope/model-kubernetes";
import { parseAllDocuments } from "yaml";
import { describe, expect, it } from "vitest";
import { nameTable } from "../../src/istiod/mesh/name-table.ts";
import { cases, folder, present } from "./_case.ts";

if (!present) console.log("istiod-xds corpus not found; set HOPSCOPE_CORPORA");

interface Case {
  readonly env: Record<string, string>;
  readonly meshConfig: Record<string, unknown>;
  readonly proxies: readonly { readonly name: string; readonly type: "sidecar"; readonly id: string; readonly ips: string[]; readonly metadata: Record<string, unknown> & { readonly NAMESPACE: string; readonly LABELS?: Record<string, string> } }[];
}
interface Recorded {
  readonly host: string;
  readonly info: { readonly ips: readonly string[]; readonly registry: string; readonly namespace?: string; readonly shortname?: string };
}

const captured = cases.filter((name) => readFileSync(`${folder}/${name}/case.json`, "utf8").includes('"DNS_CAPTURE": "true"'));

describe.skipIf(!present)("istiod's name table", () => {
  it.each(captured)("is reproduced for %s", (name) => {
    const info = JSON.parse(readFileSync(`${folder}/${name}/case.json`, "utf8")) as Case;
    const resources = parseAllDocuments(readFileSync(`${folder}/${name}/config.yaml`, "utf8")).map((document) => document.toJS() as Resource);
    for (const { type, id, ips, metadata, name: proxy } of info.proxies) {
      const made = nameTable({ resources }, { type, name: id.split(".")[0] ?? "", namespace: metadata.NAMESPACE, labels: metadata.LABELS ?? {}, ips, dnsCapture: true, dnsAutoAllocate: metadata["DNS_AUTO_ALLOCATE"] === "true" }, info);
      const recorded = JSON.parse(readFileSync(`${folder}/${name}/expect/${proxy}/nametable.json`, "utf8")) as readonly Recorded[];
      expect(made.map(({ host, addresses, registry, namespace, shortName }) => ({ host, addresses, registry, namespace, shortName }))).toEqual(
        recorded.map(({ host, info: said }) => ({ host, addresses: said.ips, registry: said.registry, namespace: said.namespace, shortName: said.shortname })),
      );
    }
  });
});
