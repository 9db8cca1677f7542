import type { Machine } from "./machine.ts";
import { indexOf, isReadable } from "./read-table.ts";

/** Reads the flows of every table now, so that the first packet is as quick as the next: worth it for small databases. */
export function readAhead(machine: Machine): void {
  for (const { tables } of machine.datapaths) {
    for (const table of [...tables.ingress, ...tables.egress]) {
      for (const { flows } of indexOf(machine, table).parts) for (const flow of flows) isReadable(machine, flow);
    }
  }
}
