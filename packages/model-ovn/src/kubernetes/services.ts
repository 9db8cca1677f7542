import { originOf, type Resource, resourcesOf } from "@hopscope/model-kubernetes";
import { isIpv6 } from "./address.ts";
import { clusterLoadBalancers, type LoadBalancerDraft, nodeAddressVariable, perNodeLoadBalancers, templateLoadBalancers, type TemplateValue } from "./load-balancers.ts";
import { clusterIps, serviceConfigs, type ServiceSpec } from "./service-config.ts";
import { hairpinSource } from "./topology.ts";
import type { Zone } from "./zone.ts";

const idledAt = ["k8s.ovn.org/idled-at", "idling.alpha.openshift.io/idled-at"];

/**
 * Writes the load balancers of all services, and the variables of each chassis that template ones use.
 *
 * @see ovn-kubernetes go-controller/pkg/ovn/controller/services/services_controller.go, 2023-10-31
 */
export function compileServices(zone: Zone): void {
  const values: TemplateValue[] = [];
  for (const service of resourcesOf(zone.snapshot, "Service")) {
    if (clusterIps(service).length > 0) values.push(...compileService(zone, service));
  }
  if (!zone.config.templates) return;
  for (const node of zone.local) {
    const variables: Record<string, string> = {};
    for (const family of zone.config.families) {
      const own = node.hostAddresses.filter((address) => isIpv6(address) === (family === 6));
      for (const [index, address] of own.entries()) variables[nodeAddressVariable(family, index)] = address;
    }
    for (const { chassis, name, value } of values) if (chassis === node.chassis) variables[name] = value;
    zone.draft.add("Chassis_Template_Var", node.chassis, { chassis: node.chassis, variables }, originOf(node.resource));
  }
}

function compileService(zone: Zone, service: Resource): readonly TemplateValue[] {
  const { namespace = "default", name } = service.metadata;
  const prefix = `Service_${namespace}/${name}`;
  const configs = serviceConfigs(zone, service);
  const templates = templateLoadBalancers(zone, prefix, configs.template);
  const all = [...clusterLoadBalancers(prefix, configs.cluster), ...templates.loadBalancers, ...perNodeLoadBalancers(zone, prefix, configs.perNode)];
  for (const loadBalancer of all) write(zone, service, loadBalancer);
  return templates.values;
}

function write(zone: Zone, service: Resource, loadBalancer: LoadBalancerDraft): void {
  const { draft, config } = zone;
  const { namespace = "default", name } = service.metadata;
  const spec = (service.spec ?? {}) as ServiceSpec;
  const idled = config.emptyLbEvents && idledAt.some((key) => service.metadata.annotations?.[key] !== undefined);
  const options: Record<string, string> = {
    event: String(idled),
    hairpin_snat_ip: `${hairpinSource[4]} ${hairpinSource[6]}`,
    neighbor_responder: "none",
    reject: String(!idled),
    skip_snat: String(loadBalancer.skipSnat),
  };
  if (spec.sessionAffinity === "ClientIP") options["affinity_timeout"] = String(spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10800);
  if (loadBalancer.template !== undefined) Object.assign(options, { template: "true", "address-family": loadBalancer.template });
  const row = draft.add(
    "Load_Balancer",
    loadBalancer.name,
    {
      name: loadBalancer.name,
      protocol: loadBalancer.protocol.toLowerCase() as "tcp" | "udp" | "sctp",
      vips: loadBalancer.vips,
      options,
      external_ids: { "k8s.ovn.org/kind": "Service", "k8s.ovn.org/owner": `${namespace}/${name}` },
    },
    originOf(service, "spec.ports"),
  );
  for (const on of loadBalancer.switches) draft.find("Logical_Switch", on)?.load_balancer.push(row._uuid);
  for (const on of loadBalancer.routers) draft.find("Logical_Router", on)?.load_balancer.push(row._uuid);
  for (const group of loadBalancer.groups) draft.find("Load_Balancer_Group", group)?.load_balancer.push(row._uuid);
}
