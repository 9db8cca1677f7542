import { loadSnapshot } from "@hopscope/model-kubernetes";
import { completeCluster } from "../../src/complete/complete.ts";
import { buildNetwork, type Journey, simulate, type TraceOptions } from "hopscope";

/** A snapshot of YAML texts, completed as the front door does. */
export const snapshotFrom = (...texts: readonly string[]) => completeCluster(loadSnapshot(texts.map((text, index) => ({ name: `${index}.yaml`, text }))));

/** Traces one request in the cluster that YAML texts describe. */
export const trace = (texts: readonly string[], from: string, to: string, options?: TraceOptions): Journey => simulate(buildNetwork(snapshotFrom(...texts)), { from, to }, options);

/** A cluster's DNS, as OpenShift runs it. */
export const dns = `apiVersion: v1
kind: Service
metadata: {name: dns-default, namespace: openshift-dns}
spec: {clusterIP: 172.30.0.10, selector: {dns.operator.openshift.io/daemonset-dns: default}, ports: [{name: dns, port: 53, targetPort: dns, protocol: UDP}, {name: dns-tcp, port: 53, targetPort: dns-tcp}]}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: dns-default, namespace: openshift-dns}
spec:
  selector: {matchLabels: {dns.operator.openshift.io/daemonset-dns: default}}
  template:
    metadata: {labels: {dns.operator.openshift.io/daemonset-dns: default}}
    spec: {dnsPolicy: Default, containers: [{name: dns, image: coredns, ports: [{name: dns, containerPort: 5353, protocol: UDP}, {name: dns-tcp, containerPort: 5353}]}]}
`;

/** A workload of one container; `more` is put into its pods' spec, `annotations` onto them. */
export const deployment = (namespace: string, name: string, { port, more = "", replicas = 1, labels = "", annotations = "" }: { port?: number; more?: string; replicas?: number; labels?: string; annotations?: string } = {}): string => `apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}, namespace: ${namespace}}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}${labels === "" ? "" : `, ${labels}`}}, annotations: {${annotations}}}
    spec: {${more === "" ? "" : `${more}, `}containers: [{name: main, image: registry.example.com/${name}${port === undefined ? "" : `, ports: [{containerPort: ${port}}]`}}]}
`;

export const service = (namespace: string, name: string, spec: string): string => `apiVersion: v1\nkind: Service\nmetadata: {name: ${name}, namespace: ${namespace}}\nspec: ${spec}\n`;
