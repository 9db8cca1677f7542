import type { Alternative } from "@hopscope/core";
import type { ActionAddress, ActionBackend } from "../../actions/action.ts";
import { printAddress } from "../../kubernetes/address.ts";
import { tableOf } from "../build-machine.ts";
import { perform, visit } from "../interpret.ts";
import type { ActionOf, ConntrackPolicy, Run, Site } from "../mode.ts";
import { type Registers, WORD } from "../registers.ts";
import { rememberAffinity, rememberNextHop } from "./affinity.ts";
import { ZONE } from "./chassis.ts";
import { commit, forgetConnection, lookUp, translateAndCommit } from "./connection.ts";
import { hairpinSource } from "./hairpin.ts";
import { uncleared } from "./output.ts";
import { addressAt } from "./packet-registers.ts";
import { carriedOf, carry, decide, end, originOf, type RealContext } from "./run.ts";

/** Marks of a balanced connection. @see OVN 23.09, include/ovn/logical-fields.h */
const MARK = { natted: 2, skip_snat: 4, force_snat: 8 } as const;

/**
 * Connection tracking as ovn-controller and Open vSwitch do it: a table of connections for each zone.
 *
 * @see OVN 23.09, lib/actions.c encode_CT_*; Open vSwitch 3.1, lib/conntrack.c
 */
export function realConntrack(context: RealContext): ConntrackPolicy {
  /** The zone of the port (switch) or of translated destinations (router). */
  const ownZone = (site: Site, regs: Registers): number => regs[site.table.datapath.row.type === "switch" ? ZONE.port : ZONE.dnat] as number;
  const goOn = (run: Run, site: Site, regs: Registers, table: number): void =>
    visit(run, tableOf(site.table.datapath, site.table.pipeline, table), regs, site.node);
  return {
    next(run, site, regs, action) {
      const copy = regs.slice();
      lookUp(context, copy, ownZone(site, copy), { nat: false });
      goOn(run, site, copy, action.table);
    },
    nat(run, site, regs, action) {
      const copy = regs.slice();
      const zone = copy[natZone(site, action.type)] as number;
      const { address, ports } = action;
      if (address === undefined) lookUp(context, copy, zone, { nat: true });
      else {
        const range = { address: addressText(address), ...(ports === undefined ? {} : { ports: { first: ports.low, last: ports.high ?? ports.low } }) };
        translateAndCommit(context, copy, zone, { end: action.type.startsWith("ct_snat") ? "source" : "destination", range });
      }
      goOn(run, site, copy, action.table);
    },
    balance(run, site, regs, action) {
      const copy = regs.slice();
      const zone = ownZone(site, copy);
      if (action.backends.length === 0) lookUp(context, copy, zone, { nat: true });
      else {
        const { address, port } = chooseBackend(context, site, copy, action.backends);
        const bits = MARK.natted | (action.flag === undefined ? 0 : MARK[action.flag]);
        translateAndCommit(context, copy, zone, { end: "destination", range: { address: addressText(address), ...(port === 0 ? {} : { ports: { first: port, last: port } }) } },
          action.type === "ct_lb_mark" ? { mark: bits } : { label: BigInt(bits) });
      }
      goOn(run, site, copy, action.table);
    },
    commit(run, site, regs, action) {
      const zone = action.type === "ct_commit_v1" ? (regs[ZONE.port] as number) : ownZone(site, regs);
      commit(context, regs, zone, (kept) => {
        if (!("actions" in action)) setMasked(kept, action);
        else if (action.actions.length > 0) perform(run, site, kept, action.actions);
      });
    },
    commitTo(run, site, regs, action) {
      const copy = regs.slice();
      const zone = action.type === "ct_commit_to_zone" && action.zone === "snat" && site.table.datapath.row.type === "router" ? (copy[ZONE.snat] as number) : ownZone(site, copy);
      lookUp(context, copy, zone, { nat: action.type === "ct_commit_nat", commit: true });
      goOn(run, site, copy, action.table);
    },
    clear(_, __, regs) {
      const { base, made, tracked } = carriedOf(context, regs);
      carry(context, regs, { base, ...uncleared({ made, tracked }, regs) });
      forgetConnection(regs);
    },
    snatToVip(_, site, regs) {
      const address = hairpinSource(context, site, regs);
      if (address === undefined) return end(context, site, "drop", "no load balancer says which address a packet that comes back to its sender gets");
      translateAndCommit(context, regs, regs[ZONE.snat] as number, { end: "source", range: { address } });
      forgetConnection(regs);
    },
    remember(_, site, regs, action) {
      if (action.type === "commit_lb_aff") rememberAffinity(context, site, regs, action);
      else rememberNextHop(context, site, regs, action);
    },
  };
}

/** Routers translate sources and destinations in zones of their own, unless a common one is asked for. @see OVN 23.09, controller/lflow.c get_common_nat_zone */
function natZone({ table }: Site, type: ActionOf<"ct_dnat" | "ct_snat" | "ct_dnat_in_czone" | "ct_snat_in_czone">["type"]): number {
  if (type === "ct_dnat") return ZONE.dnat;
  if (type === "ct_snat") return ZONE.snat;
  return table.datapath.row.externalIds["snat-ct-zone"] === undefined ? ZONE.dnat : ZONE.snat;
}

const addressText = (address: ActionAddress): string => printAddress(address);

/** A backend as users name it. */
function backendText({ address, port }: ActionBackend): string {
  const text = addressText(address);
  return port === 0 ? text : address.family === 6 ? `[${text}]:${port}` : `${text}:${port}`;
}

/** All backends of a load balancer weigh the same. */
function chooseBackend(context: RealContext, site: Site, regs: Registers, backends: readonly ActionBackend[]): ActionBackend {
  const vip = addressAt(regs, "Dst");
  const names = backends.map(backendText);
  const among = names.map((name): Alternative => ({ name, weight: 1 / names.length }));
  const index = context.choose(`load balancer ${vip}`, among, originOf(site));
  decide(context, site, { table: "load balancer", rule: `${vip}: ${names.join(", ")}`, verdict: `takes ${names[index] ?? ""}` });
  const backend = backends[index] ?? backends[0];
  if (backend === undefined) throw new Error("a load balancer without backends was asked for one");
  return backend;
}

function setMasked(regs: Registers, { mark, label }: ActionOf<"ct_commit_v1">): void {
  if (mark !== undefined) regs[WORD.ctMark] = Number((BigInt(regs[WORD.ctMark] as number) & ~mark.mask) | (mark.value & mark.mask));
  for (let at = 0; label !== undefined && at < 4; at++) {
    const shift = BigInt(96 - at * 32);
    const mask = (label.mask >> shift) & 0xffffffffn;
    regs[WORD.ctLabel + at] = Number((BigInt(regs[WORD.ctLabel + at] as number) & ~mask) | ((label.value >> shift) & mask));
  }
}
