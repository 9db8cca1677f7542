import type { Resource } from "@hopscope/model-kubernetes";
import type { DestinationRuleSpec } from "./destination-rule.ts";
import { badDestinationRule } from "./destination-rule.ts";
import type { Problems } from "./names.ts";
import { badGateway, badServiceEntry, badSidecar, badWorkloadEntry } from "./networking.ts";
import type { AuthorizationSpec } from "./security.ts";
import { badAuthorizationPolicy, badPeerAuthentication, badRequestAuthentication } from "./security.ts";
import { badVirtualService } from "./virtual-service.ts";

/**
 * Says why istiod's admission would refuse an object, in its own words; nothing if it would take it, or the kind is not one of its.
 * @see istio 1.18 pkg/config/validation/validation.go
 * @example
 * refusals({ apiVersion: "networking.istio.io/v1beta1", kind: "VirtualService", metadata: { name: "a", namespace: "shop" }, spec: { hosts: ["*"], http: [] } })[0] // "wildcard host * is not allowed …"
 */
export function refusals(resource: Resource): Problems {
  const spec = resource.spec ?? {};
  const { name, namespace = "default" } = resource.metadata;
  if (!/^(networking|security)\.istio\.io\//.test(resource.apiVersion)) return [];
  switch (resource.kind) {
    case "VirtualService": return badVirtualService(spec, namespace);
    case "DestinationRule": return badDestinationRule(spec as DestinationRuleSpec, namespace);
    case "ServiceEntry": return badServiceEntry(spec, namespace);
    case "Gateway": return badGateway(spec, name);
    case "Sidecar": return badSidecar(spec);
    case "WorkloadEntry": return badWorkloadEntry(spec);
    case "PeerAuthentication": return badPeerAuthentication(spec);
    case "AuthorizationPolicy": return badAuthorizationPolicy(spec as AuthorizationSpec, name, namespace);
    case "RequestAuthentication": return badRequestAuthentication(spec);
    default: return [];
  }
}
