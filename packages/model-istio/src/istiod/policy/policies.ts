import { authorizationFilters, policiesFor } from "./authorization.ts";
import type { Model } from "../model.ts";
import { requestAuthenticationFilters } from "./request-authentication.ts";
import type { Json, Proxy } from "../types.ts";

/** The filters by which one proxy checks who asks for what, on its inbound and gateway chains. */
export interface Policies { readonly http: readonly Json[]; readonly tcp: readonly Json[] }

/** Compiles the RequestAuthentications and AuthorizationPolicies that hold for a proxy (`listener_builder.go buildHTTPConnectionManager`). */
export function policiesOf(model: Model, proxy: Proxy): Policies {
  const where = { root: model.mesh.rootNamespace, namespace: proxy.namespace, labels: proxy.labels };
  const { http, tcp } = authorizationFilters(policiesFor(model.seen, "AuthorizationPolicy", where), model.mesh, model.services);
  const tokens = requestAuthenticationFilters(policiesFor(model.seen, "RequestAuthentication", where), proxy.type === "sidecar");
  return { http: [...http.custom, ...tokens, ...http.local], tcp: [...tcp.custom, ...tcp.local] };
}
