import type { ClientTls } from "./traffic-policy.ts";
import type { Json, MeshConfig } from "../types.ts";

const SDS: Json = { apiConfigSource: { apiType: "GRPC", grpcServices: [{ envoyGrpc: { clusterName: "sds-grpc" } }], setNodeOnFirstMessageOnly: true, transportApiVersion: "V3" }, initialFetchTimeout: "0s", resourceApiVersion: "V3" };
const FILE_SDS: Json = { apiConfigSource: SDS["apiConfigSource"], resourceApiVersion: "V3" };
const ADS: Json = { ads: {}, resourceApiVersion: "V3" };
const secret = (name: string, source: Json): Json => ({ name, sdsConfig: source });
export const typed = (name: string, type: string, config: Json = {}): Json => ({ name, typedConfig: { "@type": `type.googleapis.com/${type}`, ...config } });

const MESH_PARAMS: Json = { tlsMaximumProtocolVersion: "TLSv1_3", tlsMinimumProtocolVersion: "TLSv1_2" };

export const RAW_BUFFER: Json = typed("envoy.transport_sockets.raw_buffer", "envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer");

/** The transport socket an inbound chain terminates Istio mTLS with; `params` are the mesh's TLS limits. */
export function downstreamMutual(alpn: readonly string[], mesh: MeshConfig): Json {
  const aliases = Array.isArray(mesh["trustDomainAliases"]) ? (mesh["trustDomainAliases"] as string[]) : [];
  const authorities = Array.isArray(mesh["caCertificates"]) ? (mesh["caCertificates"] as { readonly trustDomains?: readonly string[] }[]).flatMap((entry) => entry.trustDomains ?? []) : [];
  const domains = [...new Set([mesh.trustDomain, ...aliases, ...authorities])].filter((domain) => domain !== "");
  return typed("envoy.transport_sockets.tls", "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext", {
    commonTlsContext: {
      alpnProtocols: alpn,
      combinedValidationContext: { defaultValidationContext: { matchSubjectAltNames: domains.map((domain) => ({ prefix: `spiffe://${domain}/` })) }, validationContextSdsSecretConfig: secret("ROOTCA", SDS) },
      tlsCertificateSdsSecretConfigs: [secret("default", SDS)],
      tlsParams: {},
    },
    requireClientCertificate: true,
  });
}

export interface ServerTls {
  readonly httpsRedirect?: boolean;
  readonly mode?: "PASSTHROUGH" | "SIMPLE" | "MUTUAL" | "AUTO_PASSTHROUGH" | "ISTIO_MUTUAL" | "OPTIONAL_MUTUAL";
  readonly credentialName?: string; readonly serverCertificate?: string; readonly privateKey?: string; readonly caCertificates?: string;
  readonly subjectAltNames?: readonly string[]; readonly minProtocolVersion?: string; readonly maxProtocolVersion?: string; readonly cipherSuites?: readonly string[];
}

/** A Secret's resource name; one that already says where it is kept stays. */
const secretName = (name: string): string => (/^kubernetes(-gateway)?:\/\//.test(name) ? name : `kubernetes://${name}`);

/** The transport socket of a gateway's TLS server (`gateway.go buildGatewayListenerTLSContext`). */
export function gatewayTls(tls: ServerTls, alpn: readonly string[]): Json {
  const params: Json = {};
  if (tls.minProtocolVersion !== undefined && tls.minProtocolVersion !== "TLS_AUTO") params["tlsMinimumProtocolVersion"] = tls.minProtocolVersion.replace("TLSV", "TLSv");
  if (tls.maxProtocolVersion !== undefined && tls.maxProtocolVersion !== "TLS_AUTO") params["tlsMaximumProtocolVersion"] = tls.maxProtocolVersion.replace("TLSV", "TLSv");
  if ((tls.cipherSuites ?? []).length > 0) params["cipherSuites"] = tls.cipherSuites;
  const common: Json = { alpnProtocols: alpn, tlsParams: params };
  const sans = (tls.subjectAltNames ?? []).map((exact) => ({ exact }));
  const context = sans.length === 0 ? {} : { matchSubjectAltNames: sans };
  const mutual = tls.mode === "MUTUAL" || tls.mode === "OPTIONAL_MUTUAL" || tls.mode === "ISTIO_MUTUAL";
  if (tls.mode === "ISTIO_MUTUAL") {
    common["combinedValidationContext"] = { defaultValidationContext: context, validationContextSdsSecretConfig: secret("ROOTCA", SDS) };
    common["tlsCertificateSdsSecretConfigs"] = [secret("default", SDS)];
  } else if ((tls.credentialName ?? "") !== "") {
    const name = secretName(tls.credentialName ?? "");
    common["tlsCertificateSdsSecretConfigs"] = [secret(name, ADS)];
    if (mutual) common["combinedValidationContext"] = { defaultValidationContext: context, validationContextSdsSecretConfig: secret(`${name}-cacert`, ADS) };
    else if (sans.length > 0) common["validationContext"] = context;
  } else {
    common["tlsCertificateSdsSecretConfigs"] = [secret(`file-cert:${tls.serverCertificate ?? ""}~${tls.privateKey ?? ""}`, FILE_SDS)];
    if (mutual) common["combinedValidationContext"] = { defaultValidationContext: context, validationContextSdsSecretConfig: secret(`file-root:${tls.caCertificates ?? ""}`, FILE_SDS) };
    else if (sans.length > 0) common["validationContext"] = context;
  }
  return typed("envoy.transport_sockets.tls", "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext", { commonTlsContext: common, requireClientCertificate: tls.mode === "MUTUAL" || tls.mode === "ISTIO_MUTUAL" });
}

/** The socket a client proxy speaks Istio mTLS with. */
export function upstreamMutual(sans: readonly string[], sni: string, http2: boolean): Json {
  return typed("envoy.transport_sockets.tls", "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext", {
    commonTlsContext: {
      alpnProtocols: ["istio-peer-exchange", "istio", ...(http2 ? ["h2"] : [])],
      combinedValidationContext: { defaultValidationContext: sans.length === 0 ? {} : { matchSubjectAltNames: sans.map((exact) => ({ exact })) }, validationContextSdsSecretConfig: secret("ROOTCA", SDS) },
      tlsCertificateSdsSecretConfigs: [secret("default", SDS)],
      tlsParams: MESH_PARAMS,
    },
    sni,
  });
}

/** The socket for a DestinationRule's SIMPLE or MUTUAL (`cluster_builder.go buildUpstreamClusterTLSContext`). */
export function upstreamTls(tls: ClientTls, http2: boolean, defaults: Json | undefined): Json {
  const sans = (tls.subjectAltNames ?? []).map((exact) => ({ exact }));
  const context: Json = sans.length === 0 ? {} : { matchSubjectAltNames: sans };
  const curves = defaults?.["ecdhCurves"] as readonly string[] | undefined;
  const common: Json = { ...(http2 ? { alpnProtocols: ["h2"] } : {}), tlsParams: { ...MESH_PARAMS, ...((curves ?? []).length === 0 ? {} : { ecdhCurves: curves }) } };
  const credential = tls.credentialName === undefined || tls.credentialName === "" ? undefined : `kubernetes://${tls.credentialName}`;
  if (tls.mode === "MUTUAL") common["tlsCertificateSdsSecretConfigs"] = [credential === undefined ? secret(`file-cert:${tls.clientCertificate ?? ""}~${tls.privateKey ?? ""}`, FILE_SDS) : secret(credential, ADS)];
  if (credential !== undefined) common["combinedValidationContext"] = { defaultValidationContext: context, validationContextSdsSecretConfig: secret(`${credential}-cacert`, ADS) };
  else if ((tls.caCertificates ?? "") !== "") common["combinedValidationContext"] = { defaultValidationContext: context, validationContextSdsSecretConfig: secret(`file-root:${tls.caCertificates ?? ""}`, FILE_SDS) };
  else common["validationContext"] = {};
  return typed("envoy.transport_sockets.tls", "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext", { commonTlsContext: common, ...((tls.sni ?? "") === "" ? {} : { sni: tls.sni }) });
}
