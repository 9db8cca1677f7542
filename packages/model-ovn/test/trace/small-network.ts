import { logicalFlow, sbDatapath, sbPort, southbound } from "../../src/southbound-row.ts";
import type { LogicalFlow, SouthboundDb } from "../../src/southbound.ts";

let count = 0;
/** A flow of a stage, with a uuid of its own. */
export function flow(table: number, match: string, actions: string, more: Partial<LogicalFlow> = {}): LogicalFlow {
  count += 1;
  return logicalFlow({ table, match, actions, uuid: `${(0xa0000000 + count).toString(16)}-0000-4000-8000-000000000000`, ...more });
}

/** A switch `sw` with the ports `a` (1), `b` (2) and the group `flood`, and the flows given. */
export function switchOf(flows: readonly LogicalFlow[], more: Partial<SouthboundDb> = {}): SouthboundDb {
  const ports = [
    sbPort({ name: "a", key: 1, security: ["00:00:00:00:00:01 10.0.0.1"] }),
    sbPort({ name: "b", key: 2, externalIds: { name: "a name" } }),
  ];
  return southbound({
    datapaths: [sbDatapath({ uuid: "dddddddd-0000-4000-8000-000000000000", name: "sw", key: 7, type: "switch", ports, multicastGroups: [{ uuid: "m", name: "flood", key: 0x8001, ports: ["b", "a"] }], flows })],
    ...more,
  });
}

export const fromA = 'inport == "a" && eth.src == 00:00:00:00:00:01 && eth.dst == 00:00:00:00:00:02 && ip4.src == 10.0.0.1 && ip4.dst == 10.0.0.2 && ip.ttl == 64';
