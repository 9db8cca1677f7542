import type { Caveat } from "@hopscope/core";
import { originOf, type Resource } from "../resource.ts";
import { resourcesOf, type Snapshot } from "../snapshot.ts";

const NAME_LABEL = "kubernetes.io/metadata.name";

/** The Namespaces of a snapshot, with the label that the API server gives to each, and with those that objects only live in. */
export function deriveNamespaces(snapshot: Snapshot, caveats: Caveat[]): readonly Resource[] {
  const known = resourcesOf(snapshot, "Namespace", { group: "" }).map(withNameLabel);
  const names = new Set(known.map((namespace) => namespace.metadata.name));
  const projects = resourcesOf(snapshot, "Project", { group: "project.openshift.io" }).filter((project) => !names.has(project.metadata.name));
  for (const project of projects) names.add(project.metadata.name);
  const fromProjects = projects.map((project) => withNameLabel({ ...project, apiVersion: "v1", kind: "Namespace" }));
  const assumed: Resource[] = [];
  for (const resource of snapshot.resources) {
    const { namespace } = resource.metadata;
    if (namespace === undefined || names.has(namespace)) continue;
    names.add(namespace);
    const made = withNameLabel({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
    assumed.push(made);
    caveats.push({ code: "assumed/namespace-labels", problem: `the snapshot holds no Namespace "${namespace}"; it is assumed to have no labels of its own`, origin: originOf(resource, "metadata.namespace") });
  }
  return [...known, ...fromProjects, ...assumed];
}

function withNameLabel(namespace: Resource): Resource {
  const { name, labels } = namespace.metadata;
  return labels?.[NAME_LABEL] === name ? namespace : { ...namespace, metadata: { ...namespace.metadata, labels: { ...labels, [NAME_LABEL]: name } } };
}
