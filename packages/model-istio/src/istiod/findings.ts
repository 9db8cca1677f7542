import type { Finding } from "@hopscope/core";
import type { Resource, Snapshot } from "@hopscope/model-kubernetes";
import { originOf, resourcesOf } from "@hopscope/model-kubernetes";
import { selects } from "./mesh/config-order.ts";
import { destinationRuleFor } from "./cluster/destination-rules.ts";
import { bypassedEgress } from "./egress-finding.ts";
import type { ServiceSpec } from "./mesh/kubernetes-services.ts";
import { isMade } from "./convert/made.ts";
import { refusals } from "./validate/validate.ts";
import { buildModel } from "./model.ts";
import type { Model } from "./model.ts";
import type { CompileOptions, Labels } from "./types.ts";
import type { Destination, VirtualService } from "./route/virtual-service.ts";

interface GatewaySpec { readonly selector?: Labels; readonly servers?: readonly { readonly port?: { readonly number?: number } }[] }

function undefinedSubsets(model: Model, vs: VirtualService): Finding[] {
  const client = { namespace: vs.namespace, labels: {} };
  const check = (destination: Destination | undefined, path: string, from: Resource): Finding[] => {
    if (destination?.subset === undefined || destination.subset === "") return [];
    const service = model.servicesOf.get(destination.host)?.[0];
    if (service === undefined) return [];
    const rule = destinationRuleFor(model.destinationRules, client, service, model.mesh);
    if (rule?.subsets.some((subset) => subset.name === destination.subset) === true) return [];
    return [{
      code: "mesh/subset-undefined", severity: "error", origin: originOf(from, `${path}.subset`),
      problem: `subset "${destination.subset}" of "${destination.host}" is defined by no DestinationRule that applies, so the proxy has no such cluster and answers 503 NC`,
      fix: `define subset "${destination.subset}" in a DestinationRule for "${destination.host}"`,
    }];
  };
  return [
    ...vs.http.flatMap((item) => (item.route ?? []).flatMap((route, index) => check(route.destination, `${item.path ?? "spec.http"}.route[${index}].destination`, item.from ?? vs.resource))),
    ...(["tcp", "tls"] as const).flatMap((kind) => vs[kind].flatMap((item, at) => (item.route ?? []).flatMap((route, index) => check(route.destination, `spec.${kind}[${at}].route[${index}].destination`, vs.resource)))),
  ];
}

/**
 * Finds mesh configuration that does not do what it seems to say, each with the change that mends it.
 * @example
 * meshFindings(snapshot).map((finding) => finding.code) // ["mesh/egress-gateway-bypassed"]
 */
export function meshFindings(snapshot: Pick<Snapshot, "resources">, options: CompileOptions = {}): readonly Finding[] {
  const model = buildModel(snapshot, options);
  const findings: Finding[] = [];
  const sniff = model.flags.sniffOutbound;
  for (const service of model.services) {
    if (!service.kubernetes) continue;
    const ports = ((service.resource.spec ?? {}) as ServiceSpec).ports ?? [];
    for (const [index, port] of service.ports.entries()) {
      if (port.protocol !== "UnsupportedProtocol") continue;
      findings.push({
        code: "mesh/port-name-unknown", severity: sniff ? "info" : "warning", origin: originOf(service.resource, `spec.ports[${index}].name`),
        problem: `port "${ports[index]?.appProtocol ?? port.name}" (${port.number}) names no protocol, so the proxies ${sniff ? "guess it from the first bytes" : "treat it as plain TCP and record no request metrics"}`,
        fix: `name the port "http-${port.name === "" ? port.number : port.name}", or set appProtocol to the protocol it speaks`,
      });
    }
  }
  for (const resource of model.seen.resources) {
    const problems = refusals(resource);
    if (problems.length === 0) continue;
    findings.push({ code: "mesh/refused", severity: "error", origin: originOf(resource), problem: `istiod's admission refuses it: ${problems.join("; ")}`, fix: "correct the object; the cluster does not take it as it is" });
  }
  for (const vs of model.virtualServices) findings.push(...bypassedEgress(snapshot, model, vs), ...undefinedSubsets(model, vs));
  for (const gateway of resourcesOf({ resources: model.gateways }, "Gateway")) {
    if (isMade(gateway)) continue;
    const selector = ((gateway.spec ?? {}) as GatewaySpec).selector;
    if (model.pods.some((pod) => selects(selector, pod.labels))) continue;
    findings.push({
      code: "mesh/gateway-without-workload", severity: "error", origin: originOf(gateway, "spec.selector"),
      problem: `no pod of the mesh has the labels ${JSON.stringify(selector ?? {})}, so no proxy serves this Gateway`,
      fix: "set spec.selector to labels of the gateway's pods, or deploy the gateway",
    });
  }
  return findings;
}
