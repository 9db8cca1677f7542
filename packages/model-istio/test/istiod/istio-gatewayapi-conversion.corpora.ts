import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { convertGatewayApi } from "../../src/istiod/convert/gateway-api.ts";
import type { Json } from "../../src/istiod/types.ts";
import { corpus, objectsOf, plain } from "./_corpora.ts";

const { folder, present } = corpus("istio-gatewayapi-conversion");
const names = present ? readdirSync(folder).filter((file) => /^[a-z-]+\.yaml$/.test(file)).map((file) => file.replace(".yaml", "")).filter((name) => existsSync(`${folder}/${name}.yaml.golden`)).sort() : [];

/** Protobuf writes no empty text and no zero: PASSTHROUGH is the first of the TLS modes. */
const sparse = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sparse);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value as Json).filter(([key, item]) => item !== null && item !== "" && !(key === "mode" && item === "PASSTHROUGH")).map(([key, item]) => [key, sparse(item)]));
};
const byName = (items: readonly unknown[]): readonly unknown[] => items.map((item) => plain(sparse(item))).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));

describe.skipIf(!present)("objects of the Gateway API", () => {
  it.each(names)("become Gateways and VirtualServices as recorded: %s", (name) => {
    const objects = objectsOf(readFileSync(`${folder}/${name}.yaml`, "utf8"));
    const namespaces = [...new Set(objects.flatMap(({ metadata }) => metadata.namespace ?? []))];
    const resources = [...objects, ...namespaces.map((space) => ({ apiVersion: "v1", kind: "Namespace", metadata: { name: space, labels: { "istio.io/test-name-part": space.split("-")[0] ?? "" } } }))];
    const { gateways, virtualServices } = convertGatewayApi({ resources }, "domain.suffix");
    expect(byName([...gateways, ...virtualServices])).toEqual(byName(objectsOf(readFileSync(`${folder}/${name}.yaml.golden`, "utf8"))));
  });
});
