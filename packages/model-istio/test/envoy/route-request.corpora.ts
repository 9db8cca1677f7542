import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Choose } from "@hopscope/core";
import { describe, expect, it } from "vitest";
import { routeRequest } from "../../src/envoy/index.ts";
import { headerMatches } from "../../src/envoy/string-match.ts";
import { readYaml } from "./yaml.ts";

const root = `${process.env["HOPSCOPE_CORPORA"] ?? fileURLToPath(new URL("../../../../../shared/corpora", import.meta.url))}/envoy-router-check`;
const present = existsSync(root);
if (!present) console.log("envoy-router-check: skipped, the corpus is not here");
const names = present ? readdirSync(root).filter((name) => name.endsWith(".golden.proto.json")).map((name) => name.replace(".golden.proto.json", "")) : [];

interface RouterTest {
  readonly test_name: string;
  readonly input: { readonly authority: string; readonly path: string; readonly method: string; readonly ssl?: boolean; readonly internal?: boolean; readonly random_value?: number; readonly runtime?: string; readonly additional_request_headers?: readonly { readonly key: string; readonly value: string }[] };
  readonly validate: Readonly<Record<string, unknown>>;
}

/** The tool's way to choose: its random value modulo one hundred. */
const chooser =
  ({ random_value = 0 }: RouterTest["input"]): Choose =>
  (_point, among) => {
    const at = (random_value % 100) / 100;
    let sum = 0;
    const index = among.findIndex(({ weight }) => (sum += weight) > at + 1e-9);
    return Math.max(0, index);
  };

/** The tool's mock of the runtime: only the named key is on, and its bound is inclusive. */
const runtimeOf =
  ({ random_value = 0, runtime }: RouterTest["input"]) =>
  (key: string, share: number): boolean =>
    runtime === key && random_value <= share * 100;

function failures(configuration: unknown, { input, validate }: RouterTest): string[] {
  const headers = (input.additional_request_headers ?? []).map(({ key, value }) => [key.toLowerCase(), value] as const);
  const answer = routeRequest(configuration, { method: input.method, authority: input.authority, path: input.path, tls: input.ssl, internal: input.internal, headers }, { choose: chooser(input), decideRuntime: runtimeOf(input) });
  const out: string[] = [];
  const have: Readonly<Record<string, unknown>> = { cluster_name: answer.cluster, virtual_cluster_name: answer.virtualCluster, virtual_host_name: answer.virtualHost, path_rewrite: answer.path, host_rewrite: answer.host, path_redirect: answer.location, code_redirect: answer.status };
  for (const [field, wanted] of Object.entries(validate)) {
    if (field === "request_header_matches" || field === "response_header_matches") {
      const lines = field === "request_header_matches" ? answer.requestHeaders : answer.responseHeaders;
      const joined = [...new Set(lines.map(([name]) => name))].map((name) => [name, lines.filter(([key]) => key === name).map(([, value]) => value).join(",")] as const);
      for (const matcher of wanted as readonly Record<string, unknown>[]) if (!headerMatches(matcher, joined)) out.push(`${field} ${JSON.stringify(matcher)}`);
    } else if (have[field] !== wanted) out.push(`${field}: want ${JSON.stringify(wanted)}, have ${JSON.stringify(have[field])}`);
  }
  return out;
}

describe.skipIf(!present)("a route table routes as Envoy's router check tool expects", () => {
  it.each(names)("%s", (name) => {
    const { tests } = JSON.parse(readFileSync(`${root}/${name}.golden.proto.json`, "utf8").replace(/,(\s*[\]}])/g, "$1")) as { tests: readonly RouterTest[] };
    const yaml = existsSync(`${root}/${name}.yaml`) ? name : name.replace("Failures", "");
    const configuration = readYaml(readFileSync(`${root}/${yaml}.yaml`, "utf8"));
    const wrong = tests.flatMap((test) => failures(configuration, test).map((failure) => `${test.test_name}: ${failure}`));
    if (name.endsWith("Failures")) expect(wrong).not.toEqual([]);
    else expect(wrong).toEqual([]);
  });
});
