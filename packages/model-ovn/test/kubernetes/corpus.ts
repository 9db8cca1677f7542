import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import type { ClusterSpec, Resource, Snapshot } from "@hopscope/model-kubernetes";
import { parseAllDocuments } from "yaml";
import type { CompileNorthboundOptions } from "../../src/kubernetes/options.ts";

/** Folder of the measured truths; absent outside the build that has them. */
export const corpora: string = process.env["HOPSCOPE_CORPORA"] ?? fileURLToPath(new URL("../../../../../shared/corpora", import.meta.url));

export type Row = Readonly<Record<string, unknown>> & { readonly _table: string; readonly _id: string };

export interface Case {
  readonly name: string;
  readonly mode: string;
  readonly gateway: string;
  readonly zone: string;
  readonly flags: readonly string[];
  readonly dns?: Readonly<Record<string, readonly string[]>>;
  readonly chassisTemplateVar?: boolean;
  readonly unstable?: readonly string[];
}

export interface Measured {
  readonly case: Case;
  readonly objects: readonly Resource[];
  readonly rows: readonly Row[];
}

const folder = `${corpora}/ovnkube-nb`;

/** Whether the corpus is there. */
export const available: boolean = existsSync(folder);

export function caseNames(): readonly string[] {
  const random = readdirSync(`${folder}/random`).filter((file) => file.endsWith(".json.gz")).map((file) => file.replace(".json.gz", ""));
  return [...readdirSync(`${folder}/curated`), ...random];
}

export function readCase(name: string): Measured {
  const packed = `${folder}/random/${name}.json.gz`;
  if (existsSync(packed)) {
    const all = JSON.parse(gunzipSync(readFileSync(packed)).toString("utf8")) as { case: Case; objects: Resource[]; nb: Row[] };
    return { case: all.case, objects: all.objects, rows: all.nb };
  }
  const at = `${folder}/curated/${name}`;
  const objects = parseAllDocuments(readFileSync(`${at}/objects.yaml`, "utf8")).map((document) => document.toJS() as Resource);
  const rows = readFileSync(`${at}/nb.jsonl`, "utf8").split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as Row);
  return { case: JSON.parse(readFileSync(`${at}/case.json`, "utf8")) as Case, objects: objects.filter((object) => object !== null), rows };
}

export function snapshotOfObjects(resources: readonly Resource[]): Snapshot {
  const cluster: ClusterSpec = {
    name: "test",
    platform: {},
    network: { pods: ["10.128.0.0/14/23"], services: ["172.30.0.0/16"], gatewayMode: "shared", interconnect: true },
    ingress: [],
    outside: { hosts: [], dns: [] },
    applications: [],
    latency: {},
  };
  return { resources, cluster, diagnostics: [], caveats: [], locate: (origin) => origin };
}

/** The options that say the same as the controllers' flags. */
export function optionsOf({ mode, zone, flags, dns, chassisTemplateVar }: Case): CompileNorthboundOptions {
  const has = (flag: string): boolean => flags.includes(flag);
  const value = (flag: string): string | undefined => (has(flag) ? flags[flags.indexOf(flag) + 1] : undefined);
  const list = (flag: string): string[] | undefined => value(flag)?.split(",");
  return {
    zone,
    interconnect: mode === "ic",
    gatewayMode: value("--gateway-mode") === "local" ? "local" : "shared",
    clusterSubnets: list("--cluster-subnets"),
    serviceCidrs: list("--k8s-service-cidrs"),
    mtu: Number(value("--mtu") ?? 1400),
    multicast: has("--enable-multicast"),
    disableSnatMultipleGateways: has("--disable-snat-multiple-gws"),
    emptyLbEvents: has("--ovn-empty-lb-events"),
    egressIp: has("--enable-egress-ip"),
    egressFirewall: has("--enable-egress-firewall"),
    egressQos: has("--enable-egress-qos"),
    egressService: has("--enable-egress-service"),
    multiExternalGateway: has("--enable-multi-external-gateway"),
    adminNetworkPolicy: has("--enable-admin-network-policy"),
    hostNetworkNamespace: value("--host-network-namespace"),
    hybridOverlaySubnets: list("--hybrid-overlay-cluster-subnets"),
    templates: chassisTemplateVar !== false,
    dns,
  };
}
