import { affinityFlows } from "./affinity.ts";
import { controlMeter, isEnabled, type Backend, type Build, type LoadBalancer, type Vip } from "./model.ts";

/** What a load balancer does with a new connection. */
export interface VipAction {
  readonly action: string;
  readonly skipSnat: string;
  readonly forceSnat: string;
  readonly rejects: boolean;
}

/** The backends that may be chosen. A chassis that probes is not modelled, so every probed backend counts as alive. */
function liveBackends(build: Build, vip: Vip): readonly Backend[] {
  if (!vip.hasHealthCheck) return vip.backends;
  return vip.backends.filter(({ monitor }) => {
    const port = monitor === undefined ? undefined : build.switchPorts.get(monitor.port);
    return port !== undefined && isEnabled(port.row);
  });
}

const printBackends = (vip: Vip, backends: readonly Backend[]): string =>
  vip.hasHealthCheck
    ? backends.map(({ ip, portNumber }) => (vip.parsedV4 ? `${ip}:${portNumber}` : `[${ip}]:${portNumber}`)).join(",")
    : vip.backendText;

/**
 * The action of a virtual address: choose a backend, refuse, or drop.
 *
 * @see OVN 23.09, northd.c, build_lb_vip_actions
 */
export function vipAction(build: Build, balancer: LoadBalancer, vip: Vip, where: { readonly prefix: string; readonly onSwitch: boolean }): VipAction {
  const { features, flows } = build;
  const backends = liveBackends(build, vip);
  if (backends.length === 0) {
    const table = flows.table(where.onSwitch ? "ls_out_qos_mark" : "lr_out_snat");
    // northd clears the action before it writes one of these two, so the prefix of a switch is lost.
    const action = vip.rejects ? `reg0 = 0; reject { outport <-> inport; next(pipeline=egress,table=${table});};` : "drop;";
    return {
      action, skipSnat: `flags.skip_snat_for_lb = 1; ${action}`, forceSnat: `flags.force_snat_for_lb = 1; ${action}`, rejects: vip.rejects,
    };
  }
  const hash = balancer.selectionFields === "" ? "" : `; hash_fields="${balancer.selectionFields}"`;
  const body = `${where.prefix}${features.ctNoMaskedLabel ? "ct_lb_mark" : "ct_lb"}(backends=${printBackends(vip, backends)}${hash}`;
  return {
    action: `${body});`,
    skipSnat: `flags.skip_snat_for_lb = 1; ${body}${features.ctLbRelated ? "; skip_snat);" : ");"}`,
    forceSnat: `flags.force_snat_for_lb = 1; ${body}${features.ctLbRelated ? "; force_snat);" : ");"}`,
    rejects: false,
  };
}

/** The flow that tells the controller of a packet for a service without backends (to wake it), when asked for. */
export function emptyVipEvent(build: Build, balancer: LoadBalancer, vip: Vip): { readonly match: string; readonly action: string } | undefined {
  if (!(balancer.controllerEvent || build.options.controllerEvent) || vip.backends.length > 0 || vip.rejects) return undefined;
  const protocol = balancer.protocol;
  const port = vip.port === undefined ? "" : ` && ${protocol}.dst == ${vip.port}`;
  const name = vip.port === undefined ? vip.ip : vip.isV4 ? `${vip.ip}:${vip.port}` : `[${vip.ip}]:${vip.port}`;
  return {
    match: `ip${vip.isV4 ? 4 : 6}.dst == ${vip.ip} && ${protocol}${port}`,
    action: `trigger_event(event = "empty_lb_backends", vip = "${name}", protocol = "${protocol}", load_balancer = "${balancer.row._uuid}");`,
  };
}

function preStatefulFlow(build: Build, balancer: LoadBalancer, vip: Vip): { readonly match: string; readonly action: string } {
  const port = vip.port === undefined ? "" : ` && ${balancer.protocol}.dst == ${vip.port}`;
  return {
    match: `reg0[2] == 1 && ip${vip.isV4 ? 4 : 6}.dst == ${vip.ip}${port}`,
    action: `${vip.isV4 ? "reg1" : "xxreg1"} = ${vip.ip}; ${vip.port === undefined ? "" : `reg2[0..15] = ${vip.port}; `}`
      + `${build.features.ctNoMaskedLabel ? "ct_lb_mark" : "ct_lb"};`,
  };
}

/** All flows of a load balancer on the switches it is attached to. */
export function switchLoadBalancerFlows(build: Build, balancer: LoadBalancer): void {
  const { flows } = build;
  const details = { row: balancer.row };
  for (const vip of balancer.vips) {
    const event = emptyVipEvent(build, balancer, vip);
    const before = preStatefulFlow(build, balancer, vip);
    const { action, rejects } = vipAction(build, balancer, vip, { prefix: "reg0[1] = 0; ", onSwitch: true });
    const port = vip.port === undefined ? "" : ` && ${balancer.protocol}.dst == ${vip.port}`;
    const match = `ct.new && ip${vip.isV4 ? 4 : 6}.dst == ${vip.ip}${port}`;
    for (const datapath of balancer.switches) {
      if (event !== undefined) {
        flows.add(datapath, "ls_in_pre_lb", 130, event.match, event.action, { ...details, meter: controlMeter(build, datapath, "event-elb") });
      }
      flows.add(datapath, "ls_in_pre_stateful", 120, before.match, before.action, details);
      const meter = rejects ? controlMeter(build, datapath, "reject") : undefined;
      flows.add(datapath, "ls_in_lb", vip.port === undefined ? 110 : 120, match, action, { ...details, meter });
    }
    if (balancer.affinityTimeout > 0) affinityFlows(build, balancer, vip, { type: "switches", datapaths: [...balancer.switches] });
  }
}
