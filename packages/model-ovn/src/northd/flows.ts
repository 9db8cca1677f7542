import type { Origin } from "@hopscope/core";
import type { BFDRow, NBGlobalRow, NorthboundDb, NorthboundRow, Uuid } from "../northbound.ts";
import { portGroupsBySwitch } from "./acl-set.ts";
import { resolveSwitchPortFlows } from "./arp-resolve.ts";
import { probeSenderFlows } from "./arp-responder.ts";
import { flowsFor, originsOf, type DatapathFlow } from "./flow.ts";
import { attachLoadBalancers } from "./load-balancer.ts";
import { flag, type Build, type ChassisFeatures, type Datapath, type GlobalOptions } from "./model.ts";
import { routerFlows } from "./router-flows.ts";
import { routerLoadBalancerFlows } from "./router-load-balancer.ts";
import type { OvnVersion } from "./stage.ts";
import { switchFlows } from "./switch-flows.ts";
import { switchLoadBalancerFlows } from "./switch-load-balancer.ts";
import { assignRoutableAddresses, buildTopology } from "./topology.ts";

/** What northd made of the rows, before it is written down as Southbound. */
export interface Compiled {
  readonly build: Build;
  readonly flows: readonly DatapathFlow<Datapath>[];
  readonly origins: ReadonlyMap<NorthboundRow, Origin>;
}

function globalOptions(row: NBGlobalRow | undefined, version: OvnVersion): GlobalOptions {
  const options = row?.options ?? {};
  return {
    useCtInvMatch: flag(options, "use_ct_inv_match", true),
    controllerEvent: flag(options, "controller_event", false),
    checkLspIsUp: !flag(options, "ignore_lsp_down", true),
    defaultAclDrop: flag(options, "default_acl_drop", false),
    installSwitchLbFromRouter: flag(options, "install_ls_lb_from_router", false),
    // 23.03 has no choice: distributed routers always use one zone.
    useCommonZone: version === "23.03" || flag(options, "use_common_zone", false),
    serviceMonitorMac: options["svc_monitor_mac"]?.toLowerCase() ?? "",
  };
}

function markBfd(build: Build): void {
  for (const row of build.nb.BFD as readonly BFDRow[]) {
    const port = build.routerPorts.get(row.logical_port);
    if (port !== undefined) port.hasBfd = true;
  }
}

/** Reads the rows, connects them and makes all logical flows. */
export function compile(nb: NorthboundDb, options: { readonly version: OvnVersion; readonly features: ChassisFeatures }): Compiled {
  const byUuid = new Map<Uuid, NorthboundRow>();
  for (const rows of Object.values(nb) as (readonly NorthboundRow[])[]) for (const row of rows) byUuid.set(row._uuid, row);
  const global = globalOptions(nb.NB_Global[0], options.version);
  const topology = buildTopology(nb, byUuid, { proxyArpMac: options.version === "23.09" });
  const loadBalancers = attachLoadBalancers(nb, byUuid, topology, { ...global, version: options.version });
  assignRoutableAddresses(topology);
  const origins = originsOf(nb);
  const build: Build = {
    version: options.version, nb, byUuid, ...topology, loadBalancers,
    portGroups: portGroupsBySwitch({ nb, byUuid, switchPorts: topology.switchPorts }),
    features: options.features, options: global,
    meters: new Map(nb.Meter.map((meter) => [meter.name, { fair: meter.fair === true }])),
    flows: flowsFor(options.version, origins),
  };
  markBfd(build);
  for (const datapath of build.switches) switchFlows(build, datapath);
  for (const router of build.routers) routerFlows(build, router);
  for (const port of build.switchPorts.values()) resolveSwitchPortFlows(build, port);
  for (const balancer of build.loadBalancers) {
    probeSenderFlows(build, balancer);
    routerLoadBalancerFlows(build, balancer);
    switchLoadBalancerFlows(build, balancer);
  }
  return { build, flows: build.flows.all(), origins };
}
