import fc from "fast-check";
import { dump } from "js-yaml";
import { loadSnapshot } from "../load/load-snapshot.ts";
import type { Resource } from "../resource.ts";
import type { Snapshot } from "../snapshot.ts";

/** Knobs of the generated clusters. */
export interface ArbitraryOptions {
  readonly namespaces?: number;
  readonly workloads?: number;
  readonly services?: number;
  readonly policies?: number;
}

const word = fc.stringMatching(/^[a-z][a-z0-9]{0,7}$/);
const labelValue = fc.constantFrom("web", "api", "db", "front", "back");
const labels = fc.record({ app: labelValue, tier: labelValue }, { requiredKeys: ["app"] });

const container = fc.record({
  name: fc.constant("main"),
  image: fc.constant("registry.example.com/app"),
  ports: fc.uniqueArray(fc.record({ name: fc.constantFrom("http", "grpc", "tcp-a"), containerPort: fc.integer({ min: 1024, max: 65_535 }) }), { selector: (port) => port.name, maxLength: 3 }),
});

const workload = (namespace: string): fc.Arbitrary<Resource> =>
  fc.record({ kind: fc.constantFrom("Deployment", "StatefulSet", "DaemonSet"), name: word, labels, replicas: fc.nat({ max: 3 }), container }).map(({ kind, name, labels: own, replicas, container: only }) => ({
    apiVersion: "apps/v1",
    kind,
    metadata: { name, namespace },
    spec: { ...(kind === "DaemonSet" ? {} : { replicas }), selector: { matchLabels: own }, template: { metadata: { labels: own }, spec: { containers: [only] } } },
  }));

const service = (namespace: string): fc.Arbitrary<Resource> =>
  fc
    .record({
      name: word,
      selector: labels,
      type: fc.constantFrom("ClusterIP", "NodePort", "Headless"),
      ports: fc.uniqueArray(fc.record({ name: fc.constantFrom("http", "grpc", "tcp-a"), port: fc.integer({ min: 1, max: 65_535 }), targetPort: fc.oneof(fc.integer({ min: 1, max: 65_535 }), fc.constantFrom("http", "grpc")) }), {
        selector: (port) => port.name,
        minLength: 1,
        maxLength: 2,
      }),
    })
    .map(({ name, selector, type, ports }) => ({ apiVersion: "v1", kind: "Service", metadata: { name, namespace }, spec: { ...(type === "Headless" ? { clusterIP: "None" } : { type }), selector, ports } }));

const peer = fc.oneof(
  fc.record({ podSelector: fc.record({ matchLabels: labels }) }),
  fc.record({ namespaceSelector: fc.constant({}) }),
  fc.record({ ipBlock: fc.record({ cidr: fc.constantFrom("10.0.0.0/8", "172.21.0.0/16", "0.0.0.0/0") }) }),
);

const policy = (namespace: string): fc.Arbitrary<Resource> =>
  fc
    .record({ name: word, podSelector: fc.oneof(fc.constant({}), fc.record({ matchLabels: labels })), ingress: fc.array(fc.record({ from: fc.array(peer, { minLength: 1, maxLength: 2 }) }), { maxLength: 2 }) })
    .map(({ name, podSelector, ingress }) => ({ apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata: { name, namespace }, spec: { podSelector, policyTypes: ["Ingress"], ingress } }));

const unique = (resources: readonly Resource[]): readonly Resource[] => [...new Map(resources.map((resource) => [`${resource.kind}/${resource.metadata.namespace ?? ""}/${resource.metadata.name}`, resource])).values()];

/** Objects of a small cluster as a GitOps folder would hold them: namespaces, workloads, Services and policies. */
export function resourcesArbitrary(options: ArbitraryOptions = {}): fc.Arbitrary<readonly Resource[]> {
  const { namespaces = 2, workloads = 3, services = 3, policies = 2 } = options;
  return fc.uniqueArray(word, { minLength: 1, maxLength: Math.max(1, namespaces) }).chain((names) => {
    const among = <T>(make: (namespace: string) => fc.Arbitrary<T>, most: number): fc.Arbitrary<readonly T[]> => fc.array(fc.constantFrom(...names).chain(make), { maxLength: most });
    return fc.tuple(among(workload, workloads), among(service, services), among(policy, policies)).map(([made, offered, ruled]) => {
      const spaces = names.map((name): Resource => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } }));
      return unique([...spaces, ...made, ...offered, ...ruled]);
    });
  });
}

/** Prints objects as one YAML text of many documents, as a user would write them. */
export const printYaml = (resources: readonly Resource[]): string => resources.map((resource) => `---\n${dump(resource, { noRefs: true, lineWidth: -1 })}`).join("");

/**
 * A generated snapshot, read from the YAML that it is printed as.
 *
 * @example
 * fc.assert(fc.property(snapshotArbitrary(), ({ snapshot }) => completeSnapshot(snapshot).diagnostics.length === 0));
 */
export function snapshotArbitrary(options: ArbitraryOptions = {}): fc.Arbitrary<{ readonly snapshot: Snapshot; readonly yaml: string }> {
  return resourcesArbitrary(options).map((resources) => {
    const yaml = printYaml(resources);
    return { yaml, snapshot: loadSnapshot([{ name: "generated.yaml", text: yaml }]) };
  });
}
