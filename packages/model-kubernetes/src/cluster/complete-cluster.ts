import type { Caveat, Diagnostic, Origin } from "@hopscope/core";
import { objectName, originOf, type Resource } from "../resource.ts";
import type { ClusterSpec } from "../cluster-spec.ts";
import { type ClusterFacts, clusterFacts, type Fact } from "./facts.ts";
import { inferPodNetworks, inferServiceNetworks } from "./infer-networks.ts";
import type { ClusterDocument, PartialCluster } from "./read-cluster.ts";

/** The OVN that an OpenShift release ships with (`rhcos` extensions and the ovn-kubernetes image of each release branch). */
const OVN_OF_OPENSHIFT: Readonly<Record<string, string>> = {
  "4.12": "22.12", "4.13": "23.03", "4.14": "23.09", "4.15": "23.09", "4.16": "24.03", "4.17": "24.03", "4.18": "24.09", "4.19": "24.09",
};
const DEFAULT_OPENSHIFT = "4.14";
const DEFAULT_OVN = "23.09";

export interface CompletedCluster {
  readonly cluster: ClusterSpec;
  readonly diagnostics: readonly Diagnostic[];
  readonly caveats: readonly Caveat[];
}

/**
 * Joins the Cluster documents with what the objects state and with defaults.
 *
 * Objects win over documents and a contradiction is a caveat; so is every default that had to be assumed.
 */
export function completeCluster(documents: readonly ClusterDocument[], resources: readonly Resource[]): CompletedCluster {
  const caveats: Caveat[] = [];
  const { document, diagnostics } = joinDocuments(documents);
  const facts = clusterFacts(resources);
  const origin = documents.find((entry) => entry.resource !== undefined)?.resource;
  const settle = <T>(field: string, fact: Fact<T> | undefined, written: T | undefined, same: (one: T, other: T) => boolean = equal): T | undefined => {
    if (fact === undefined) return written;
    if (written !== undefined && !same(fact.value, written)) caveats.push(contradiction(field, fact, written, origin));
    return fact.value;
  };
  const assume = <T>(value: T | undefined, code: string, fallback: T, problem: string): T => {
    if (value !== undefined) return value;
    caveats.push({ code, problem });
    return fallback;
  };

  const stated = settle("platform.openshift", facts.openshift, document.platform?.openshift, (one, other) => minor(one) === minor(other));
  const openshift = stated === undefined ? undefined : minor(stated);
  const mesh = settle("platform.mesh", facts.mesh, document.platform?.mesh);
  const derived = OVN_OF_OPENSHIFT[openshift ?? DEFAULT_OPENSHIFT] ?? DEFAULT_OVN;
  const ovn = assume(document.platform?.ovn, "assumed/ovn-version", derived, `the version of OVN is not stated; ${derived} is assumed${openshift === undefined ? "" : ` for OpenShift ${openshift}`}`);
  const podNetworks = inferPodNetworks(resources, "10.128.0.0/14");
  const pods = assume(settle("network.pods", facts.pods, document.network?.pods), "assumed/pod-network", podNetworks, `the pod network is not stated; ${podNetworks.join(" and ")} is assumed`);
  const serviceNetworks = inferServiceNetworks(resources, "172.30.0.0/16");
  const services = assume(settle("network.services", facts.services, document.network?.services), "assumed/service-network", serviceNetworks, `the service network is not stated; ${serviceNetworks.join(" and ")} is assumed`);
  const gatewayMode = assume(settle("network.gatewayMode", facts.gatewayMode, document.network?.gatewayMode), "assumed/gateway-mode", "shared", "the gateway mode is not stated; shared is assumed");
  const since = Number((openshift ?? DEFAULT_OPENSHIFT).split(".")[1] ?? 14) >= 14;
  const interconnect = assume(
    settle("network.interconnect", facts.interconnect, document.network?.interconnect),
    "assumed/interconnect",
    since,
    `no node says whether each is a zone of its own; ${since ? "Interconnect" : "one zone"} is assumed${openshift === undefined ? "" : `, as in OpenShift ${openshift}`}`,
  );
  return {
    cluster: {
      name: document.name ?? "cluster",
      platform: { ...(openshift === undefined ? {} : { openshift }), ovn, ...(mesh === undefined ? {} : { mesh }) },
      network: { pods, services, gatewayMode, interconnect },
      ingress: ingressOf(facts, document.ingress ?? [], origin, caveats),
      outside: { hosts: document.outside?.hosts ?? [], dns: document.outside?.dns ?? [] },
      applications: document.applications ?? [],
      latency: document.latency ?? {},
    },
    diagnostics,
    caveats,
  };
}

const minor = (version: string): string => /^\d+\.\d+/.exec(version)?.[0] ?? version;

const equal = (one: unknown, other: unknown): boolean => JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));

const sorted = (value: unknown): unknown =>
  typeof value !== "object" || value === null || Array.isArray(value) ? value : Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)));

function contradiction(field: string, fact: Fact<unknown>, written: unknown, document: Resource | undefined): Caveat {
  const origin: Origin | undefined = document === undefined ? fact.origin : originOf(document, `spec.${field}`);
  return {
    code: "kubernetes/cluster-document-contradicted",
    problem: `the Cluster document says that ${field} is ${JSON.stringify(written)}, but ${fact.origin.object} says ${JSON.stringify(fact.value)}, which is used`,
    origin,
  };
}

function ingressOf(facts: ClusterFacts, written: ClusterSpec["ingress"], document: Resource | undefined, caveats: Caveat[]): ClusterSpec["ingress"] {
  const stated = facts.ingress.map((fact) => fact.value).filter((entry, index, all) => all.findIndex((other) => equal(other, entry)) === index);
  const controllers = new Set(stated.map((entry) => entry.controller));
  for (const [index, entry] of written.entries()) {
    const fact = facts.ingress.find((candidate) => candidate.value.controller === entry.controller);
    if (fact !== undefined && !stated.some((other) => equal(other, entry))) caveats.push(contradiction(`ingress[${index}].vip`, { value: fact.value.vip, origin: fact.origin }, entry.vip, document));
  }
  return [...stated, ...written.filter((entry) => !controllers.has(entry.controller))];
}

/** A snapshot may say its part in several documents: lists are joined, single values must agree. */
function joinDocuments(documents: readonly ClusterDocument[]): { readonly document: PartialCluster & { readonly name?: string }; readonly diagnostics: readonly Diagnostic[] } {
  const diagnostics: Diagnostic[] = [];
  let joined: PartialCluster & { readonly name?: string } = {};
  for (const { name, spec, resource } of documents) joined = { ...(joinValues(joined, spec, "spec", resource, diagnostics) as PartialCluster), name: joined.name ?? name };
  return { document: joined, diagnostics };
}

function joinValues(one: unknown, other: unknown, path: string, resource: Resource | undefined, diagnostics: Diagnostic[]): unknown {
  if (one === undefined || other === undefined) return one ?? other;
  if (Array.isArray(one) && Array.isArray(other)) {
    if (path.startsWith("spec.network.")) return equal(one, other) ? one : clash(one, other, path, resource, diagnostics);
    return [...(one as readonly unknown[]), ...(other as readonly unknown[]).filter((entry) => !(one as readonly unknown[]).some((known) => equal(known, entry)))];
  }
  if (typeof one === "object" && typeof other === "object" && one !== null && other !== null) {
    const keys = [...new Set([...Object.keys(one), ...Object.keys(other)])].filter((key) => key !== "name" || path !== "spec");
    const read = (value: object, key: string): unknown => (value as Readonly<Record<string, unknown>>)[key];
    return Object.fromEntries(keys.map((key) => [key, joinValues(read(one, key), read(other, key), `${path}.${key}`, resource, diagnostics)]));
  }
  return one === other ? one : clash(one, other, path, resource, diagnostics);
}

function clash(one: unknown, other: unknown, path: string, resource: Resource | undefined, diagnostics: Diagnostic[]): unknown {
  diagnostics.push({
    code: "input/cluster-documents-disagree",
    severity: "error",
    origin: resource === undefined ? { object: "Cluster", path } : originOf(resource, path),
    problem: `${resource === undefined ? "one document" : objectName(resource)} says ${JSON.stringify(other)}, another Cluster document says ${JSON.stringify(one)}`,
    expected: "one value",
  });
  return one;
}
