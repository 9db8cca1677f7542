import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import type { SourceFile } from "@hopscope/model-kubernetes";

const ROOT = process.env["HOPSCOPE_CORPORA"] ?? fileURLToPath(new URL("../../../../../shared/corpora", import.meta.url));
const FOLDER = `${ROOT}/openshift-router`;

export const present = existsSync(FOLDER);
if (!present) console.log(`skipped: no openshift-router corpus at ${FOLDER}`);

export interface Want {
  readonly frontend: string;
  readonly backend: string | null;
  readonly servers?: readonly string[];
  readonly status: number | null;
  readonly location: string | null;
  readonly termination?: string | null;
  readonly alpn?: string | null;
  readonly ext?: unknown;
  readonly server?: string | null;
  readonly certificate?: string;
  readonly setCookie?: readonly string[];
  readonly responseHeaders?: readonly (readonly [string, string])[];
  readonly upstream?: { readonly path: string };
  readonly upstreamHeaders?: readonly (readonly [string, string])[];
}

export interface Case {
  readonly request: {
    readonly port: number;
    readonly sni?: string | null;
    readonly alpn?: readonly string[];
    readonly host: string | null;
    readonly method: string;
    readonly path: string;
    readonly src: string;
    readonly headers: Readonly<Record<string, string | readonly string[]>>;
  };
  readonly want: Want;
}

export interface RouteSet {
  readonly name: string;
  readonly files: readonly SourceFile[];
  readonly controller: { readonly ingressController: { readonly name: string } };
  readonly expect: {
    readonly status: readonly Readonly<Record<string, unknown>>[];
    readonly maps: Readonly<Record<string, readonly string[]>>;
    readonly backends: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
    readonly certFiles: Readonly<Record<string, readonly string[]>>;
    readonly whitelistFiles: Readonly<Record<string, readonly string[]>>;
    readonly haproxyAccepts: boolean;
  };
  readonly requests: readonly Case[];
}

/** Objects as files, results and requests of all sets. */
export function routeSets(): readonly RouteSet[] {
  const text = (path: string): string => readFileSync(path, "utf8");
  const curated = readdirSync(`${FOLDER}/curated`).map((name): RouteSet => {
    const folder = `${FOLDER}/curated/${name}`;
    const requests = existsSync(`${folder}/requests.jsonl`) ? text(`${folder}/requests.jsonl`).trim().split("\n") : [];
    return {
      name,
      files: [{ name: "routes.yaml", text: text(`${folder}/routes.yaml`) }],
      controller: JSON.parse(text(`${folder}/controller.json`)) as RouteSet["controller"],
      expect: JSON.parse(text(`${folder}/expect.json`)) as RouteSet["expect"],
      requests: requests.map((line) => JSON.parse(line) as Case),
    };
  });
  const random = readdirSync(`${FOLDER}/random`)
    .filter((name) => name.endsWith(".json.gz"))
    .map((name) => {
      const set = JSON.parse(gunzipSync(readFileSync(`${FOLDER}/random/${name}`)).toString()) as Omit<RouteSet, "files"> & { readonly objects: readonly unknown[] };
      return { ...set, requests: set.requests ?? [], files: set.objects.map((object, index) => ({ name: `${index}.json`, text: JSON.stringify(object) })) };
    });
  return [...curated, ...random];
}
