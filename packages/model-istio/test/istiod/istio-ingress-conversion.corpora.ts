import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { convertIngresses } from "../../src/istiod/convert/ingress.ts";
import { DEFAULT_MESH } from "../../src/istiod/mesh/mesh.ts";
import { corpus, objectsOf, plain } from "./_corpora.ts";

const { folder, present } = corpus("istio-ingress-conversion");
const names = present ? readdirSync(folder).filter((file) => existsSync(`${folder}/${file}.golden`)).sort() : [];

describe.skipIf(!present)("Ingresses", () => {
  it.each(names)("become Gateways and VirtualServices as recorded: %s", (name) => {
    const built = convertIngresses({ resources: objectsOf(readFileSync(`${folder}/${name}`, "utf8")) }, { ...DEFAULT_MESH, domain: "mydomain", ingressControllerMode: "DEFAULT" });
    const recorded = objectsOf(readFileSync(`${folder}/${name}.golden`, "utf8")).map(({ metadata: { creationTimestamp: _none, ...metadata }, ...rest }) => ({ ...rest, metadata }));
    const kind = (wanted: string): readonly unknown[] => recorded.filter((object) => object.kind === wanted).map(plain);
    expect(built.virtualServices.map(plain)).toEqual(kind("VirtualService"));
    expect(built.gateways.map(plain)).toEqual(expect.arrayContaining([...kind("Gateway")]));
  });
});
