import { clusterIps, hasEnded, nodeAddresses, podIps, podsOf, resourcesOf, servicesOf, type Snapshot } from "@hopscope/model-kubernetes";
import fc from "fast-check";
import type { Request } from "../simulate.ts";

/**
 * A question to a snapshot: somebody who is in it, or outside, and something that he could ask for: Services by name and address,
 * pods, nodes, Routes, outside hosts, and names that nobody knows.
 *
 * @example
 * fc.assert(fc.property(arbitrarySnapshot().chain((made) => arbitraryQuestion(made.snapshot).map((question) => ({ ...made, question }))), …));
 */
export function arbitraryQuestion(snapshot: Snapshot): fc.Arbitrary<Request> {
  const pods = podsOf(snapshot).filter((pod) => !hasEnded(pod) && podIps(pod).length > 0);
  const nameOf = ({ metadata }: { readonly metadata: { readonly namespace?: string; readonly name: string } }): string => `${metadata.namespace ?? "default"}/${metadata.name}`;
  const nodes = resourcesOf(snapshot, "Node", { group: "" });
  const from = ["external/172.21.6.102", ...pods.map((pod) => `pod/${nameOf(pod)}`), ...nodes.map(({ metadata }) => `node/${metadata.name}`)];
  const services = servicesOf(snapshot).flatMap((service) => (service.spec.ports ?? []).flatMap(({ port, nodePort }) => {
    const { name, namespace = "default" } = service.metadata;
    return [`http://${name}.${namespace}:${port}/`, `http://${name}.${namespace}.svc.cluster.local:${port}/api`, ...clusterIps(service).map((address) => `http://${address.includes(":") ? `[${address}]` : address}:${port}/`), ...(nodePort === undefined ? [] : nodes.flatMap(nodeAddresses).map((address) => `http://${address}:${nodePort}/`))];
  }));
  const hosts = resourcesOf(snapshot, "Route", { group: "route.openshift.io" }).flatMap(({ spec }) => {
    const host = (spec as { readonly host?: string } | undefined)?.host;
    return host === undefined ? [] : [`http://${host}/`, `https://${host}/api/x`];
  });
  const to = [...services, ...hosts, ...pods.map((pod) => `pod/${nameOf(pod)}:8080`), "http://172.21.6.8/", "http://api.example.org/", "tcp://172.21.6.8:80", "http://no.such.name/"];
  return fc.record({ from: fc.constantFrom(...from), to: fc.constantFrom(...to) });
}

/** A generated cluster's scenario: a Scenario document for a question, to be put beside the cluster's files. */
export function arbitraryScenario(snapshot: Snapshot, files: readonly string[] = ["generated.yaml"]): fc.Arbitrary<object> {
  return fc.array(arbitraryQuestion(snapshot), { minLength: 1, maxLength: 3 }).map((questions) => ({ apiVersion: "hopscope/v1", kind: "Scenario", metadata: { name: "generated" }, spec: { snapshot: files, steps: questions.map((trace) => ({ trace })) } }));
}
