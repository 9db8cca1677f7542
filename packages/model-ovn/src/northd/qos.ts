import type { QoSRow } from "../northbound.ts";
import { rowsOf, type Build, type SwitchDatapath } from "./model.ts";

/** Marks (DSCP) and limits the traffic of a switch. */
export function qosFlows(build: Build, datapath: SwitchDatapath): void {
  const { flows } = build;
  for (const stage of ["ls_in_qos_mark", "ls_out_qos_mark", "ls_in_qos_meter", "ls_out_qos_meter"] as const) {
    flows.add(datapath, stage, 0, "1", "next;");
  }
  for (const row of rowsOf<QoSRow>(build, datapath.row.qos_rules)) {
    const ingress = row.direction === "from-lport";
    const dscp = row.action["dscp"];
    if (dscp !== undefined) {
      flows.add(datapath, ingress ? "ls_in_qos_mark" : "ls_out_qos_mark", row.priority, row.match, `ip.dscp = ${dscp}; next;`, { row });
    }
    const rate = row.bandwidth["rate"] ?? 0;
    const burst = row.bandwidth["burst"] ?? 0;
    if (rate !== 0) {
      const action = `set_meter(${rate}${burst === 0 ? "" : `, ${burst}`}); next;`;
      flows.add(datapath, ingress ? "ls_in_qos_meter" : "ls_out_qos_meter", row.priority, row.match, action, { row });
    }
  }
}
