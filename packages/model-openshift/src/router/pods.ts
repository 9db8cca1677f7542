import { podsOf, type Pod, type Snapshot } from "@hopscope/model-kubernetes";
import { fields } from "./objects.ts";
import { findController } from "./settings.ts";

const DEPLOYMENT = "ingresscontroller.operator.openshift.io/deployment-ingresscontroller";

/** The router pods of an IngressController, by the label that its operator gives them. */
export const routerPods = (snapshot: Snapshot, controller = "default"): readonly Pod[] =>
  podsOf(snapshot, "openshift-ingress").filter((pod) => pod.metadata.labels?.[DEPLOYMENT] === controller);

/**
 * Ports on which the router's HAProxy listens in its network namespace.
 *
 * 80 and 443, unless the routers are on the host network and the IngressController says otherwise.
 */
export function publicPorts(snapshot: Snapshot, controller = "default"): { readonly http: number; readonly https: number } {
  const resource = findController(snapshot, controller);
  const strategies = [resource?.status, resource?.spec].map((part) => fields(fields(part)["endpointPublishingStrategy"]));
  const strategy = strategies.find((candidate) => candidate["type"] !== undefined) ?? {};
  const host = strategy["type"] === "HostNetwork" ? fields(strategy["hostNetwork"]) : {};
  const port = (value: unknown, usual: number): number => (typeof value === "number" && value > 0 ? value : usual);
  return { http: port(host["httpPort"], 80), https: port(host["httpsPort"], 443) };
}
