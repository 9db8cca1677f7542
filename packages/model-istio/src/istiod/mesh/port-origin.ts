import type { Origin } from "@hopscope/core";
import { originOf } from "@hopscope/model-kubernetes";
import type { MeshService } from "../types.ts";

/** Where a service's port is written. */
export function portOrigin(service: MeshService, number: number): Origin {
  const ports = ((service.resource.spec ?? {}) as { readonly ports?: readonly { readonly port?: number; readonly number?: number }[] }).ports ?? [];
  const index = ports.findIndex((entry) => (entry.port ?? entry.number) === number);
  return originOf(service.resource, index < 0 ? service.path : `spec.ports[${index}]`);
}
