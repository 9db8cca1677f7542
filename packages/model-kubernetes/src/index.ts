export * from "./resource.ts";
export * from "./snapshot.ts";
export * from "./cluster-spec.ts";
export { loadSnapshot, type LoadedSnapshot, type LoadOptions } from "./load/load-snapshot.ts";
export type { SourceFile } from "./load/parse-file.ts";
export { snapshotOf } from "./load/snapshot-of.ts";
export type { SecretFacts } from "./load/scrub.ts";
export { type CertificateFacts, certificatesIn } from "./load/certificate.ts";
export { type PathStep, parseFieldPath, printFieldPath } from "./load/field-path.ts";
export { groupOf } from "./load/known-kinds.ts";
export { clusterSchema, scenarioSchema } from "./cluster/schemas.ts";
export { parseDuration } from "./cluster/duration.ts";
export type { Expectation, Scenario, ScenarioStep, VerdictWord } from "./cluster/read-scenario.ts";
export { loadScenarios } from "./load/load-scenarios.ts";
export { type Labels, type LabelRequirement, type LabelSelector, matchesLabels, matchesSelector } from "./workload/selector.ts";
export {
  type Container, type ContainerPort, containerPorts, hasEnded, isPod, isReady, isTerminating, type Pod, podIps, type PodSpec, podsOf, type PodStatus, type Probe, targetPortOf,
} from "./workload/pod.ts";
export { podsOfWorkload, type PodTemplate, selectorOf, type Workload, type WorkloadKind, workloadNamed, workloadsOf } from "./workload/workload.ts";
export { completeSnapshot } from "./workload/complete-snapshot.ts";
export { nodeAddresses } from "./workload/derive-nodes.ts";
export { clusterIps, familiesOf, isHeadless, isService, loadBalancerIps, type Service, serviceNamed, type ServicePort, type ServiceSpec, servicesOf } from "./service/service.ts";
export { balancerAddresses, balancersOf, type BalancerAddress } from "./service/balancer-addresses.ts";
export { endpointsOf, type EndpointSlice, selectedPods, type ServiceEndpoint, type ServiceEndpoints, type SliceEndpoint, slicesOf } from "./service/endpoints.ts";
export { type DnsAnswer, addressesOf, type DnsRecord, type DnsType } from "./dns/answer.ts";
export { clusterDnsAnswer } from "./dns/cluster-dns-answer.ts";
export { ingressAddresses, ingressDomains, outsideAnswer } from "./dns/outside-answer.ts";
export { CLUSTER_DOMAIN, clusterDnsAddresses, type ResolvConf, resolvConfOf, searchNames } from "./dns/search-names.ts";
export { hostsAnswer, type Lookup, type Resolution, resolveInCluster, resolveOutside } from "./dns/resolve-in-cluster.ts";
