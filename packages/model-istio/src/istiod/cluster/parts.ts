import type { Json } from "../types.ts";

/** The network filter by which two sidecars tell each other who they are. */
export const METADATA_EXCHANGE: Json = { name: "istio.metadata_exchange", typedConfig: { "@type": "type.googleapis.com/envoy.tcp.metadataexchange.config.MetadataExchange", protocol: "istio-peer-exchange" } };

/** Speak to the upstream what the client spoke. */
export const downstreamProtocol = (): Json => ({ useDownstreamProtocolConfig: { http2ProtocolOptions: {}, httpProtocolOptions: {} } });
/** Speak HTTP/2 to the upstream. */
export const explicitHttp2 = (): Json => ({ explicitHttpConfig: { http2ProtocolOptions: {} } });
