import type { Caveat, Diagnostic, Origin } from "@hopscope/core";
import type { Resource } from "@hopscope/model-kubernetes";

/** Envoy's configuration as proto3 JSON, read and written field by field. */
export interface Json {
  [field: string]: unknown;
}

export type Labels = Readonly<Record<string, string>>;

/** The proxy to compile for: a sidecar in a workload's pod, or a gateway (router). */
export interface Proxy {
  readonly type: "sidecar" | "router";
  readonly name: string;
  readonly namespace: string;
  readonly labels: Labels;
  readonly ips: readonly string[];
  readonly serviceAccount?: string;
  readonly node?: string;
  readonly interceptionMode?: "REDIRECT" | "TPROXY" | "NONE";
  /** Ports that are the proxy's own and get no wildcard listener; 15021 and 15090 unless stated. */
  readonly reservedPorts?: readonly number[];
  /** A gateway that cannot bind ports below 1024; true unless stated. */
  readonly unprivileged?: boolean;
  readonly dnsCapture?: boolean;
  readonly dnsAutoAllocate?: boolean;
}

/** The fields of meshConfig that change what istiod generates. */
export interface MeshConfig {
  readonly rootNamespace: string;
  readonly trustDomain: string;
  /** The trust domain in the names of workloads; what a control plane's own objects say, not what one call overrides. */
  readonly identityDomain: string;
  readonly domain: string;
  readonly enableAutoMtls: boolean;
  readonly connectTimeout: string;
  readonly dnsRefreshRate: string;
  readonly protocolDetectionTimeout: string;
  readonly outboundTrafficPolicy: { readonly mode: "ALLOW_ANY" | "REGISTRY_ONLY" };
  readonly proxyListenPort: number;
  readonly proxyInboundListenPort: number;
  readonly defaultServiceExportTo: readonly string[];
  readonly defaultVirtualServiceExportTo: readonly string[];
  readonly defaultDestinationRuleExportTo: readonly string[];
  readonly localityLbSetting?: LocalitySetting;
  readonly h2UpgradePolicy?: "DO_NOT_UPGRADE" | "UPGRADE";
  readonly pathNormalization?: { readonly normalization?: string };
  readonly defaultHttpRetryPolicy?: Json;
  readonly tcpKeepalive?: Json;
  readonly extensionProviders?: readonly Json[];
  readonly [field: string]: unknown;
}

export interface LocalitySetting {
  readonly enabled?: boolean;
  readonly distribute?: readonly { readonly from?: string; readonly to?: Readonly<Record<string, number>> }[];
  readonly failover?: readonly { readonly from?: string; readonly to?: string }[];
  readonly failoverPriority?: readonly string[];
}

/** What istiod's environment turns on. */
export interface Flags {
  readonly sniffOutbound: boolean;
  readonly sniffInbound: boolean;
  readonly mongo: boolean;
  readonly mysql: boolean;
  readonly redis: boolean;
  readonly inboundPassthrough: boolean;
  readonly http10: boolean;
  readonly scopeGatewayToNamespace: boolean;
  readonly ignorePortInHostMatch: boolean;
  readonly gatewayApi: boolean;
  readonly sidecarIngressTls: boolean;
  /** Of the VirtualServices that fit a host, the oldest counts, not the closest. */
  readonly oldestHostMatch: boolean;
}

export interface Port {
  readonly name: string;
  readonly number: number;
  readonly protocol: Protocol;
}

export type Protocol =
  | "HTTP" | "HTTP2" | "GRPC" | "GRPC-Web" | "HTTP_PROXY"
  | "TCP" | "TLS" | "HTTPS" | "Mongo" | "Redis" | "MySQL" | "UDP" | "UnsupportedProtocol";

export type Resolution = "client" | "dns" | "dns-round-robin" | "passthrough";

/** One service of istiod's registry: a Kubernetes Service, or one host at one address of a ServiceEntry. */
export interface MeshService {
  readonly host: string;
  readonly name: string;
  readonly namespace: string;
  readonly ports: readonly Port[];
  /** The VIP, or 0.0.0.0 where there is none. */
  readonly address: string;
  readonly addresses: readonly string[];
  readonly autoAddress?: string;
  readonly resolution: Resolution;
  readonly external: boolean;
  readonly kubernetes: boolean;
  readonly headless: boolean;
  readonly exportTo: readonly string[];
  readonly selector?: Labels;
  readonly endpoints: readonly Endpoint[];
  /** Names that a ServiceEntry expects in its hosts' certificates. */
  readonly subjectAltNames?: readonly string[];
  /** Endpoints that are not ready: they get no traffic, and are known all the same. */
  readonly unready?: readonly Endpoint[];
  readonly resource: Resource;
  readonly path: string;
}

/** One backend of one service port. */
export interface Endpoint {
  readonly address: string;
  /** Port the backend listens on. */
  readonly port: number;
  /** Port number of the service. */
  readonly servicePort: number;
  /** Name of the service's port. */
  readonly portName: string;
  readonly labels: Labels;
  readonly tlsMode: "istio" | "disabled";
  readonly namespace: string;
  readonly workload: string;
  readonly locality: string;
  readonly serviceAccount?: string;
  readonly weight: number;
  readonly network?: string;
  readonly host?: string;
  readonly subdomain?: string;
  /** Read from Kubernetes, which vouches for its health. */
  readonly known?: boolean;
}

/** All of Envoy's resources for one proxy, as istiod would send them. */
export interface CompiledProxy {
  readonly listeners: readonly Json[];
  readonly routes: readonly Json[];
  readonly clusters: readonly Json[];
  readonly endpoints: readonly Json[];
  /** Keys: `listener/NAME`, `listener/NAME/chain/N`, `route/NAME/vhost/VHOST/N`, `cluster/NAME`, `endpoints/NAME`. */
  readonly origins: ReadonlyMap<string, Origin>;
  readonly diagnostics: readonly Diagnostic[];
  readonly caveats: readonly Caveat[];
}

export interface CompileOptions {
  /** Overrides of istiod's default meshConfig. */
  readonly meshConfig?: Readonly<Record<string, unknown>>;
  /** istiod's environment (`PILOT_ENABLE_PROTOCOL_SNIFFING_FOR_OUTBOUND: "false"`). */
  readonly env?: Readonly<Record<string, string>>;
}
