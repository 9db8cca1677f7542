import type { Origin } from "@hopscope/core";
import { type Json, object, text } from "./json.ts";

const KINDS: Readonly<Record<string, string>> = {
  "virtual-service": "VirtualService", "destination-rule": "DestinationRule", gateway: "Gateway", "service-entry": "ServiceEntry", sidecar: "Sidecar", "envoy-filter": "EnvoyFilter",
  "peer-authentication": "PeerAuthentication", "authorization-policy": "AuthorizationPolicy", "request-authentication": "RequestAuthentication",
};

/** The object that a path like `/apis/networking.istio.io/v1alpha3/namespaces/shop/virtual-service/web` names. */
export function objectOfConfigPath(path: string): string | undefined {
  const found = /\/namespaces\/([^/]*)\/([^/]+)\/([^/]+)$/.exec(path);
  if (found === null) return undefined;
  const kind = found[2] ?? "";
  return `${KINDS[kind] ?? kind} ${found[1] ?? ""}/${found[3] ?? ""}`;
}

/** An RBAC policy or filter chain that istiod named after the object it came from: `ns[shop]-policy[deny]-rule[0]`. */
export function objectOfPolicy(name: string): string | undefined {
  const found = /^ns\[([^\]]*)\]-policy\[([^\]]*)\]/.exec(name);
  return found === null ? undefined : `AuthorizationPolicy ${found[1] ?? ""}/${found[2] ?? ""}`;
}

/**
 * Where a resource of Envoy comes from: what the compiler says of it, else the object that its Istio metadata names,
 * else the resource itself.
 *
 * The compiler's table is keyed by the metadata's config path, by object (`VirtualService shop/web`), or by resource name.
 */
export function originOfResource(resource: Json | undefined, proxy: string, origins?: ReadonlyMap<string, Origin>): Origin {
  const config = text(object(object(object(resource?.["metadata"])["filter_metadata"])["istio"])["config"]);
  const made = config === undefined ? undefined : objectOfConfigPath(config);
  const name = text(resource?.["name"]) ?? "";
  for (const key of [config, made, name]) {
    const found = key === undefined || key === "" ? undefined : origins?.get(key);
    if (found !== undefined) return found;
  }
  return made === undefined ? { object: `Envoy ${proxy}`, path: name === "" ? undefined : name } : { object: made };
}
