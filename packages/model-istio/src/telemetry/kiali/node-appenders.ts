import { serviceNamed, servicesOf, type Snapshot } from "@hopscope/model-kubernetes";
import { isKnown, nodeId } from "./node-id.ts";
import type { KialiQuestion } from "./question.ts";
import { isEgressCluster, newNode, type TrafficMap, type TrafficNode } from "./traffic.ts";
import type { ListedWorkload } from "./workloads.ts";

/** Lists the workloads of a namespace; asked for a cluster that Kiali does not know, the whole request fails. */
export type WorkloadsOf = (cluster: string, namespace: string) => readonly ListedWorkload[];

const hasTraffic = ({ rates }: TrafficNode): boolean => ["grpc", "http", "tcp"].some((protocol) => (rates.get(`${protocol}In`) ?? 0) > 0 || (rates.get(`${protocol}Out`) ?? 0) > 0);

function isDead(node: TrafficNode, namespace: string, workloads: WorkloadsOf): boolean {
  if (hasTraffic(node)) return false;
  if (node.type === "service") return node.edges.length === 0 && node.found["isServiceEntry"] === undefined && !isEgressCluster(node);
  if (node.type !== "unknown" && !isKnown(node.workload)) return false;
  const workload = isKnown(node.workload) ? workloads(node.cluster, namespace).find(({ name }) => name === node.workload) : undefined;
  if (workload?.pods === 0) node.found["isDead"] = true;
  return workload === undefined;
}

/** Removes nodes without traffic whose workload or service is gone, again and again; marks those that have no pods. */
export function appendDeadNodes(map: TrafficMap, namespace: string, workloads: WorkloadsOf): void {
  for (let tries = map.size; tries > 0; tries--) {
    let removed = 0;
    for (const [id, node] of map) {
      if (!isDead(node, namespace, workloads)) continue;
      map.delete(id);
      removed++;
    }
    if (removed === 0) return;
    for (const node of map.values()) node.edges = node.edges.filter(({ dest }) => map.has(dest.id));
  }
}

/** Adds services (with injected service nodes) and, beside them, workloads of the namespace that have no traffic. */
export function appendIdleNodes(map: TrafficMap, namespace: string, question: KialiQuestion, context: { readonly snapshot: Pick<Snapshot, "resources">; readonly workloads: WorkloadsOf }): void {
  if (question.node !== undefined || (question.graphType !== "service" && !question.injectServiceNodes)) return;
  const { cluster, graphType } = question;
  const idle: TrafficMap = new Map();
  const addIdle = (end: Parameters<typeof nodeId>[0]): void => {
    const named = nodeId(end, graphType);
    if (named === undefined || map.has(named.id) || idle.has(named.id)) return;
    const node = newNode(named.id, named.type, { ...end, workloadNamespace: namespace }, graphType);
    node.found["isIdle"] = true;
    idle.set(named.id, node);
  };
  const nothing = { cluster, workload: "", app: "", version: "" };
  for (const { metadata } of servicesOf(context.snapshot, namespace)) {
    addIdle({ ...nothing, serviceNamespace: namespace, service: metadata.name, workloadNamespace: "" });
  }
  if (graphType !== "service") {
    for (const { name, labels } of context.workloads(cluster, namespace)) {
      addIdle({ cluster, serviceNamespace: "", service: "", workloadNamespace: namespace, workload: name, app: labels["app"] ?? "unknown", version: labels["version"] ?? "unknown" });
    }
  }
  for (const [id, node] of idle) map.set(id, node);
}

/** Marks nodes whose workloads have no proxy; the mesh's own namespace is left out. */
export function appendMeshCheck(map: TrafficMap, namespace: string, question: KialiQuestion, workloads: WorkloadsOf): void {
  for (const node of map.values()) {
    if (node.found["isOutOfMesh"] === true || node.found["isDead"] === true || node.namespace === question.istioNamespace) continue;
    if (node.namespace !== namespace && !question.accessible.includes(node.namespace)) continue;
    if (node.type !== "workload" && node.type !== "app") continue;
    const listed = workloads(node.cluster, node.namespace);
    const version = isKnown(node.version) && node.version !== "latest" ? node.version : undefined;
    const own = node.type === "workload"
      ? listed.filter(({ name }) => name === node.workload)
      : listed.filter(({ labels }) => labels["app"] === node.app && (version === undefined || labels["version"] === version));
    if (own.some(({ sidecar }) => !sidecar)) node.found["isOutOfMesh"] = true;
  }
}

/** Gives service nodes the app label of their Service, by which the page boxes them. */
export function appendServiceApps(map: TrafficMap, namespace: string, snapshot: Pick<Snapshot, "resources">): void {
  const appOf = (name: string): string | undefined => serviceNamed(snapshot, namespace, name)?.metadata.labels?.["app"];
  for (const node of map.values()) {
    if (node.type !== "service" || node.namespace !== namespace || node.app !== "" || isEgressCluster(node)) continue;
    const entry = node.found["isServiceEntry"];
    const hosts: unknown = typeof entry === "object" && entry !== null ? Reflect.get(entry, "hosts") : undefined;
    const names = Array.isArray(hosts) ? hosts.map((host) => (/^[^.]+\.[^.]+\.global$/.test(String(host)) ? String(host) : (String(host).split(".")[0] ?? ""))) : [node.service];
    node.app = names.map(appOf).filter((app) => app !== undefined).at(-1) ?? "";
  }
}

/** Gives nodes the labels of their Kubernetes objects, but for app and version; what is outside or closed has none. */
export function appendLabels(map: TrafficMap, snapshot: Pick<Snapshot, "resources">, workloads: (namespace: string) => readonly ListedWorkload[]): void {
  for (const node of map.values()) {
    if (node.found["isOutside"] === true || node.found["isInaccessible"] === true || node.type === "unknown") continue;
    const all = node.type === "service"
      ? serviceNamed(snapshot, node.namespace, node.service)?.metadata.labels
      : isKnown(node.workload)
        ? workloads(node.namespace).find(({ name }) => name === node.workload)?.labels
        : Object.assign({}, ...workloads(node.namespace).filter(({ labels }) => labels["app"] === node.app).map(({ labels }) => labels)) as Readonly<Record<string, string>>;
    const labels = Object.entries(all ?? {}).filter(([name]) => name !== "app" && name !== "version");
    if (labels.length > 0) node.found["labels"] = Object.fromEntries(labels);
  }
}

/** Marks what lies outside the question or outside what the user may read, and the nodes that only send. */
export function finish(map: TrafficMap, { namespaces, accessible, cluster }: KialiQuestion): void {
  const targets = new Set([...map.values()].flatMap(({ edges }) => edges.map(({ dest }) => dest.id)));
  for (const node of map.values()) {
    const unreadable = node.cluster !== cluster || !accessible.includes(node.namespace);
    const closed = node.type === "unknown" || (node.type === "service" && (node.namespace === "unknown" || isEgressCluster(node)));
    if (closed || unreadable) node.found["isInaccessible"] = true;
    if (!closed && node.namespace !== "unknown" && !namespaces.includes(node.namespace)) node.found["isOutside"] = true;
    if (node.edges.length > 0 && !targets.has(node.id)) node.found["isRoot"] = true;
  }
}
