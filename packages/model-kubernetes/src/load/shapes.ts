import { meshRequired, meshShapes } from "./mesh-shapes.ts";
import { all, below, labels, list, type Shape, type Shapes, texts } from "./shape.ts";

const selector = (at: string): Shapes => ({ [at]: "mapping", ...labels(`${at}.matchLabels`), ...list(`${at}.matchExpressions`), ...below(`${at}.matchExpressions[]`, { key: "text", operator: "text", ...texts("values") }) });

const probe = (at: string): Shapes => ({ ...all("mapping", at, `${at}.httpGet`, `${at}.tcpSocket`, `${at}.grpc`), ...all("number or text", `${at}.httpGet.port`, `${at}.tcpSocket.port`), [`${at}.grpc.port`]: "port" });
const container: Shapes = {
  ...all("text", "name", "image", "restartPolicy"), ...texts("args"), ...texts("command"), ...list("env"), "env[].name": "text",
  ...list("ports"), "ports[].containerPort": "port", "ports[].hostPort": "port", "ports[].name": "text", "ports[].protocol": "text", "ports[].hostIP": "text",
  ...probe("readinessProbe"), ...probe("livenessProbe"), ...probe("startupProbe"), securityContext: "mapping", "securityContext.runAsUser": "number", "securityContext.runAsGroup": "number",
};
const podSpec: Shapes = {
  ...list("containers"), ...below("containers[]", container), ...list("initContainers"), ...below("initContainers[]", container), ...labels("nodeSelector"),
  ...all("text", "nodeName", "hostname", "subdomain", "serviceAccountName", "dnsPolicy"), hostNetwork: "boolean",
  ...all("mapping", "dnsConfig", "securityContext"), ...texts("dnsConfig.nameservers"), ...texts("dnsConfig.searches"), ...list("dnsConfig.options"), "dnsConfig.options[].name": "text", "dnsConfig.options[].value": "text",
  ...list("hostAliases"), "hostAliases[].ip": "address", ...texts("hostAliases[].hostnames"), "securityContext.runAsUser": "number", "securityContext.runAsGroup": "number",
};
const template: Shapes = { "spec.template": "mapping", "spec.template.metadata": "mapping", ...labels("spec.template.metadata.labels"), ...labels("spec.template.metadata.annotations"), "spec.template.spec": "mapping", ...below("spec.template.spec", podSpec) };
const workload: Shapes = { "spec.replicas": "number", ...selector("spec.selector"), "spec.serviceName": "text", ...template };
const oldWorkload: Shapes = { "spec.replicas": "number", ...labels("spec.selector"), ...template };

const peer = (at: string): Shapes => ({ ...list(at), ...selector(`${at}[].podSelector`), ...selector(`${at}[].namespaceSelector`), [`${at}[].ipBlock`]: "mapping", [`${at}[].ipBlock.cidr`]: "cidr", [`${at}[].ipBlock.except`]: "list", [`${at}[].ipBlock.except[]`]: "cidr" });
const policyPorts = (at: string): Shapes => ({ ...list(at), [`${at}[].port`]: "number or text", [`${at}[].endPort`]: "port", [`${at}[].protocol`]: "text" });

const destination = (at: string): Shapes => ({ [at]: "mapping", [`${at}.host`]: "text", [`${at}.subset`]: "text", [`${at}.port`]: "mapping", [`${at}.port.number`]: "port" });
const stringMatch = (at: string): Shapes => ({ [at]: "mapping", [`${at}.*`]: "text" });
const httpMatch: Shapes = {
  ...all("mapping", "headers", "withoutHeaders", "queryParams", "headers.*", "queryParams.*"), ...stringMatch("uri"), ...stringMatch("method"), ...stringMatch("authority"), ...stringMatch("scheme"),
  port: "port", ...texts("gateways"), ...labels("sourceLabels"), sourceNamespace: "text", name: "text", ignoreUriCase: "boolean",
};
const headerOperations = (at: string): Shapes => ({ ...all("mapping", `${at}.request`, `${at}.response`), ...labels(`${at}.request.set`), ...labels(`${at}.request.add`), ...texts(`${at}.request.remove`), ...labels(`${at}.response.set`), ...labels(`${at}.response.add`), ...texts(`${at}.response.remove`) });
const httpRoute: Shapes = {
  name: "text", timeout: "text", ...list("match"), ...below("match[]", httpMatch), ...list("route"), ...destination("route[].destination"), "route[].weight": "number", "route[].headers": "mapping",
  ...all("mapping", "delegate", "redirect", "rewrite", "fault", "retries", "mirror", "headers", "directResponse", "corsPolicy", "fault.delay", "fault.abort"), "delegate.name": "text", "delegate.namespace": "text",
  "retries.attempts": "number", "retries.perTryTimeout": "text", "retries.retryOn": "text", "rewrite.uri": "text", "rewrite.authority": "text", "redirect.uri": "text", "redirect.authority": "text", "directResponse.status": "number",
  ...all("text", "redirect.scheme", "redirect.derivePort", "directResponse.body.string", "directResponse.body.bytes", "corsPolicy.maxAge", "fault.delay.fixedDelay"), ...all("mapping", "directResponse.body", "mirrorPercentage", "fault.delay.percentage", "fault.abort.percentage", "rewrite.uriRegexRewrite"),
  ...all("number", "redirect.redirectCode", "redirect.port", "mirrorPercent", "mirrorPercentage.value", "fault.delay.percent", "fault.delay.percentage.value", "fault.abort.percentage.value", "fault.abort.httpStatus"),
  ...destination("mirror"), ...list("mirrors"), ...destination("mirrors[].destination"), "mirrors[].percentage": "mapping", "mirrors[].percentage.value": "number",
  ...list("corsPolicy.allowOrigins"), "corsPolicy.allowOrigins[].*": "text", ...texts("corsPolicy.allowOrigin"), ...texts("corsPolicy.allowMethods"), ...texts("corsPolicy.allowHeaders"), ...texts("corsPolicy.exposeHeaders"), "corsPolicy.allowCredentials": "boolean",
  ...headerOperations("headers"), ...headerOperations("route[].headers"),
};
const l4Route = (match: Shapes): Shapes => ({ ...list("match"), ...below("match[]", { port: "port", ...texts("destinationSubnets"), ...texts("gateways"), ...labels("sourceLabels"), ...match }), ...list("route"), ...destination("route[].destination"), "route[].weight": "number" });
const clientTls = (at: string): Shapes => ({ ...all("text", ...["clientCertificate", "privateKey", "caCertificates", "credentialName", "sni"].map((field) => `${at}.${field}`)), ...texts(`${at}.subjectAltNames`) });
const trafficPolicy = (at: string): Shapes => ({
  ...below(`${at}.loadBalancer.localityLbSetting`, { ...list("distribute"), "distribute[].from": "text", "distribute[].to": "mapping", "distribute[].to.*": "number", ...list("failover"), "failover[].from": "text", "failover[].to": "text", ...texts("failoverPriority"), enabled: "boolean" }),
  ...clientTls(`${at}.tls`), ...clientTls(`${at}.portLevelSettings[].tls`),
  ...all("mapping", at, ...["connectionPool", "connectionPool.tcp", "connectionPool.http", "loadBalancer", "loadBalancer.consistentHash", "loadBalancer.localityLbSetting", "outlierDetection", "tls"].map((field) => `${at}.${field}`)),
  [`${at}.loadBalancer.simple`]: "text", [`${at}.tls.mode`]: "text", [`${at}.tls.sni`]: "text", [`${at}.connectionPool.tcp.connectTimeout`]: "text", [`${at}.connectionPool.tcp.maxConnections`]: "number",
  ...list(`${at}.portLevelSettings`), [`${at}.portLevelSettings[].port`]: "mapping", [`${at}.portLevelSettings[].port.number`]: "port", [`${at}.portLevelSettings[].tls`]: "mapping", [`${at}.portLevelSettings[].tls.mode`]: "text",
});
const istioPort = (at: string): Shapes => ({ [`${at}.number`]: "port", [`${at}.name`]: "text", [`${at}.protocol`]: "text", [`${at}.targetPort`]: "port" });
const workloadSelector: Shapes = { "spec.workloadSelector": "mapping", ...labels("spec.workloadSelector.labels") };
const matchLabels: Shapes = { "spec.selector": "mapping", ...labels("spec.selector.matchLabels") };

const adminPeers = (at: string): Shapes => ({ ...list(at), ...all("mapping", `${at}[].namespaces`, `${at}[].pods`), ...selector(`${at}[].namespaces.namespaceSelector`), ...texts(`${at}[].namespaces.sameLabels`), ...texts(`${at}[].namespaces.notSameLabels`), ...selector(`${at}[].pods.podSelector`), [`${at}[].pods.namespaces`]: "mapping", [`${at}[].networks`]: "list", [`${at}[].networks[]`]: "cidr" });
const adminRules = (at: string, peers: string): Shapes => ({ ...list(at), [`${at}[].name`]: "text", [`${at}[].action`]: "text", ...adminPeers(`${at}[].${peers}`), ...list(`${at}[].ports`), ...all("mapping", `${at}[].ports[].portNumber`, `${at}[].ports[].portRange`), [`${at}[].ports[].portNumber.port`]: "port", [`${at}[].ports[].namedPort`]: "text" });
const adminPolicy: Shapes = { "spec.subject": "mapping", ...selector("spec.subject.namespaces"), "spec.subject.pods": "mapping", ...selector("spec.subject.pods.podSelector"), ...selector("spec.subject.pods.namespaceSelector"), ...adminRules("spec.ingress", "from"), ...adminRules("spec.egress", "to") };

/** Types of the fields that models walk over without a second look, by group and kind. */
export const shapes: Readonly<Record<string, Shapes>> = {
  "/Service": {
    ...all("text", "spec.type", "spec.clusterIP", "spec.externalName", "spec.externalTrafficPolicy", "spec.internalTrafficPolicy", "spec.sessionAffinity", "spec.loadBalancerIP"), ...texts("spec.clusterIPs"), ...texts("spec.ipFamilies"), ...labels("spec.selector"),
    ...list("spec.ports"), "spec.ports[].port": "port", "spec.ports[].nodePort": "port", "spec.ports[].targetPort": "number or text", ...all("text", "spec.ports[].name", "spec.ports[].protocol", "spec.ports[].appProtocol"),
    "spec.externalIPs": "list", "spec.externalIPs[]": "address", ...texts("spec.loadBalancerSourceRanges"), "spec.sessionAffinityConfig": "mapping",
    "status.loadBalancer": "mapping", ...list("status.loadBalancer.ingress"), "status.loadBalancer.ingress[].ip": "address", "status.loadBalancer.ingress[].hostname": "text",
  },
  "/Pod": { spec: "mapping", ...below("spec", podSpec), "status.phase": "text", "status.podIP": "address", "status.hostIP": "address", ...list("status.podIPs"), "status.podIPs[].ip": "address", ...list("status.conditions") },
  "/Node": { ...list("status.addresses"), "status.addresses[].type": "text", "status.addresses[].address": "text", ...list("status.conditions") },
  "/Endpoints": { ...list("subsets"), ...list("subsets[].addresses"), "subsets[].addresses[].ip": "address", ...list("subsets[].notReadyAddresses"), "subsets[].notReadyAddresses[].ip": "address", ...list("subsets[].ports"), "subsets[].ports[].port": "port", "subsets[].ports[].name": "text" },
  "/ConfigMap": labels("data"),
  "discovery.k8s.io/EndpointSlice": { addressType: "text", ...list("endpoints"), ...texts("endpoints[].addresses"), "endpoints[].conditions": "mapping", "endpoints[].targetRef": "mapping", "endpoints[].nodeName": "text", "endpoints[].hostname": "text", ...list("ports"), "ports[].port": "port", "ports[].name": "text", "ports[].protocol": "text" },
  "/ReplicationController": oldWorkload,
  "apps.openshift.io/DeploymentConfig": oldWorkload,
  "apps/Deployment": workload,
  "apps/StatefulSet": workload,
  "apps/DaemonSet": workload,
  "apps/ReplicaSet": workload,
  "batch/Job": workload,
  "networking.k8s.io/NetworkPolicy": { ...selector("spec.podSelector"), ...texts("spec.policyTypes"), ...list("spec.ingress"), ...peer("spec.ingress[].from"), ...policyPorts("spec.ingress[].ports"), ...list("spec.egress"), ...peer("spec.egress[].to"), ...policyPorts("spec.egress[].ports") },
  "networking.k8s.io/Ingress": { ...list("spec.rules"), "spec.rules[].host": "text", "spec.rules[].http": "mapping", ...list("spec.rules[].http.paths"), "spec.rules[].http.paths[].path": "text", "spec.rules[].http.paths[].backend": "mapping", ...list("spec.tls"), ...texts("spec.tls[].hosts"), "spec.defaultBackend": "mapping", "spec.ingressClassName": "text" },
  "k8s.ovn.org/EgressIP": { "spec.egressIPs": "list", "spec.egressIPs[]": "address", ...selector("spec.namespaceSelector"), ...selector("spec.podSelector"), ...list("status.items"), "status.items[].egressIP": "address", "status.items[].node": "text" },
  "k8s.ovn.org/EgressFirewall": { ...list("spec.egress"), "spec.egress[].type": "text", "spec.egress[].to": "mapping", "spec.egress[].to.cidrSelector": "cidr", "spec.egress[].to.dnsName": "text", ...selector("spec.egress[].to.nodeSelector"), ...list("spec.egress[].ports"), "spec.egress[].ports[].port": "port", "spec.egress[].ports[].protocol": "text" },
  "k8s.ovn.org/EgressService": { "spec.sourceIPBy": "text", ...selector("spec.nodeSelector"), "spec.network": "text", "status.host": "text" },
  "policy.networking.k8s.io/AdminNetworkPolicy": { "spec.priority": "number", ...adminPolicy },
  "policy.networking.k8s.io/BaselineAdminNetworkPolicy": adminPolicy,
  "route.openshift.io/Route": {
    ...all("text", "spec.host", "spec.path", "spec.subdomain", "spec.wildcardPolicy", "spec.to.kind", "spec.to.name", "spec.tls.termination", "spec.tls.insecureEdgeTerminationPolicy"), ...all("mapping", "spec.to", "spec.tls", "spec.port"), "spec.to.weight": "number", "spec.port.targetPort": "number or text",
    ...list("spec.alternateBackends"), "spec.alternateBackends[].name": "text", "spec.alternateBackends[].weight": "number", ...list("status.ingress"), ...list("status.ingress[].conditions"), "status.ingress[].routerName": "text", "status.ingress[].host": "text",
  },
  "operator.openshift.io/IngressController": {
    "spec.domain": "text", "status.domain": "text", "spec.replicas": "number", ...selector("spec.routeSelector"), ...selector("spec.namespaceSelector"), ...all("mapping", "spec.endpointPublishingStrategy", "spec.nodePlacement", "spec.routeAdmission", "spec.tuningOptions", "spec.httpHeaders", "status.endpointPublishingStrategy", ...["spec", "status"].flatMap((part) => ["hostNetwork", "nodePort", "loadBalancer", "private"].map((one) => `${part}.endpointPublishingStrategy.${one}`))),
    ...all("text", "spec.endpointPublishingStrategy.type", "status.endpointPublishingStrategy.type"), ...all("port", "spec.endpointPublishingStrategy.hostNetwork.httpPort", "spec.endpointPublishingStrategy.hostNetwork.httpsPort", "status.endpointPublishingStrategy.hostNetwork.httpPort", "status.endpointPublishingStrategy.hostNetwork.httpsPort"),
  },
  "operator.openshift.io/DNS": { ...list("spec.servers"), ...texts("spec.servers[].zones"), "status.clusterIP": "text" },
  "networking.istio.io/Gateway": { ...labels("spec.selector"), ...list("spec.servers"), ...texts("spec.servers[].hosts"), "spec.servers[].name": "text", "spec.servers[].bind": "text", "spec.servers[].port": "mapping", ...istioPort("spec.servers[].port"), "spec.servers[].tls": "mapping", "spec.servers[].tls.mode": "text", "spec.servers[].tls.credentialName": "text", "spec.servers[].tls.httpsRedirect": "boolean", ...clientTls("spec.servers[].tls"), ...all("text", "spec.servers[].tls.serverCertificate", "spec.servers[].tls.minProtocolVersion", "spec.servers[].tls.maxProtocolVersion"), ...texts("spec.servers[].tls.cipherSuites") },
  "networking.istio.io/VirtualService": { ...texts("spec.hosts"), ...texts("spec.gateways"), ...texts("spec.exportTo"), ...list("spec.http"), ...below("spec.http[]", httpRoute), ...list("spec.tcp"), ...below("spec.tcp[]", l4Route({})), ...list("spec.tls"), ...below("spec.tls[]", l4Route(texts("sniHosts"))) },
  "networking.istio.io/DestinationRule": { "spec.host": "text", ...texts("spec.exportTo"), ...list("spec.subsets"), "spec.subsets[].name": "text", ...labels("spec.subsets[].labels"), ...trafficPolicy("spec.trafficPolicy"), ...trafficPolicy("spec.subsets[].trafficPolicy"), ...workloadSelector },
  "networking.istio.io/ServiceEntry": { ...texts("spec.hosts"), ...texts("spec.addresses"), ...texts("spec.exportTo"), "spec.resolution": "text", "spec.location": "text", ...list("spec.ports"), ...istioPort("spec.ports[]"), ...list("spec.endpoints"), "spec.endpoints[].address": "text", "spec.endpoints[].ports": "mapping", "spec.endpoints[].ports.*": "port", ...labels("spec.endpoints[].labels"), "spec.endpoints[].weight": "number", ...all("text", "spec.endpoints[].locality", "spec.endpoints[].network", "spec.endpoints[].serviceAccount"), ...texts("spec.subjectAltNames"), ...workloadSelector },
  "networking.istio.io/WorkloadEntry": { "spec.address": "text", "spec.ports": "mapping", "spec.ports.*": "port", ...labels("spec.labels"), ...all("text", "spec.serviceAccount", "spec.locality", "spec.network"), "spec.weight": "number" },
  "networking.istio.io/Sidecar": { ...workloadSelector, ...list("spec.egress"), ...texts("spec.egress[].hosts"), "spec.egress[].port": "mapping", ...istioPort("spec.egress[].port"), "spec.egress[].bind": "text", ...list("spec.ingress"), "spec.ingress[].port": "mapping", ...istioPort("spec.ingress[].port"), "spec.ingress[].defaultEndpoint": "text", "spec.outboundTrafficPolicy": "mapping", "spec.outboundTrafficPolicy.mode": "text" },
  "security.istio.io/PeerAuthentication": { ...matchLabels, "spec.mtls": "mapping", "spec.mtls.mode": "text", "spec.portLevelMtls": "mapping", "spec.portLevelMtls.*": "mapping" },
  "security.istio.io/AuthorizationPolicy": {
    ...matchLabels, "spec.action": "text", ...list("spec.rules"), ...list("spec.rules[].from"), "spec.rules[].from[].source": "mapping", ...list("spec.rules[].to"), "spec.rules[].to[].operation": "mapping", ...list("spec.rules[].when"), "spec.rules[].when[].key": "text", ...texts("spec.rules[].when[].values"), ...texts("spec.rules[].when[].notValues"), "spec.provider": "mapping", "spec.provider.name": "text",
    ...texts("spec.rules[].from[].source.*"), ...texts("spec.rules[].to[].operation.*"),
  },
  "security.istio.io/RequestAuthentication": { ...matchLabels, ...list("spec.jwtRules"), "spec.jwtRules[].issuer": "text", ...texts("spec.jwtRules[].audiences"), ...texts("spec.jwtRules[].fromParams"), ...list("spec.jwtRules[].fromHeaders"), ...list("spec.jwtRules[].outputClaimToHeaders"),
    ...all("text", ...["jwks", "jwksUri", "outputPayloadToHeader", "fromHeaders[].name", "fromHeaders[].prefix", "outputClaimToHeaders[].header", "outputClaimToHeaders[].claim"].map((field) => `spec.jwtRules[].${field}`)), "spec.jwtRules[].forwardOriginalToken": "boolean",
  },
  "maistra.io/ServiceMeshMemberRoll": { ...texts("spec.members"), ...texts("status.members"), ...texts("status.configuredMembers") },
  "maistra.io/ServiceMeshControlPlane": { ...all("mapping", "spec.gateways", "spec.gateways.ingress", "spec.gateways.egress", "spec.gateways.additionalIngress", "spec.gateways.additionalEgress", "spec.gateways.openshiftRoute", "spec.security", "spec.security.trust", "spec.security.dataPlane", "spec.proxy", "spec.proxy.networking", "spec.techPreview", "spec.runtime"), "spec.version": "text", "spec.security.trust.domain": "text" },
  ...meshShapes,
};

/** Fields without which an object says nothing: `parent.field` is missed where the parent is there. */
export const requiredFields: Readonly<Record<string, readonly string[]>> = {
  "/Service": ["spec.ports[].port"],
  "/Pod": ["spec.containers[].name", "spec.hostAliases[].ip", "status.podIPs[].ip"],
  "/Node": ["status.addresses[].type", "status.addresses[].address"],
  "/Endpoints": ["subsets[].addresses[].ip", "subsets[].notReadyAddresses[].ip", "subsets[].ports[].port"],
  "discovery.k8s.io/EndpointSlice": ["endpoints[].addresses"],
  "networking.k8s.io/NetworkPolicy": ["spec.ingress[].from[].ipBlock.cidr", "spec.egress[].to[].ipBlock.cidr"],
  "k8s.ovn.org/EgressIP": ["status.items[].egressIP", "status.items[].node"],
  "k8s.ovn.org/EgressFirewall": ["spec.egress[].type", "spec.egress[].to"],
  "route.openshift.io/Route": ["spec.to", "spec.to.name", "spec.alternateBackends[].name"],
  "networking.istio.io/Gateway": ["spec.servers[].port", "spec.servers[].port.number", "spec.servers[].hosts"],
  "networking.istio.io/VirtualService": ["http", "tcp", "tls"].flatMap((protocol) => [`spec.${protocol}[].route[].destination`, `spec.${protocol}[].route[].destination.host`]).concat("spec.http[].mirror.host", "spec.http[].mirrors[].destination.host"),
  "security.istio.io/AuthorizationPolicy": ["spec.rules[].when[].key"],
  "networking.istio.io/DestinationRule": ["spec.host", "spec.subsets[].name"],
  "networking.istio.io/ServiceEntry": ["spec.hosts", "spec.ports[].number"],
  ...meshRequired,
};

/** Annotations whose text is JSON that models read, by kind. */
export const annotationShapes: Readonly<Record<string, Readonly<Record<string, Shapes>>>> = {
  "/Node": {
    "k8s.ovn.org/host-cidrs": { "[]": "cidr" },
    "k8s.ovn.org/host-addresses": { "[]": "address" },
    "k8s.ovn.org/l3-gateway-config": { default: "mapping", "default.mode": "text", "default.ip-addresses": "list", "default.ip-addresses[]": "cidr", "default.mac-address": "mac", "default.next-hops": "list", "default.next-hops[]": "address", "default.ip-address": "cidr", "default.next-hop": "address" },
    "k8s.ovn.org/node-gateway-router-lrp-ifaddr": { ipv4: "cidr", ipv6: "cidr" },
    "k8s.ovn.org/node-transit-switch-port-ifaddr": { ipv4: "cidr", ipv6: "cidr" },
    "k8s.ovn.org/node-primary-ifaddr": { ipv4: "cidr", ipv6: "cidr" },
  },
  "/Pod": { "k8s.ovn.org/pod-networks": { "*": "mapping", "*.ip_addresses": "list", "*.ip_addresses[]": "cidr", "*.mac_address": "mac", "*.gateway_ips": "list", "*.gateway_ips[]": "address" } },
};

/** Annotations that hold one plain value. */
export const plainAnnotations: Readonly<Record<string, Readonly<Record<string, Shape>>>> = {
  "/Node": { "k8s.ovn.org/node-mgmt-port-mac-address": "mac" },
};
