import type { Caveat } from "@hopscope/core";
import { originOf, podsOf, type Resource, resourcesOf, type Snapshot, workloadsOf } from "@hopscope/model-kubernetes";
import { ROUTER_LABEL, routerOf } from "../network/roles.ts";

interface Strategy {
  readonly type?: string;
  readonly hostNetwork?: { readonly httpPort?: number; readonly httpsPort?: number };
}

interface ControllerBody {
  readonly replicas?: number;
  readonly endpointPublishingStrategy?: Strategy;
}

/**
 * The routers that a snapshot implies and does not run: one Deployment for each IngressController, or for the default one where there
 * are only Routes or Ingresses. On the host network unless the IngressController says otherwise.
 *
 * @see openshift/cluster-ingress-operator release-4.14, pkg/operator/controller/ingress/deployment.go
 */
export function assumeRouters(snapshot: Snapshot, caveats: Caveat[]): readonly Resource[] {
  const controllers = resourcesOf(snapshot, "IngressController", { group: "operator.openshift.io" });
  const [route = ingressFor(snapshot)] = resourcesOf(snapshot, "Route", { group: "route.openshift.io" });
  const wanted: readonly (readonly [string, Resource])[] = controllers.length > 0 ? controllers.map((one) => [one.metadata.name, one] as const) : route === undefined ? [] : [["default", route]];
  const running = new Set([...podsOf(snapshot).flatMap((pod) => routerOf(pod) ?? []), ...workloadsOf(snapshot).flatMap(({ spec }) => spec.template.metadata?.labels?.[ROUTER_LABEL] ?? [])]);
  return wanted.flatMap(([name, resource]) => {
    if (running.has(name)) return [];
    const body = resource.kind === "IngressController" ? ({ ...(resource.spec as ControllerBody | undefined), ...strategyOf(resource) } as ControllerBody) : {};
    const { type = "HostNetwork", hostNetwork } = body.endpointPublishingStrategy ?? {};
    const onHost = type === "HostNetwork";
    caveats.push({ code: "assumed/router", problem: `the snapshot runs no router of IngressController "${name}"; Deployment openshift-ingress/router-${name} is assumed, ${onHost ? "on the host network" : `published by ${type}`}`, origin: originOf(resource) });
    const labels = { [ROUTER_LABEL]: name };
    const ports = onHost ? [hostNetwork?.httpPort ?? 80, hostNetwork?.httpsPort ?? 443] : [80, 443];
    const deployment: Resource = {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: `router-${name}`, namespace: "openshift-ingress", labels: { "ingresscontroller.operator.openshift.io/owning-ingresscontroller": name } },
      spec: {
        replicas: body.replicas ?? 2,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { ...(onHost ? { hostNetwork: true, dnsPolicy: "ClusterFirstWithHostNet" } : {}), containers: [{ name: "router", ports: [{ name: "http", containerPort: ports[0] }, { name: "https", containerPort: ports[1] }] }] } },
      },
    };
    return [deployment];
  });
}

/** An Ingress that the router would serve: of no class, or of the router's. */
function ingressFor(snapshot: Snapshot): Resource | undefined {
  return resourcesOf(snapshot, "Ingress", { group: "networking.k8s.io" }).find(({ spec, metadata }) => {
    const name = (spec as { readonly ingressClassName?: string } | undefined)?.ingressClassName ?? metadata.annotations?.["kubernetes.io/ingress.class"];
    return name === undefined || name.startsWith("openshift");
  });
}

function strategyOf({ spec, status }: Resource): ControllerBody {
  const of = (body: unknown): Strategy | undefined => (body as ControllerBody | undefined)?.endpointPublishingStrategy;
  const strategy = of(status)?.type === undefined ? of(spec) : of(status);
  return strategy === undefined ? {} : { endpointPublishingStrategy: strategy };
}
