import { resourcesOf, type Resource, type Snapshot } from "@hopscope/model-kubernetes";
import { gatewayHost, hostOf, hostText } from "./host.ts";
import { inRegistry, type Scene } from "./mesh-objects.ts";
import { type Check, check, type Report, say, type Subject } from "./report.ts";

const GROUP = "gateway.networking.k8s.io";
const at = (value: unknown, ...path: readonly string[]): unknown =>
  path.reduce<unknown>((inner, key) => (typeof inner === "object" && inner !== null && Object.hasOwn(inner, key) ? Reflect.get(inner, key) : undefined), value);
const list = (value: unknown, ...path: readonly string[]): readonly unknown[] => {
  const found = at(value, ...path);
  return Array.isArray(found) ? found : [];
};
const text = (value: unknown, otherwise = ""): string => (typeof value === "string" && value !== "" ? value : otherwise);
const namespaceOf = ({ metadata }: Resource): string => metadata.namespace ?? "default";

/** Two listeners for one thing; a listener without a host name clashes with none. */
const isSame = (a: unknown, b: unknown): boolean => at(a, "hostname") !== undefined && ["hostname", "port", "protocol"].every((field) => at(a, field) === at(b, field));

function clashes(gateway: Resource, others: readonly Resource[]): readonly Check[] {
  const listeners = list(gateway.spec, "listeners");
  const addresses = list(gateway.spec, "addresses").filter((own) => at(own, "type") !== undefined && others.some((other) => list(other.spec, "addresses").some((one) => at(one, "type") === at(own, "type") && at(one, "value") === at(own, "value"))));
  return [
    ...addresses.map(() => check("KIA1502", "spec/addresses/value")),
    ...listeners.flatMap((own, index) => [
      ...(others.some((other) => list(other.spec, "listeners").some((one) => isSame(own, one))) ? [check("KIA1501", `spec/listeners[${index}]/hostname`)] : []),
      ...listeners.flatMap((one, place) => (at(one, "name") !== at(own, "name") && isSame(own, one) ? [check("KIA1503", `spec/listeners[${place}]/name`)] : [])),
    ]),
  ];
}

const BAD_CONDITION: Readonly<Record<string, string>> = { Scheduled: "False", Ready: "False" };
const BAD_LISTENER: Readonly<Record<string, string>> = { Conflicted: "True", Detached: "True", Ready: "False", ResolvedRefs: "False" };

/** What the Gateway's own status says is wrong. */
function statusChecks({ status }: Resource): readonly Check[] {
  const bad = (conditions: readonly unknown[], wrong: Readonly<Record<string, string>>, part: string): readonly Check[] =>
    conditions.flatMap((one, index) => (wrong[text(at(one, "type"))] !== undefined && wrong[text(at(one, "type"))] === at(one, "status") ? [check("GWAPI", `status/conditions[${index}]/${part}/${text(at(one, "reason"))}`, "warning")] : []));
  // Of a listener's condition the path has the listener's place.
  const listeners = list(status, "listeners").flatMap((listener, place) => bad(list(listener, "conditions"), BAD_LISTENER, "type").map((one): Check => ({ ...one, path: one.path.replace(/\[\d+\]/, `[${place}]`) })));
  return [...bad(list(status, "conditions"), BAD_CONDITION, "reason"), ...listeners];
}

function routeChecks(route: Resource, gateways: readonly Resource[], scene: Scene): readonly Check[] {
  const own = namespaceOf(route);
  const parents = list(route.spec, "parentRefs").flatMap((ref, index) => {
    const name = text(at(ref, "name"));
    if (name === "" || text(at(ref, "kind"), "Gateway") !== "Gateway" || text(at(ref, "group"), GROUP) !== GROUP) return [];
    const { service, namespace } = gatewayHost(name, text(at(ref, "namespace"), own));
    return gateways.some((gateway) => gateway.metadata.name === service && namespaceOf(gateway) === namespace) ? [] : [check("KIA1401", `spec/parentRefs[${index}]/name/${name}`)];
  });
  const backends = list(route.spec, "rules").flatMap((rule, place) => list(rule, "backendRefs").flatMap((ref, index) => {
    if (text(at(ref, "kind"), "Service") !== "Service") return [];
    const namespace = text(at(ref, "namespace"), own);
    return inRegistry(scene, namespace, hostText(hostOf(text(at(ref, "name")), namespace, scene.namespaces))) ? [] : [check("KIA1402", `spec/rules[${place}]/backendRefs[${index}]/name`)];
  }));
  return [...parents, ...backends];
}

/** Gateways of Istio's class, and HTTPRoutes. @see Kiali 1.73, business/checkers/k8sgateways and k8shttproutes */
export function checkGatewayApi(snapshot: Pick<Snapshot, "resources">, scene: Scene, report: Report): void {
  const gateways = resourcesOf(snapshot, "Gateway", { group: GROUP }).filter(({ spec }) => at(spec, "gatewayClassName") === "istio");
  for (const gateway of gateways) {
    const subject: Subject = { kind: "k8sgateway", namespace: namespaceOf(gateway), name: gateway.metadata.name };
    const clashing = clashes(gateway, gateways.filter(({ metadata }) => metadata.name !== gateway.metadata.name));
    if (clashing.length > 0) say(report, subject, true, clashing, { apart: true });
    const found = statusChecks(gateway);
    say(report, subject, found.length === 0, found);
  }
  for (const route of resourcesOf(snapshot, "HTTPRoute", { group: GROUP })) {
    const found = routeChecks(route, gateways, scene);
    say(report, { kind: "k8shttproute", namespace: namespaceOf(route), name: route.metadata.name }, found.length === 0, found);
  }
}
