import type { Caveat, Origin } from "@hopscope/core";
import { originOf, resourcesOf, type Resource, type Snapshot } from "@hopscope/model-kubernetes";
import type { DefaultTimeouts } from "../haproxy/program.ts";
import { fields, headerActions, list, text, type HeaderAction } from "./objects.ts";

/** What an IngressController tells its routers, as their environment would say it. */
export interface RouterSettings {
  readonly name: string;
  readonly origin: Origin;
  readonly domain: string;
  readonly canonicalHostname: string;
  readonly namespaceSelector: unknown;
  readonly routeSelector: unknown;
  readonly allowWildcards: boolean;
  readonly interNamespace: boolean;
  readonly forwarded: "append" | "replace" | "if-none" | "never";
  readonly ipMode: "v4" | "v6" | "v4v6";
  readonly balance: string;
  readonly http2: boolean;
  readonly errorPages: boolean;
  readonly caseAdjustments: boolean;
  readonly timeouts: DefaultTimeouts;
  readonly checkInterval: string;
  readonly bufsize: number;
  readonly maxrewrite: number;
  readonly maxconn: number;
  readonly acceptProxy: boolean;
  readonly clientTls: { readonly verify: "none" | "optional" | "required"; readonly filter?: string };
  readonly defaultCertificateNames: readonly string[];
  readonly uniqueId?: { readonly header: string; readonly format: string };
  readonly requestHeaders: readonly HeaderAction[];
  readonly responseHeaders: readonly HeaderAction[];
  readonly caveats: readonly Caveat[];
}

const UNIT: Readonly<Record<string, number>> = { ns: 1, us: 1e3, "µs": 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };

/** Nanoseconds of a Go duration such as `1m30s`. */
function goDuration(value: string): number | undefined {
  if (!/^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(value)) return undefined;
  return [...value.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)].reduce((sum, [, amount, unit]) => sum + Number(amount) * (UNIT[unit ?? ""] ?? 0), 0);
}

/** A duration as the ingress operator writes it for HAProxy: in the largest unit that divides it. */
function haproxyTime(value: unknown, fallback: string): string {
  const nanoseconds = goDuration(text(value));
  if (nanoseconds === undefined || nanoseconds <= 0) return fallback;
  if (nanoseconds > 2_147_483_647e6) return "2147483647ms";
  for (const unit of ["h", "m", "s", "ms"]) {
    const size = UNIT[unit] ?? 1;
    if (nanoseconds % size === 0) return `${nanoseconds / size}${unit}`;
  }
  return `${Math.floor(nanoseconds / 1e3)}us`;
}

const FORWARDED: Readonly<Record<string, RouterSettings["forwarded"]>> = { Append: "append", Replace: "replace", IfNone: "if-none", Never: "never" };
const number = (value: unknown, fallback: number): number => (typeof value === "number" && value > 0 ? value : fallback);

function ipMode(snapshot: Snapshot): RouterSettings["ipMode"] {
  const network = resourcesOf(snapshot, "Network").find((resource) => resource.apiVersion.startsWith("config.openshift.io/"));
  const networks = [network?.status, network?.spec].map((part) => list(fields(part)["clusterNetwork"])).find((part) => part.length > 0);
  const cidrs = networks?.map((entry) => text(fields(entry)["cidr"])) ?? snapshot.cluster.network.pods;
  const six = cidrs.some((cidr) => cidr.includes(":"));
  const four = cidrs.some((cidr) => cidr !== "" && !cidr.includes(":"));
  return six ? (four ? "v4v6" : "v6") : "v4";
}

/** PROXY protocol on the public ports: where the strategy says so, or in front of a classic AWS load balancer. */
function proxyProtocol(snapshot: Snapshot, strategy: Readonly<Record<string, unknown>>): boolean {
  const type = text(strategy["type"]);
  const key = { NodePortService: "nodePort", HostNetwork: "hostNetwork", Private: "private" }[type];
  if (key !== undefined) return text(fields(strategy[key])["protocol"]) === "PROXY";
  if (type !== "LoadBalancerService") return false;
  const parameters = fields(fields(strategy["loadBalancer"])["providerParameters"]);
  if (text(fields(parameters["ibm"])["protocol"]) === "PROXY") return true;
  const infrastructure = resourcesOf(snapshot, "Infrastructure")[0];
  const platform = text(fields(fields(infrastructure?.status)["platformStatus"])["type"]);
  return platform === "AWS" && text(fields(parameters["aws"])["type"]) !== "NLB";
}

/** Names of the default certificate: of the Secret that the IngressController names, else `*.domain`, which the operator makes. */
function certificateNames(snapshot: Snapshot, spec: Readonly<Record<string, unknown>>, domain: string): readonly string[] {
  const name = text(fields(spec["defaultCertificate"])["name"]);
  const secret = resourcesOf(snapshot, "Secret", { group: "", namespace: "openshift-ingress" }).find((resource) => name !== "" && resource.metadata.name === name);
  const facts = fields(list(fields(secret?.["certificates"])["tls.crt"])[0]);
  const alternative = list(facts["subjectAltNames"]).flatMap((entry) => /^DNS:(.*)$/.exec(text(entry))?.[1] ?? []);
  const common = /(?:^|, )CN=([^,]*)/.exec(text(facts["subject"]))?.[1];
  const names = [...alternative, ...(common === undefined ? [] : [common])];
  return names.length > 0 ? names : domain === "" ? [] : [`*.${domain}`];
}

/** The IngressController of a name; `undefined` where the snapshot holds none. */
export function findController(snapshot: Snapshot, name: string): Resource | undefined {
  return resourcesOf(snapshot, "IngressController", { group: "operator.openshift.io" }).find((resource) => resource.metadata.name === name);
}

/**
 * Derives a router's settings from its IngressController, as the ingress operator does.
 *
 * @see openshift/cluster-ingress-operator release-4.14, pkg/operator/controller/ingress/deployment.go
 */
export function readSettings(snapshot: Snapshot, name: string): RouterSettings {
  const resource = findController(snapshot, name);
  const spec = fields(resource?.spec);
  const status = fields(resource?.status);
  const tuning = fields(spec["tuningOptions"]);
  const headers = fields(spec["httpHeaders"]);
  const actions = fields(headers["actions"]);
  const admission = fields(spec["routeAdmission"]);
  const client = fields(spec["clientTLS"]);
  const overrides = fields(spec["unsupportedConfigOverrides"]);
  const statusStrategy = fields(status["endpointPublishingStrategy"]);
  const strategy = Object.keys(statusStrategy).length > 0 ? statusStrategy : fields(spec["endpointPublishingStrategy"]);
  const ingress = resourcesOf(snapshot, "Ingress", { group: "config.openshift.io" })[0];
  const domain = text(status["domain"]) || text(spec["domain"]) || text(fields(ingress?.spec)["domain"]);
  const h2 = "ingress.operator.openshift.io/default-enable-http2";
  const patterns = list(client["allowedSubjectPatterns"]).map(text);
  const unique = fields(headers["uniqueId"]);
  const policy = text(client["clientCertificatePolicy"]);
  const origin: Origin = resource === undefined ? { object: `IngressController openshift-ingress-operator/${name}` } : originOf(resource);
  const caveats: Caveat[] = [];
  if (resource === undefined) {
    caveats.push({ code: "router/ingress-controller-assumed", problem: `the snapshot holds no IngressController "${name}"; a router with default settings is assumed`, origin });
  }
  const version = snapshot.cluster.platform.openshift;
  if (version !== undefined && !/^4\.14(\.|$)/.test(version)) {
    caveats.push({ code: "router/version-not-modelled", problem: `the router is modelled after OpenShift 4.14, the cluster runs "${version}"`, origin });
  }
  if (spec["httpCompression"] !== undefined) {
    caveats.push({ code: "router/compression-not-modelled", problem: "responses may be compressed; sizes and headers of responses do not show it", origin: { ...origin, path: "spec.httpCompression" } });
  }
  return {
    name,
    origin,
    domain,
    canonicalHostname: domain === "" ? "" : `router-${name}.${domain}`,
    namespaceSelector: spec["namespaceSelector"],
    routeSelector: spec["routeSelector"],
    allowWildcards: admission["wildcardPolicy"] === "WildcardsAllowed",
    interNamespace: admission["namespaceOwnership"] === "InterNamespaceAllowed",
    forwarded: FORWARDED[text(headers["forwardedHeaderPolicy"])] ?? "append",
    ipMode: ipMode(snapshot),
    balance: overrides["loadBalancingAlgorithm"] === "leastconn" ? "leastconn" : "random",
    http2: (resource?.metadata.annotations?.[h2] ?? ingress?.metadata.annotations?.[h2]) === "true",
    errorPages: text(fields(spec["httpErrorCodePages"])["name"]) !== "",
    caseAdjustments: list(headers["headerNameCaseAdjustments"]).length > 0,
    timeouts: {
      connect: haproxyTime(tuning["connectTimeout"], "5s"),
      client: haproxyTime(tuning["clientTimeout"], "30s"),
      "client-fin": haproxyTime(tuning["clientFinTimeout"], "1s"),
      server: haproxyTime(tuning["serverTimeout"], "30s"),
      "server-fin": haproxyTime(tuning["serverFinTimeout"], "1s"),
      "http-request": "10s",
      "http-keep-alive": "300s",
      tunnel: haproxyTime(tuning["tunnelTimeout"], "1h"),
      inspect: haproxyTime(tuning["tlsInspectDelay"], "5s"),
    },
    checkInterval: haproxyTime(tuning["healthCheckInterval"], ""),
    bufsize: number(tuning["headerBufferBytes"], 32768),
    maxrewrite: number(tuning["headerBufferMaxRewriteBytes"], 8192),
    maxconn: number(tuning["maxConnections"], 50000),
    acceptProxy: proxyProtocol(snapshot, strategy),
    clientTls: {
      verify: policy === "Required" ? "required" : policy === "Optional" ? "optional" : "none",
      ...(patterns.length > 0 && { filter: `(?:${patterns.join("|")})` }),
    },
    defaultCertificateNames: certificateNames(snapshot, spec, domain),
    ...(text(unique["name"]) !== "" && { uniqueId: { header: text(unique["name"]), format: text(unique["format"]) || "%{+X}o %ci:%cp_%fi:%fp_%Ts_%rt:%pid" } }),
    requestHeaders: headerActions(actions["request"], "spec.httpHeaders.actions.request"),
    responseHeaders: headerActions(actions["response"], "spec.httpHeaders.actions.response"),
    caveats,
  };
}
