import type { Diagnostic } from "@hopscope/core";
import type { ApplicationSpec, ClusterSpec, Listen, OutsideHost } from "../cluster-spec.ts";
import { originOf, type Resource } from "../resource.ts";
import { parseDuration } from "./duration.ts";
import { clusterSchema } from "./schemas.ts";
import { nearest, validate } from "./validate.ts";

/** A Cluster document as read, with what it leaves out left out. */
export interface ClusterDocument {
  readonly name?: string;
  readonly spec: PartialCluster;
  /** The object it was read from, for origins. */
  readonly resource?: Resource;
}

/** `ClusterSpec` with everything optional. */
export interface PartialCluster {
  readonly platform?: ClusterSpec["platform"];
  readonly network?: Partial<ClusterSpec["network"]>;
  readonly ingress?: ClusterSpec["ingress"];
  readonly outside?: Partial<ClusterSpec["outside"]>;
  readonly applications?: ClusterSpec["applications"];
  readonly latency?: ClusterSpec["latency"];
}

interface WrittenListen {
  readonly port: number;
  readonly application: Listen["application"];
  readonly latency?: { readonly p50: string; readonly p99: string };
}

type Written<T> = Omit<T, "listens"> & { readonly listens?: readonly WrittenListen[] };

interface WrittenCluster extends Omit<PartialCluster, "outside" | "applications"> {
  readonly outside?: { readonly hosts?: readonly Written<OutsideHost>[]; readonly dns?: ClusterSpec["outside"]["dns"] };
  readonly applications?: readonly Written<ApplicationSpec>[];
}

/** Reads a Cluster document, or says what is wrong in it. */
export function readClusterDocument(document: Resource): { readonly value?: ClusterDocument; readonly diagnostics: readonly Diagnostic[] } {
  if (document.apiVersion !== "hopscope/v1" || document.kind !== "Cluster") return { diagnostics: [unknownDocument(document)] };
  const diagnostics = validate(document, clusterSchema);
  if (diagnostics.length > 0) return { diagnostics };
  const { outside, applications, ...rest } = (document.spec ?? {}) as WrittenCluster;
  const spec: PartialCluster = {
    ...rest,
    ...(outside === undefined ? {} : { outside: { dns: outside.dns, hosts: outside.hosts?.map(hostOf) } }),
    ...(applications === undefined ? {} : { applications: applications.map((application) => ({ ...application, listens: listensOf(application.listens) })) }),
  };
  return { value: { name: document.metadata.name, spec, resource: document }, diagnostics };
}

const listensOf = (written: readonly WrittenListen[] = []): readonly Listen[] =>
  written.map(({ latency, ...rest }) => (latency === undefined ? rest : { ...rest, latency: { p50: parseDuration(latency.p50) ?? 0, p99: parseDuration(latency.p99) ?? 0 } }));

const hostOf = (host: Written<OutsideHost>): OutsideHost => {
  const { listens, ...rest } = host;
  return listens === undefined ? { ...rest, listens: [], listensUnknown: true } : { ...rest, listens: listensOf(listens) };
};

function unknownDocument(document: Resource): Diagnostic {
  const version = document.apiVersion !== "hopscope/v1";
  const said = version ? document.apiVersion : document.kind;
  const near = nearest(said, version ? ["hopscope/v1"] : ["Cluster", "Scenario"]);
  return {
    code: version ? "input/unknown-version" : "input/unknown-document",
    severity: "error",
    origin: originOf(document, version ? "apiVersion" : "kind"),
    problem: `"${said}" is unknown`,
    expected: near === undefined ? (version ? '"hopscope/v1"' : '"Cluster" or "Scenario"') : `"${near}"`,
  };
}
