import { headerPatterns } from "./authorization-matchers.ts";
import { clusterName } from "../cluster/names.ts";
import { typed } from "../cluster/tls-context.ts";
import { protoDuration } from "../cluster/traffic-policy.ts";
import type { Json, MeshService } from "../types.ts";

type Texts = readonly string[] | undefined;
interface Provider {
  readonly service?: string; readonly port?: number; readonly timeout?: string; readonly failOpen?: boolean; readonly statusOnError?: string; readonly pathPrefix?: string;
  readonly includeRequestHeadersInCheck?: Texts; readonly includeHeadersInCheck?: Texts; readonly includeAdditionalHeadersInCheck?: Readonly<Record<string, string>>;
  readonly headersToUpstreamOnAllow?: Texts; readonly headersToDownstreamOnDeny?: Texts; readonly headersToDownstreamOnAllow?: Texts;
  readonly includeRequestBodyInCheck?: { readonly maxRequestBytes?: number; readonly allowPartialMessage?: boolean; readonly packAsBytes?: boolean };
}

/** The filters that ask an external authorizer; a provider over HTTP has none for TCP chains. */
export interface ExtAuthz { readonly http: Json; readonly tcp?: Json }

/** Envoy's names of the status codes that `statusOnError` may have. */
const STATUS: Readonly<Record<string, string>> = {
  100: "Continue", 200: "OK", 201: "Created", 202: "Accepted", 203: "NonAuthoritativeInformation", 204: "NoContent", 205: "ResetContent", 206: "PartialContent", 207: "MultiStatus", 208: "AlreadyReported", 226: "IMUsed",
  300: "MultipleChoices", 301: "MovedPermanently", 302: "Found", 303: "SeeOther", 304: "NotModified", 305: "UseProxy", 307: "TemporaryRedirect", 308: "PermanentRedirect",
  400: "BadRequest", 401: "Unauthorized", 402: "PaymentRequired", 403: "Forbidden", 404: "NotFound", 405: "MethodNotAllowed", 406: "NotAcceptable", 407: "ProxyAuthenticationRequired", 408: "RequestTimeout", 409: "Conflict",
  410: "Gone", 411: "LengthRequired", 412: "PreconditionFailed", 413: "PayloadTooLarge", 414: "URITooLong", 415: "UnsupportedMediaType", 416: "RangeNotSatisfiable", 417: "ExpectationFailed", 421: "MisdirectedRequest",
  422: "UnprocessableEntity", 423: "Locked", 424: "FailedDependency", 426: "UpgradeRequired", 428: "PreconditionRequired", 429: "TooManyRequests", 431: "RequestHeaderFieldsTooLarge",
  500: "InternalServerError", 501: "NotImplemented", 502: "BadGateway", 503: "ServiceUnavailable", 504: "GatewayTimeout", 505: "HTTPVersionNotSupported", 506: "VariantAlsoNegotiates", 507: "InsufficientStorage", 508: "LoopDetected", 511: "NetworkAuthenticationRequired",
};

/** The host behind `host` or `namespace/host`, if the registry has it once (`extensionproviders.LookupCluster`). */
function providerHost(services: readonly MeshService[], text: string | undefined): string | undefined {
  const parts = (text ?? "").split("/");
  const [first = "", second] = parts;
  if (parts.length === 2) return services.find((service) => service.host === second && service.namespace === first)?.host;
  return new Set(services.filter((service) => service.host === first).map((service) => service.namespace)).size === 1 ? first : undefined;
}

const enabledBy = (filter: string): Json => ({ filter, path: [{ key: "istio_ext_authz_shadow_effective_policy_id" }], value: { stringMatch: { prefix: "istio-ext-authz" } } });

function compileProvider(services: readonly MeshService[], { provider, grpc }: { readonly provider: Provider; readonly grpc: boolean }): ExtAuthz | undefined {
  const host = providerHost(services, provider.service);
  const port = provider.port ?? 0;
  const code = provider.statusOnError ?? "";
  const wild = [provider.includeRequestHeadersInCheck, provider.includeHeadersInCheck, provider.headersToDownstreamOnDeny, provider.headersToDownstreamOnAllow, provider.headersToUpstreamOnAllow].some((values) => values?.includes("*"));
  if (host === undefined || port < 1 || port > 65535 || (code !== "" && STATUS[code] === undefined) || wild) return undefined;
  if ((provider.pathPrefix ?? "") !== "" && provider.pathPrefix?.startsWith("/") !== true) return undefined;
  const cluster = clusterName(port, "", host);
  const timeout = provider.timeout === undefined ? "600s" : protoDuration(provider.timeout);
  const body = provider.includeRequestBodyInCheck;
  const shared: Json = {
    ...(provider.failOpen === true ? { failureModeAllow: true } : {}), transportApiVersion: "V3",
    ...(code === "" ? {} : { statusOnError: { code: STATUS[code] } }),
    ...(body === undefined ? {} : { withRequestBody: { ...(body.maxRequestBytes === undefined || body.maxRequestBytes === 0 ? {} : { maxRequestBytes: body.maxRequestBytes }), ...(body.allowPartialMessage === true ? { allowPartialMessage: true } : {}), ...(body.packAsBytes === true ? { packAsBytes: true } : {}) } }),
    filterEnabledMetadata: enabledBy("envoy.filters.http.rbac"),
  };
  const http = (fields: Json): Json => typed("envoy.filters.http.ext_authz", "envoy.extensions.filters.http.ext_authz.v3.ExtAuthz", { ...shared, ...fields });
  if (grpc) {
    const grpcService = { envoyGrpc: { clusterName: cluster, authority: cluster.replaceAll("|", "_.") }, timeout };
    const { failureModeAllow, transportApiVersion } = shared;
    return {
      http: http({ grpcService }),
      tcp: typed("envoy.filters.network.ext_authz", "envoy.extensions.filters.network.ext_authz.v3.ExtAuthz", { statPrefix: "tcp.", failureModeAllow, transportApiVersion, grpcService, filterEnabledMetadata: enabledBy("envoy.filters.network.rbac") }),
    };
  }
  const more = Object.entries(provider.includeAdditionalHeadersInCheck ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => ({ key, value }));
  const answers = { allowedUpstreamHeaders: headerPatterns(provider.headersToUpstreamOnAllow), allowedClientHeaders: headerPatterns(provider.headersToDownstreamOnDeny), allowedClientHeadersOnSuccess: headerPatterns(provider.headersToDownstreamOnAllow) };
  return {
    http: http({
      allowedHeaders: headerPatterns(provider.includeRequestHeadersInCheck) ?? headerPatterns(provider.includeHeadersInCheck),
      httpService: {
        ...((provider.pathPrefix ?? "") === "" ? {} : { pathPrefix: provider.pathPrefix }), serverUri: { uri: `http://${host}`, cluster, timeout },
        ...(more.length === 0 ? {} : { authorizationRequest: { headersToAdd: more } }),
        ...(Object.values(answers).every((entry) => entry === undefined) ? {} : { authorizationResponse: answers }),
      },
    }),
  };
}

/**
 * The authorizer that all CUSTOM policies of a workload name; undefined where they disagree, or it is unknown or unusable.
 * @see istio 1.18 pilot/pkg/security/authz/builder/extauthz.go
 */
export function extAuthzFor(names: readonly string[], extensionProviders: readonly Json[], services: readonly MeshService[]): ExtAuthz | undefined {
  const [name] = names;
  if (name === undefined || names.some((entry) => entry !== name)) return undefined;
  const found = extensionProviders.filter((entry) => entry["name"] === name && (entry["envoyExtAuthzHttp"] !== undefined || entry["envoyExtAuthzGrpc"] !== undefined));
  const [only] = found;
  if (only === undefined || found.length > 1) return undefined;
  const grpc = only["envoyExtAuthzGrpc"] !== undefined;
  return compileProvider(services, { provider: (grpc ? only["envoyExtAuthzGrpc"] : only["envoyExtAuthzHttp"]) as Provider, grpc });
}
