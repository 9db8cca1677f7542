import type { Pod } from "@hopscope/model-kubernetes";

/** Label of a router pod, with the name of its IngressController. */
export const ROUTER_LABEL = "ingresscontroller.operator.openshift.io/deployment-ingresscontroller";

/** The IngressController whose router a pod is. */
export const routerOf = (pod: Pod): string | undefined => pod.metadata.labels?.[ROUTER_LABEL];

/** Whether a pod is a server of the cluster's DNS. */
export const isDnsServer = (pod: Pod): boolean => pod.metadata.labels?.["dns.operator.openshift.io/daemonset-dns"] !== undefined || pod.metadata.labels?.["k8s-app"] === "kube-dns";
