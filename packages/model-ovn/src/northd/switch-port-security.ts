import { flag, isEnabled, type Build, type SwitchDatapath, type SwitchPort } from "./model.ts";

const drop = "drop;";

/** Admission, MAC learning and output security that every switch has. */
export function switchSecurityFlows({ flows }: Build, datapath: SwitchDatapath): void {
  if (!flag(datapath.row.other_config, "vlan-passthru", false)) flows.add(datapath, "ls_in_check_port_sec", 100, "vlan.present", drop);
  flows.add(datapath, "ls_in_check_port_sec", 100, "eth.src[40]", drop);
  flows.add(datapath, "ls_in_check_port_sec", 50, "1", "reg0[15] = check_in_port_sec(); next;");
  flows.add(datapath, "ls_in_apply_port_sec", 50, "reg0[15] == 1", drop);
  flows.add(datapath, "ls_in_apply_port_sec", 0, "1", "next;");
  flows.add(datapath, "ls_in_lookup_fdb", 0, "1", "next;");
  flows.add(datapath, "ls_in_put_fdb", 0, "1", "next;");
  flows.add(datapath, "ls_in_l2_lkup", 0, "1", "outport = get_fdb(eth.dst); next;");
  flows.add(datapath, "ls_out_check_port_sec", 100, "eth.mcast", "reg0[15] = 0; next;");
  flows.add(datapath, "ls_out_check_port_sec", 0, "1", "reg0[15] = check_out_port_sec(); next;");
  flows.add(datapath, "ls_out_apply_port_sec", 50, "reg0[15] == 1", drop);
  flows.add(datapath, "ls_out_apply_port_sec", 0, "1", "output;");
}

/**
 * Admission and MAC learning of one port. The security itself is checked by the chassis (`check_in_port_sec`).
 *
 * @see OVN 23.09, northd.c, build_lswitch_port_sec_op and build_lswitch_learn_fdb_op
 * @remarks Differs: queues of `qos_max_rate` ports are numbered by northd as it goes and not modelled.
 */
export function portSecurityFlows({ flows }: Build, port: SwitchPort): void {
  const { datapath, row } = port;
  const details = { row };
  const inport = `inport == ${port.quoted}`;
  if (row.type !== "external") {
    if (!isEnabled(row)) {
      flows.add(datapath, "ls_in_check_port_sec", 100, inport, "reg0[15] = 1; next;", details);
      flows.add(datapath, "ls_in_l2_unknown", 50, `outport == ${port.quoted}`, drop, details);
    } else if (row.type === "vtep") {
      const action = `reg0[14] = 1; next(pipeline=ingress, table=${flows.table("ls_in_hairpin")});`;
      flows.add(datapath, "ls_in_check_port_sec", 70, inport, action, details);
    }
  }
  const learns = row.type === "" || (row.type === "localnet" && flag(row.options, "localnet_learn_fdb", false));
  if (!port.hasPortSecurity && port.hasUnknown && learns) {
    flows.add(datapath, "ls_in_lookup_fdb", 100, inport, "reg0[11] = lookup_fdb(inport, eth.src); next;", details);
    flows.add(datapath, "ls_in_put_fdb", 100, `${inport} && reg0[11] == 0`, "put_fdb(inport, eth.src); next;", details);
  }
}
