import type { ServerTls } from "../cluster/tls-context.ts";
import type { ClientTls, PortPolicy, TrafficPolicy } from "../cluster/traffic-policy.ts";
import type { Json, Labels } from "../types.ts";
import type { Problems } from "./names.ts";
import { badDuration, badExportTo, badSelector, badSelectorLabels, badWildcard, each, isLabel, when } from "./names.ts";

const negative = (value: unknown, name: string): Problems => when(typeof value === "number" && value < 0, `${name} must be non-negative`);

function badPool(pool: PortPolicy["connectionPool"]): Problems {
  if (pool === undefined) return [];
  const [http, tcp] = [pool.http as Json | undefined, pool.tcp as Json | undefined];
  if (http === undefined && tcp === undefined) return ["connection pool must have at least one field"];
  return [
    ...negative(http?.["http1MaxPendingRequests"], "http1 max pending requests"), ...negative(http?.["http2MaxRequests"], "http2 max requests"), ...negative(http?.["maxRequestsPerConnection"], "max requests per connection"),
    ...negative(http?.["maxRetries"], "max retries"), ...badDuration(http?.["idleTimeout"]),
    ...when(http?.["h2UpgradePolicy"] === "UPGRADE" && http["useClientProtocol"] === true, "use client protocol must not be true when H2UpgradePolicy is UPGRADE"),
    ...negative(tcp?.["maxConnections"], "max connections"), ...badDuration(tcp?.["connectTimeout"]), ...badDuration(tcp?.["maxConnectionDuration"]),
  ];
}

function badOutlier(outlier: Json | undefined): Problems {
  const percent = (value: unknown): Problems => when(typeof value === "number" && (value < 0 || value > 100), `percentage ${String(value)} is not in range 0..100`);
  return [
    ...badDuration(outlier?.["baseEjectionTime"]),
    ...when(outlier?.["splitExternalLocalOriginErrors"] !== true && Number(outlier?.["consecutiveLocalOriginFailures"] ?? 0) > 0, "outlier detection consecutive local origin failures is specified, but split external local origin errors is set to false"),
    ...badDuration(outlier?.["interval"]), ...percent(outlier?.["maxEjectionPercent"]), ...percent(outlier?.["minHealthPercent"]),
  ];
}

interface Locality { readonly distribute?: readonly { readonly to?: Readonly<Record<string, number>> }[]; readonly failover?: readonly { readonly from?: string; readonly to?: string }[] }

function badLocality(setting: Locality | undefined): Problems {
  const { distribute = [], failover = [] } = setting ?? {};
  if (distribute.length > 0 && failover.length > 0) return ["can not simultaneously specify 'distribute' and 'failover'"];
  for (const { to = {} } of distribute) {
    const weights = Object.values(to);
    if (weights.some((weight) => weight <= 0 || weight > 100)) return ["locality weight must be in range [1, 100]"];
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    if (total !== 100) return [`total locality weight ${total} != 100`];
  }
  return each(failover, ({ from = "", to = "" }) => [
    ...when(from === to, "locality lb failover settings must specify different regions"), ...when(`${from}${to}`.includes("/"), "locality lb failover only specify region"),
    ...when(`${from}${to}`.includes("*"), "locality lb failover region should not contain '*' wildcard"),
  ]);
}

function badBalancer(balancer: PortPolicy["loadBalancer"]): Problems {
  const hash = (balancer as Json | undefined)?.["consistentHash"] as { readonly httpCookie?: { readonly name?: string; readonly ttl?: string } } | undefined;
  return [
    ...when(hash?.httpCookie !== undefined && (hash.httpCookie.name ?? "") === "", "name required for HttpCookie"), ...when(hash?.httpCookie !== undefined && hash.httpCookie.ttl === undefined, "ttl required for HttpCookie"),
    ...badLocality((balancer as Json | undefined)?.["localityLbSetting"] as Locality | undefined),
  ];
}

function badClientTls(tls: ClientTls | undefined): Problems {
  if (tls === undefined) return [];
  const { mode, credentialName = "", clientCertificate = "", privateKey = "", caCertificates = "" } = tls;
  if ((mode === "SIMPLE" || mode === "MUTUAL") && credentialName !== "") return when(clientCertificate !== "" || caCertificates !== "" || privateKey !== "", "cannot specify client certificates or CA certificate If credentialName is set");
  return mode === "MUTUAL" ? [...when(clientCertificate === "", "client certificate required for mutual tls"), ...when(privateKey === "", "private key required for mutual tls")] : [];
}

const isEmpty = (policy: PortPolicy): boolean => policy.outlierDetection === undefined && policy.connectionPool === undefined && policy.loadBalancer === undefined && policy.tls === undefined;
const badParts = (policy: PortPolicy): Problems => [...badOutlier(policy.outlierDetection as Json | undefined), ...badPool(policy.connectionPool), ...badBalancer(policy.loadBalancer), ...badClientTls(policy.tls)];

function badPolicy(policy: TrafficPolicy | undefined): Problems {
  if (policy === undefined) return [];
  if (isEmpty(policy) && policy.portLevelSettings === undefined && (policy as Json)["tunnel"] === undefined) return ["traffic policy must have at least one field"];
  return [
    ...badParts(policy),
    ...each(policy.portLevelSettings, (item) => [...when(item.port === undefined, "portTrafficPolicy must have valid port"), ...(isEmpty(item) ? ["port traffic policy must have at least one field"] : badParts(item))]),
  ];
}

export interface DestinationRuleSpec {
  readonly host?: string; readonly trafficPolicy?: TrafficPolicy; readonly subsets?: readonly { readonly name?: string; readonly labels?: Labels; readonly trafficPolicy?: TrafficPolicy }[];
  readonly exportTo?: readonly string[]; readonly workloadSelector?: { readonly matchLabels?: Labels };
}

/**
 * What istiod's admission refuses in a DestinationRule.
 * @see istio 1.18 pkg/config/validation/validation.go ValidateDestinationRule
 */
export const badDestinationRule = (spec: DestinationRuleSpec, namespace: string): Problems => [
  ...badWildcard(spec.host ?? ""), ...badPolicy(spec.trafficPolicy),
  ...each(spec.subsets, ({ name = "", labels, trafficPolicy }) => [...(name === "" ? ["subset name cannot be empty"] : when(!isLabel(name), `subset name is invalid: ${name}`)), ...badSelectorLabels(labels), ...badPolicy(trafficPolicy)]),
  ...badExportTo(namespace, spec.exportTo, { selected: spec.workloadSelector !== undefined }), ...badSelector(spec.workloadSelector?.matchLabels),
];

/** Wrong in the TLS settings of a server. */
export function badServerTls(tls: ServerTls | undefined): Problems {
  if (tls === undefined) return [];
  const { mode, credentialName = "", serverCertificate = "", privateKey = "", caCertificates = "" } = tls;
  if (mode === "ISTIO_MUTUAL") {
    return [
      ...when(serverCertificate !== "", "ISTIO_MUTUAL TLS cannot have associated server certificate"), ...when(privateKey !== "", "ISTIO_MUTUAL TLS cannot have associated private key"),
      ...when(caCertificates !== "", "ISTIO_MUTUAL TLS cannot have associated CA bundle"), ...when(credentialName !== "", "ISTIO_MUTUAL TLS cannot have associated credentialName"),
    ];
  }
  if ((mode !== "SIMPLE" && mode !== "MUTUAL") || credentialName !== "") return [];
  return [
    ...when(serverCertificate === "", `${mode} TLS requires a server certificate`), ...when(privateKey === "", `${mode} TLS requires a private key`), ...when(mode === "MUTUAL" && caCertificates === "", "MUTUAL TLS requires a client CA bundle"),
  ];
}
