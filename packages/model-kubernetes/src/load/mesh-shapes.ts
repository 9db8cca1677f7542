import { all, labels, list, type Shapes, texts } from "./shape.ts";

const reference = (at: string): Shapes => ({ ...all("text", ...["group", "kind", "name", "namespace", "sectionName"].map((field) => `${at}.${field}`)), [`${at}.port`]: "port", [`${at}.weight`]: "number" });
const nameValues = (at: string): Shapes => ({ ...list(at), ...all("text", `${at}[].name`, `${at}[].value`, `${at}[].type`) });
const headers = (at: string): Shapes => ({ [at]: "mapping", ...nameValues(`${at}.add`), ...nameValues(`${at}.set`), ...texts(`${at}.remove`) });
const modifier = (at: string): Shapes => ({ [at]: "mapping", ...all("text", `${at}.type`, `${at}.replaceFullPath`, `${at}.replacePrefixMatch`) });
const filters = (at: string): Shapes => ({
  ...list(at), [`${at}[].type`]: "text", ...headers(`${at}[].requestHeaderModifier`), ...headers(`${at}[].responseHeaderModifier`),
  ...all("mapping", `${at}[].requestRedirect`, `${at}[].urlRewrite`, `${at}[].requestMirror`, `${at}[].requestMirror.backendRef`), ...reference(`${at}[].requestMirror.backendRef`),
  ...modifier(`${at}[].requestRedirect.path`), ...modifier(`${at}[].urlRewrite.path`), [`${at}[].requestRedirect.statusCode`]: "number", [`${at}[].requestRedirect.port`]: "port", ...all("text", `${at}[].requestRedirect.scheme`, `${at}[].requestRedirect.hostname`, `${at}[].urlRewrite.hostname`),
});
const route: Shapes = {
  ...list("spec.parentRefs"), ...reference("spec.parentRefs[]"), ...texts("spec.hostnames"), ...list("spec.rules"), ...list("spec.rules[].backendRefs"), ...reference("spec.rules[].backendRefs[]"), ...filters("spec.rules[].filters"), ...filters("spec.rules[].backendRefs[].filters"),
  ...list("spec.rules[].matches"), "spec.rules[].matches[].path": "mapping", ...all("text", "spec.rules[].matches[].path.type", "spec.rules[].matches[].path.value", "spec.rules[].matches[].method"), ...nameValues("spec.rules[].matches[].headers"), ...nameValues("spec.rules[].matches[].queryParams"),
};
const selector = (at: string): Shapes => ({ [at]: "mapping", ...labels(`${at}.matchLabels`), ...list(`${at}.matchExpressions`), ...all("text", `${at}.matchExpressions[].key`, `${at}.matchExpressions[].operator`), ...texts(`${at}.matchExpressions[].values`) });

/** Shapes of the mesh's objects beside its routing rules: patches, telemetry, the Gateway API. */
export const meshShapes: Readonly<Record<string, Shapes>> = {
  "networking.istio.io/EnvoyFilter": {
    "spec.workloadSelector": "mapping", ...labels("spec.workloadSelector.labels"), ...list("spec.configPatches"), "spec.configPatches[].applyTo": "text", "spec.priority": "number", ...list("spec.targetRefs"),
    ...all("mapping", "spec.configPatches[].patch", "spec.configPatches[].patch.value", "spec.configPatches[].match", ...["proxy", "proxy.metadata", "listener", "listener.filterChain", "listener.filterChain.filter", "listener.filterChain.filter.subFilter", "routeConfiguration", "routeConfiguration.vhost", "routeConfiguration.vhost.route", "cluster"].map((field) => `spec.configPatches[].match.${field}`)),
    ...all("text", "spec.configPatches[].patch.operation", "spec.configPatches[].match.context", "spec.configPatches[].match.proxy.proxyVersion", ...["listener.name", "listener.filterChain.name", "listener.filterChain.sni", "listener.filterChain.filter.name", "listener.filterChain.filter.subFilter.name", "routeConfiguration.name", "routeConfiguration.gateway", "routeConfiguration.vhost.name", "routeConfiguration.vhost.route.name", "cluster.name", "cluster.service", "cluster.subset"].map((field) => `spec.configPatches[].match.${field}`)),
  },
  "telemetry.istio.io/Telemetry": {
    "spec.selector": "mapping", ...labels("spec.selector.matchLabels"), ...list("spec.metrics"), ...list("spec.metrics[].providers"), "spec.metrics[].providers[].name": "text", ...list("spec.metrics[].overrides"), "spec.metrics[].overrides[].match": "mapping",
    ...all("text", "spec.metrics[].overrides[].match.metric", "spec.metrics[].overrides[].match.customMetric", "spec.metrics[].overrides[].match.mode"), "spec.metrics[].overrides[].disabled": "boolean", ...list("spec.tracing"), ...list("spec.accessLogging"),
  },
  "gateway.networking.k8s.io/GatewayClass": { "spec.controllerName": "text" },
  "gateway.networking.k8s.io/Gateway": {
    "spec.gatewayClassName": "text", ...list("spec.addresses"), ...all("text", "spec.addresses[].type", "spec.addresses[].value"), ...list("spec.listeners"), ...all("text", "spec.listeners[].name", "spec.listeners[].hostname", "spec.listeners[].protocol"), "spec.listeners[].port": "port",
    ...all("mapping", "spec.listeners[].tls", "spec.listeners[].allowedRoutes", "spec.listeners[].allowedRoutes.namespaces"), "spec.listeners[].tls.mode": "text", ...list("spec.listeners[].tls.certificateRefs"), ...reference("spec.listeners[].tls.certificateRefs[]"), ...labels("spec.listeners[].tls.options"),
    "spec.listeners[].allowedRoutes.namespaces.from": "text", ...selector("spec.listeners[].allowedRoutes.namespaces.selector"), ...list("spec.listeners[].allowedRoutes.kinds"), ...all("text", "spec.listeners[].allowedRoutes.kinds[].group", "spec.listeners[].allowedRoutes.kinds[].kind"),
  },
  "gateway.networking.k8s.io/HTTPRoute": route, "gateway.networking.k8s.io/TCPRoute": route, "gateway.networking.k8s.io/TLSRoute": route,
  "gateway.networking.k8s.io/ReferenceGrant": { ...list("spec.from"), ...all("text", "spec.from[].group", "spec.from[].kind", "spec.from[].namespace"), ...list("spec.to"), ...all("text", "spec.to[].group", "spec.to[].kind", "spec.to[].name") },
  "networking.k8s.io/IngressClass": { "spec.controller": "text" },
};

const ROUTES = ["HTTPRoute", "TCPRoute", "TLSRoute"].map((kind) => [`gateway.networking.k8s.io/${kind}`, ["spec.parentRefs[].name", "spec.rules[].backendRefs[].name"]] as const);

/** Fields without which those objects say nothing. */
export const meshRequired: Readonly<Record<string, readonly string[]>> = {
  "gateway.networking.k8s.io/Gateway": ["spec.listeners[].name", "spec.listeners[].port", "spec.listeners[].protocol"],
  "gateway.networking.k8s.io/ReferenceGrant": ["spec.from[].kind", "spec.from[].namespace", "spec.to[].kind"],
  ...Object.fromEntries(ROUTES),
};
