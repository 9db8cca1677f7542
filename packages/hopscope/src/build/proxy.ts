import type { Endpoint, Identity } from "@hopscope/core";
import type { Pod, Snapshot } from "@hopscope/model-kubernetes";
import type { DnsAnswer } from "./dns-endpoint.ts";

export interface ProxyInput {
  readonly id: string;
  readonly name: string;
  readonly identity: Identity;
  readonly pod: Pod;
  readonly type: "sidecar" | "router";
  readonly names: (name: string, type: "A" | "AAAA") => DnsAnswer;
}
/** A pod's Envoy, and the ports it listens on. */
export function proxyEndpoint(_snapshot: Snapshot, _input: ProxyInput): { readonly endpoint: Endpoint | undefined; readonly ports: readonly number[]; readonly config?: () => unknown } {
  return { endpoint: undefined, ports: [] };
}
