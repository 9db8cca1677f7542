import type { Resource } from "@hopscope/model-kubernetes";
import { typed } from "../cluster/tls-context.ts";
import type { Json } from "../types.ts";

interface JwtRule {
  readonly issuer?: string; readonly audiences?: readonly string[]; readonly jwks?: string; readonly jwksUri?: string; readonly forwardOriginalToken?: boolean; readonly outputPayloadToHeader?: string;
  readonly fromHeaders?: readonly { readonly name?: string; readonly prefix?: string }[];
  readonly fromParams?: readonly string[];
  readonly outputClaimToHeaders?: readonly { readonly header?: string; readonly claim?: string }[];
}

const base64Url = (text: string): string => btoa(String.fromCharCode(...new TextEncoder().encode(text))).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");

/** The key no token matches, which istiod sends as long as it has not fetched the issuer's own. */
const unfetched = (uri: string): string => `{"keys":[ {"e":"AQAB","kid":"abc","kty":"RSA","n":"${base64Url(`Error-IstiodFailedToFetchJwksUri-${uri}`)}"}]}`;

function provider(rule: JwtRule): Json {
  const nonEmpty = (field: string, value: string | readonly unknown[] | undefined): Json => (value === undefined || value.length === 0 ? {} : { [field]: value });
  return {
    ...nonEmpty("issuer", rule.issuer), ...nonEmpty("audiences", rule.audiences), ...(rule.forwardOriginalToken === true ? { forward: true } : {}),
    ...nonEmpty("forwardPayloadHeader", rule.outputPayloadToHeader), ...nonEmpty("payloadInMetadata", rule.issuer),
    ...nonEmpty("claimToHeaders", (rule.outputClaimToHeaders ?? []).map((entry) => ({ headerName: entry.header, claimName: entry.claim }))),
    ...nonEmpty("fromHeaders", (rule.fromHeaders ?? []).map((place) => ({ ...nonEmpty("name", place.name), ...nonEmpty("valuePrefix", place.prefix) }))),
    ...nonEmpty("fromParams", rule.fromParams),
    localJwks: { inlineString: (rule.jwks ?? "") === "" ? unfetched(rule.jwksUri ?? "") : rule.jwks },
  };
}

/**
 * Compiles a workload's RequestAuthentications to the filters that check tokens and remember what they say.
 *
 * A request without a token passes; one with a token that no issuer stands for does not.
 *
 * @see istio 1.18 pilot/pkg/security/authn/v1beta1/policy_applier.go convertToEnvoyJwtConfig
 */
export function requestAuthenticationFilters(policies: readonly Resource[], sidecar: boolean): readonly Json[] {
  const rules = policies.flatMap((policy) => ((policy.spec ?? {}) as { readonly jwtRules?: readonly JwtRule[] }).jwtRules ?? [])
    .sort((a, b) => ((a.issuer ?? "") < (b.issuer ?? "") ? -1 : (a.issuer ?? "") > (b.issuer ?? "") ? 1 : 0));
  if (rules.length === 0) return [];
  const named = rules.map((rule, index) => ({ name: `origins-${index}`, rule }));
  const optional = named.map(({ name }) => ({ requiresAny: { requirements: [{ providerName: name }, { allowMissing: {} }] } }));
  const [only] = optional;
  const requires = optional.length === 1 ? only : { requiresAny: { requirements: [...named.map(({ name }) => ({ providerName: name })), { requiresAll: { requirements: optional } }] } };
  return [
    typed("envoy.filters.http.jwt_authn", "envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication", {
      bypassCorsPreflight: true, providers: Object.fromEntries(named.map(({ name, rule }) => [name, provider(rule)])), rules: [{ match: { prefix: "/" }, requires }],
    }),
    typed("istio_authn", "istio.envoy.config.filter.http.authn.v2alpha1.FilterConfig", {
      ...(sidecar ? { disableClearRouteCache: true } : {}),
      policy: { originIsOptional: true, origins: rules.map((rule) => ({ jwt: { issuer: rule.issuer } })), principalBinding: "USE_ORIGIN" }, skipValidateTrustDomain: true,
    }),
  ];
}
