import type { Caveat, Diagnostic, Origin } from "@hopscope/core";
import { completeCluster } from "../cluster/complete-cluster.ts";
import { type ClusterDocument, readClusterDocument } from "../cluster/read-cluster.ts";
import { readScenario, type Scenario } from "../cluster/read-scenario.ts";
import { objectName, originOf, type Resource, SOURCE, type Source } from "../resource.ts";
import type { Snapshot } from "../snapshot.ts";
import { checkShape } from "./check-shape.ts";
import { checkValue } from "./check-value.ts";
import { type PathStep, parseFieldPath, printFieldPath } from "./field-path.ts";
import { isKnownKind, isNamespaced } from "./known-kinds.ts";
import { mergeDuplicates } from "./merge-duplicates.ts";
import { type ParsedFile, parseFile, type SourceFile } from "./parse-file.ts";
import { scrub } from "./scrub.ts";
import { normalize, toResources } from "./to-resources.ts";

export interface LoadOptions {
  /** Namespace of objects that name none, as the current project of `oc apply` would give; `default` otherwise, with a caveat. */
  readonly namespace?: string;
}

/** A snapshot with the scenarios that were found next to its objects. */
export interface LoadedSnapshot extends Snapshot {
  readonly scenarios: readonly Scenario[];
}

/**
 * Reads the texts of files (manifests, `oc get -o yaml|json` lists, `oc adm inspect` trees, `hopscope/v1` documents) into one snapshot.
 *
 * Bad input never throws: it becomes diagnostics with line and column, and the rest is loaded.
 *
 * @example
 * const snapshot = loadSnapshot([{ name: "shop.yaml", text: "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n" }]);
 * snapshot.resources.length; // 1
 */
export function loadSnapshot(files: readonly SourceFile[], options: LoadOptions = {}): LoadedSnapshot {
  const parsed = new Map<string, ParsedFile>();
  const diagnostics: Diagnostic[] = [];
  const read: Resource[] = [];
  const documents: ClusterDocument[] = [];
  const scenarios: Scenario[] = [];
  const locate = locator(parsed);
  for (const [index, file] of files.entries()) {
    const name = files.findIndex((other) => other.name === file.name) === index ? file.name : `${file.name}#${index}`;
    const content = parseFile(file);
    parsed.set(name, content);
    for (const { code, problem, line, column } of content.troubles) diagnostics.push({ code, severity: "error", origin: { object: "", file: name, line, column }, problem });
    for (const [document, value] of content.documents.entries()) {
      if (value === undefined || value === null) continue;
      const report = (found: { code: string; object?: string; item?: number; path: readonly PathStep[]; problem: string; expected?: string }): void => {
        const { code, object = "", item, path, problem, expected } = found;
        const origin = locate({ object, path: path.length === 0 ? undefined : printFieldPath(path), file: name, document, item });
        diagnostics.push({ code, severity: "error", origin, problem, expected });
      };
      const trouble = checkValue(value);
      if (trouble !== undefined) {
        report(trouble);
        continue;
      }
      const { resources, troubles } = toResources(value);
      troubles.forEach(report);
      for (const { resource, item } of resources) {
        const source: Source = item === undefined ? { file: name, document } : { file: name, document, item };
        const own = { ...resource, [SOURCE]: source };
        const misfit = checkShape(own);
        if (misfit !== undefined) report({ ...misfit, object: objectName(own), item });
        else if (!own.apiVersion.startsWith("hopscope/")) read.push(own);
        else if (own.kind === "Scenario") collect(readScenario(own), scenarios, diagnostics, locate);
        else collect(readClusterDocument(own), documents, diagnostics, locate);
      }
    }
  }
  const caveats: Caveat[] = [];
  const placed = read.map((resource) => place(keepSource(scrub(normalize(resource)), resource), options.namespace, caveats));
  const { resources, caveats: older } = mergeDuplicates(placed, locate);
  caveats.push(...older, ...unknownKinds(resources));
  const completed = completeCluster(documents, resources);
  diagnostics.push(...completed.diagnostics.map((diagnostic) => ({ ...diagnostic, origin: locate(diagnostic.origin) })));
  return { resources, cluster: completed.cluster, diagnostics, caveats: [...caveats, ...completed.caveats], locate, scenarios };
}

function collect<T>(result: { readonly value?: T; readonly diagnostics: readonly Diagnostic[] }, into: T[], diagnostics: Diagnostic[], locate: Snapshot["locate"]): void {
  if (result.value !== undefined) into.push(result.value);
  diagnostics.push(...result.diagnostics.map((diagnostic) => ({ ...diagnostic, origin: locate(diagnostic.origin) })));
}

// Object.entries leaves symbols behind.
const keepSource = (copy: Resource, from: Resource): Resource => (copy[SOURCE] === undefined ? { ...copy, [SOURCE]: from[SOURCE] } : copy);

function place(resource: Resource, namespace: string | undefined, caveats: Caveat[]): Resource {
  if (resource.metadata.namespace !== undefined || !isNamespaced(resource.apiVersion, resource.kind)) return resource;
  const placed = { ...resource, metadata: { ...resource.metadata, namespace: namespace ?? "default" } };
  if (namespace === undefined) {
    caveats.push({ code: "assumed/namespace", problem: `${resource.kind} ${resource.metadata.name} names no namespace; "default" is assumed`, origin: originOf(placed) });
  }
  return placed;
}

/** One caveat for each kind that no model reads. */
export function unknownKinds(resources: readonly Resource[]): readonly Caveat[] {
  const seen = new Set<string>();
  const caveats: Caveat[] = [];
  for (const resource of resources) {
    const { apiVersion, kind } = resource;
    const key = `${apiVersion.split("/")[0] ?? ""}/${kind}`;
    if (seen.has(key) || isKnownKind(apiVersion, kind)) continue;
    seen.add(key);
    const first = originOf(resource);
    caveats.push({ code: "kubernetes/kind-not-modelled", problem: `the kind "${kind}" (${apiVersion}) is not modelled; ${objectName(resource)} is the first of them`, origin: first });
  }
  return caveats;
}

function locator(parsed: ReadonlyMap<string, ParsedFile>): Snapshot["locate"] {
  const cache = new Map<string, Origin>();
  return (origin) => {
    const { file, document = 0, item, path } = origin;
    const content = file === undefined ? undefined : parsed.get(file);
    if (content === undefined || file === undefined || origin.line !== undefined) return origin;
    const key = `${file}\n${document}\n${item ?? ""}\n${path ?? ""}`;
    let place = cache.get(key);
    if (place === undefined) {
      const steps = path === undefined ? [] : parseFieldPath(path);
      const found = content.find(document, item === undefined ? steps : ["items", item, ...steps]);
      place = found === undefined ? origin : { ...origin, ...found };
      cache.set(key, place);
    }
    return { ...origin, line: place.line, column: place.column };
  };
}
