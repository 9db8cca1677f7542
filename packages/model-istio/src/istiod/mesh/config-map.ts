import type { Snapshot } from "@hopscope/model-kubernetes";
import { readYaml, resourcesOf } from "@hopscope/model-kubernetes";
import type { MeshConfig } from "../types.ts";

type Kind = "text" | "flag" | "mapping" | "texts" | "mappings";

/** The settings that are read, each with what it may hold. */
const FIELDS: Readonly<Record<string, Kind>> = {
  rootNamespace: "text", trustDomain: "text", trustDomainAliases: "texts", enableAutoMtls: "flag", connectTimeout: "text", dnsRefreshRate: "text", protocolDetectionTimeout: "text", outboundTrafficPolicy: "mapping",
  defaultServiceExportTo: "texts", defaultVirtualServiceExportTo: "texts", defaultDestinationRuleExportTo: "texts", localityLbSetting: "mapping", h2UpgradePolicy: "text", pathNormalization: "mapping", defaultHttpRetryPolicy: "mapping",
  tcpKeepalive: "mapping", extensionProviders: "mappings", defaultProviders: "mapping", ingressControllerMode: "text", ingressClass: "text", ingressService: "text", ingressSelector: "text", caCertificates: "mappings", tlsDefaults: "mapping", meshMTLS: "mapping",
};

const isMapping = (value: unknown): boolean => typeof value === "object" && value !== null && !Array.isArray(value);

function fits(value: unknown, kind: Kind | undefined): boolean {
  switch (kind) {
    case "text": return typeof value === "string" && value !== "";
    case "flag": return typeof value === "boolean";
    case "mapping": return isMapping(value);
    case "texts": return Array.isArray(value) && value.every((item) => typeof item === "string");
    case "mappings": return Array.isArray(value) && value.every(isMapping);
    case undefined: return false;
  }
}

/**
 * What the ConfigMap that istiod reads says of the mesh: `istio`, or `istio-NAME` of a revision or control plane.
 * A traffic policy without a mode says nothing.
 * @see istio 1.18 pkg/config/mesh/watcher.go, key `mesh`
 */
export function configMapMesh(snapshot: Pick<Snapshot, "resources">, namespace: string | undefined): Partial<MeshConfig> {
  const found = resourcesOf(snapshot, "ConfigMap")
    .filter(({ metadata }) => /^istio(-|$)/.test(metadata.name) && (namespace === undefined || metadata.namespace === namespace))
    .sort((a, b) => a.metadata.name.length - b.metadata.name.length)
    .flatMap((resource) => { const text = (resource["data"] as Readonly<Record<string, unknown>> | undefined)?.["mesh"]; return typeof text === "string" ? [{ text, home: resource.metadata.namespace }] : []; })[0];
  if (found === undefined) return {};
  const value = readYaml(found.text).documents[0]?.value;
  if (!isMapping(value)) return {};
  const read = Object.fromEntries(Object.entries(value as Readonly<Record<string, unknown>>).filter(([field, item]) => fits(item, FIELDS[field]))) as Partial<MeshConfig>;
  const { outboundTrafficPolicy, ...rest } = read;
  const mode = outboundTrafficPolicy?.mode;
  return {
    ...(found.home === undefined ? {} : { rootNamespace: found.home }), ...rest,
    ...(mode === "ALLOW_ANY" || mode === "REGISTRY_ONLY" ? { outboundTrafficPolicy: { mode } } : {}), ...(rest.trustDomain === undefined ? {} : { identityDomain: rest.trustDomain }),
  };
}
