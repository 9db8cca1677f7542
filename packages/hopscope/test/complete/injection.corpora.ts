import { readdirSync, readFileSync } from "node:fs";
import { loadSnapshot, type Pod, type PodTemplate, workloadsOf } from "@hopscope/model-kubernetes";
import { describe, expect, it } from "vitest";
import { inject, injectionOf, type Injector } from "../../src/complete/injection.ts";
import { corporaFolder, hasCorpus } from "../corpora.ts";

const folder = `${corporaFolder}/istio-injection`;
const cases = hasCorpus("istio-injection") ? readdirSync(folder).filter((name) => name.endsWith(".yaml")) : [];

function podOf(file: string): Pod {
  const { template } = (workloadsOf(loadSnapshot([{ name: "a.yaml", text: readFileSync(`${folder}/${file}`, "utf8") }]))[0]?.spec ?? { template: { spec: { containers: [] } } }) as { readonly template: PodTemplate };
  return { apiVersion: "v1", kind: "Pod", metadata: { name: "x", namespace: "default", labels: template.metadata?.labels, annotations: template.metadata?.annotations }, spec: template.spec };
}

/** What of a pod a packet meets: its containers in order, who they run as, the ports beside the application's, and the mesh's labels. */
const told = ({ metadata, spec }: Pod): unknown => ({
  labels: metadata.labels,
  containers: spec.containers.map(({ name, args }) => [name, name === "istio-proxy" ? args?.slice(0, 2) : undefined]),
  init: (spec.initContainers ?? []).map(({ name }) => name).filter((name) => name !== "enable-core-dump"),
  proxy: spec.containers.filter(({ name }) => name === "istio-proxy").map(({ ports, securityContext }) => [ports?.map(({ containerPort }) => containerPort), securityContext?.runAsUser]),
  hostNetwork: spec.hostNetwork,
});

describe.skipIf(cases.length === 0)("the injector", () => {
  it.each(cases)("does to %s what istiod's does", (name) => {
    const after = podOf(`${name}.injected`);
    // The recorded injector was run with the CNI plugin for the cases of additional networks.
    const cni = (after.spec.initContainers ?? []).some((container) => container.name === "istio-validation");
    const injector: Injector = { flavour: "istio", cni, environment: {} };
    const before = podOf(name);
    const kind = injectionOf(before, { "istio-injection": "enabled" }, injector);
    expect(kind !== undefined).toBe(after.spec.containers.some((container) => container.name === "istio-proxy"));
    expect(told(kind === undefined ? before : inject(before, kind, injector))).toEqual(told(after));
  });
});
