import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { authorizationFilters, policiesFor } from "../../src/istiod/policy/authorization.ts";
import { DEFAULT_MESH } from "../../src/istiod/mesh/mesh.ts";
import type { Json, MeshService } from "../../src/istiod/types.ts";
import { corpus, objectsOf, plain } from "./_corpora.ts";

const { folder, present } = corpus("istio-authz");
const cases = present ? (["http", "tcp"] as const).flatMap((kind) => readdirSync(`${folder}/${kind}`).sort().map((name) => `${kind}/${name}`)) : [];

interface Case {
  readonly filterChain: "http" | "tcp"; readonly input: string; readonly want: readonly string[];
  readonly workload: { readonly namespace: string; readonly labels: Record<string, string> };
  readonly trustDomain?: string; readonly trustDomainAliases?: readonly string[];
  readonly meshConfig?: { readonly ExtensionProviders?: readonly { readonly Name: string; readonly Provider: Json }[] };
}

/** Go's field names as those of the mesh's configuration. */
function fields(value: unknown, key = ""): unknown {
  if (Array.isArray(value)) return value.map((item) => fields(item));
  if (typeof value !== "object" || value === null) return value;
  const { Seconds = 0, Nanos = 0 } = value as { readonly Seconds?: number; readonly Nanos?: number };
  if (key === "Timeout") return `${Seconds + Nanos / 1e9}s`;
  if (key === "IncludeAdditionalHeadersInCheck") return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name.charAt(0).toLowerCase() + name.slice(1), fields(item, name)]));
}

describe.skipIf(!present)("istiod's filters for AuthorizationPolicies", () => {
  it.each(cases)("are reproduced for %s", (name) => {
    const at = `${folder}/${name}`;
    const info = JSON.parse(readFileSync(`${at}/case.json`, "utf8")) as Case;
    const resources = objectsOf(readFileSync(`${at}/${info.input}`, "utf8"));
    const extensionProviders = (info.meshConfig?.ExtensionProviders ?? []).map(({ Name, Provider }) => ({ name: Name, ...(fields(Provider) as Json) }));
    const mesh = { ...DEFAULT_MESH, extensionProviders, trustDomain: info.trustDomain ?? "cluster.local", ...(info.trustDomainAliases === undefined ? {} : { trustDomainAliases: info.trustDomainAliases }) };
    const service = { host: "my-custom-ext-authz.foo.svc.cluster.local", namespace: "foo" } as MeshService;
    const built = authorizationFilters(policiesFor({ resources }, "AuthorizationPolicy", { root: "istio-system", ...info.workload }), mesh, [service])[info.filterChain];
    expect([...built.custom, ...built.local].map(plain)).toEqual(info.want.map((file) => plain(parse(readFileSync(`${at}/${file}`, "utf8")))));
  });
});
