import { matchesLabels, podsOf, servicesOf, type Snapshot, workloadsOf } from "@hopscope/model-kubernetes";
import { hasSidecar } from "../kiali/workloads.ts";
import type { Scene } from "./mesh-objects.ts";
import { type Check, check, type Report, say } from "./report.ts";

const PROTOCOLS = ["grpc", "grpc-web", "http", "http2", "https", "mongo", "redis", "tcp", "tls", "udp", "mysql"];
const isPortName = (name: string): boolean => PROTOCOLS.some((protocol) => name.startsWith(protocol) && (name.toLowerCase() === protocol || name.charAt(protocol.length) === "-"));

/** Ports of Services: names by which the mesh knows the protocol, and that some Deployment has the port. @see Kiali 1.73, business/checkers/services */
export function checkServices(snapshot: Pick<Snapshot, "resources">, { namespace, rootNamespace }: Scene, report: Report): void {
  const deployments = workloadsOf(snapshot).filter(({ kind, metadata }) => kind === "Deployment" && (metadata.namespace ?? "default") === namespace);
  for (const { metadata, spec } of servicesOf(snapshot, namespace)) {
    const checks: Check[] = [];
    const meshed = podsOf(snapshot, namespace).filter((pod) => matchesLabels(spec.selector ?? {}, pod.metadata.labels)).every(hasSidecar);
    for (const [index, port] of (spec.ports ?? []).entries()) {
      if (!meshed || metadata.labels?.["kiali_wizard"] !== undefined || port.protocol?.toLowerCase() === "udp") continue;
      if (port.appProtocol !== undefined) {
        if (!PROTOCOLS.includes(port.appProtocol.toLowerCase())) checks.push(check("KIA0602", `spec/ports[${index}]`));
      } else if (!isPortName(port.name ?? "")) checks.push(check("KIA0601", `spec/ports[${index}]`));
    }
    const selector = spec.selector ?? {};
    const deployment = namespace === rootNamespace || Object.keys(selector).length === 0 ? undefined : deployments.find((one) => matchesLabels(selector, one.metadata.labels));
    const known = (deployment?.spec.template.spec.containers ?? []).flatMap(({ ports = [] }) => ports);
    if (deployment !== undefined) {
      for (const [index, port] of (spec.ports ?? []).entries()) {
        const target = port.targetPort ?? port.port;
        const found = known.some((one) => (typeof target === "string" && target !== "" ? one.name === target : one.containerPort === (Number(target) > 0 ? Number(target) : port.port)));
        if (!found) checks.push(check("KIA0701", `spec/ports[${index}]`));
      }
    }
    if (checks.length > 0) say(report, { kind: "service", namespace, name: metadata.name }, false, checks);
  }
}
