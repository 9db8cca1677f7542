import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { compileRouter, handle, type MapName } from "../../src/index.ts";
import { controller, route, snapshotOfObjects } from "../router/objects.ts";

const corpora = process.env["HOPSCOPE_CORPORA"] ?? fileURLToPath(new URL("../../../../../shared/corpora", import.meta.url));
const file = `${corpora}/../reference/openshift-router-haproxy-golden.json`;
const present = existsSync(file);
if (!present) console.log(`skipped: no golden outcomes of HAProxy at ${file}`);

interface Golden {
  readonly routes: readonly (Readonly<Record<"namespace" | "name" | "host", string>> & {
    readonly path?: string;
    readonly termination?: string;
    readonly insecureEdgeTerminationPolicy?: string;
    readonly wildcardPolicy?: string;
    readonly annotations?: Readonly<Record<string, string>>;
  })[];
  readonly maps: Readonly<Record<MapName, readonly string[]>>;
  readonly cases: readonly {
    readonly scheme: "http" | "https";
    readonly host: string | null;
    readonly sni?: string | null;
    readonly path: string;
    readonly frontend: string;
    readonly backend: string | null;
    readonly location?: string;
  }[];
}

describe.skipIf(!present)("outcomes seen on a live HAProxy", () => {
  const golden = present ? (JSON.parse(readFileSync(file, "utf8")) as Golden) : { routes: [], maps: {} as Golden["maps"], cases: [] };
  const objects = golden.routes.map(({ namespace, name, host, path, termination, insecureEdgeTerminationPolicy, wildcardPolicy, annotations }) =>
    route(
      name,
      {
        host,
        ...(path !== undefined && { path }),
        ...(wildcardPolicy !== undefined && { wildcardPolicy }),
        ...(termination !== undefined && { tls: { termination, insecureEdgeTerminationPolicy: insecureEdgeTerminationPolicy ?? "" } }),
      },
      { namespace, uid: `${namespace}-${name}`, ...(annotations !== undefined && { annotations }) },
    ),
  );
  // One host is looked at in several namespaces there, and wildcards are allowed.
  const admission = { wildcardPolicy: "WildcardsAllowed", namespaceOwnership: "InterNamespaceAllowed" };
  const program = compileRouter(snapshotOfObjects([controller({ routeAdmission: admission }), ...objects]));

  // Those maps were written without admission, which refuses a host with a literal "*".
  it.each(Object.keys(golden.maps) as MapName[])("has the lines of %s", (name) => {
    expect(program.maps[name].map((entry) => `${entry.key} ${entry.value}`)).toEqual(golden.maps[name].filter((line) => !line.includes("\\*")));
  });

  it.each(golden.cases.map((item, index) => [`${index}: ${item.scheme} ${item.host}${item.path}`, item] as const))("decides case %s", (_, item) => {
    const secure = item.scheme === "https";
    const got = handle(program, {
      frontend: secure ? "public_ssl" : "public",
      port: secure ? 443 : 80,
      src: "127.0.0.1",
      ...(secure && { tls: { alpn: [], ...(typeof item.sni === "string" && { sni: item.sni }) } }),
      http: { version: "1.1", method: "GET", target: item.path, headers: item.host === null ? [] : [["host", item.host]] },
    });
    expect({ frontend: got.frontend, backend: got.backend ?? null }).toEqual({ frontend: item.frontend, backend: item.backend });
    if (item.location !== undefined) expect(got.action).toMatchObject({ status: 302, location: item.location });
  });
});
