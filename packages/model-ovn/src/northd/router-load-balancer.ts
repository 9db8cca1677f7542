import { affinityFlows } from "./affinity.ts";
import { controlMeter, residentOn, type Build, type LoadBalancer, type RouterDatapath, type Vip } from "./model.ts";
import { emptyVipEvent, vipAction, type VipAction } from "./switch-load-balancer.ts";

type Snat = "none" | "skip" | "force";

const forcesSnat = (router: RouterDatapath): boolean =>
  router.lbForceSnat.v4.length + router.lbForceSnat.v6.length > 0 || router.lbForceSnatRouterIp;

/** How the source of balanced connections is treated on a router. */
function snatOf(router: RouterDatapath, balancer: LoadBalancer): Snat {
  return balancer.skipSnat ? "skip" : forcesSnat(router) ? "force" : "none";
}

/** The same for connections that stay with their backend: in 23.03 forcing wins there. */
function affinitySnatOf(build: Build, router: RouterDatapath, balancer: LoadBalancer): Snat {
  return build.version === "23.03" && forcesSnat(router) ? "force" : snatOf(router, balancer);
}

const actionFor = (action: VipAction, snat: Snat): string => ({ none: action.action, skip: action.skipSnat, force: action.forceSnat })[snat];

function distributedFlows(build: Build, router: RouterDatapath, balancer: LoadBalancer, vip: Vip, snat: Snat): void {
  const { flows } = build;
  const [port] = router.gatewayPorts;
  if (port?.redirect === undefined || vip.backends.length === 0) return;
  const ip = vip.isV4 ? "ip4" : "ip6";
  const backends = vip.backends.map((backend) =>
    `(${ip}.src == ${backend.ip}${backend.port === undefined ? "" : ` && ${balancer.protocol}.src == ${backend.port}`})`).join(" || ");
  const match = `${ip} && (${backends})`;
  const undo = {
    none: build.options.useCommonZone ? "ct_dnat_in_czone;" : "ct_dnat;",
    skip: "flags.skip_snat_for_lb = 1; next;",
    force: "flags.force_snat_for_lb = 1; next;",
  }[snat];
  const details = { row: balancer.row };
  if (build.version === "23.03") {
    flows.add(router, "lr_out_undnat", 120, `${match} && outport == ${port.quoted} && ${residentOn(port)}`, undo, details);
  } else {
    flows.add(router, "lr_in_gw_redirect", 200, `${match} && outport == ${port.quoted}`, `outport = ${port.redirect.quoted}; next;`, details);
    const both = `${match} && (inport == ${port.quoted} || outport == ${port.quoted}) && ${residentOn(port)}`;
    flows.add(router, "lr_out_undnat", 120, both, undo, details);
  }
}

function vipFlows(build: Build, balancer: LoadBalancer, vip: Vip): void {
  const { flows } = build;
  const { protocol } = balancer;
  const ip = vip.isV4 ? "ip4" : "ip6";
  const action = vipAction(build, balancer, vip, { prefix: "", onSwitch: false });
  const port = vip.port === undefined ? "" : ` && ${protocol}.dst == ${vip.port}`;
  const match = `ct.new && !ct.rel && ${ip} && ${ip}.dst == ${vip.ip}${vip.port === undefined ? "" : ` && ${protocol}${port}`}`;
  const priority = vip.port === undefined ? 110 : 120;
  const details = { row: balancer.row };
  const event = emptyVipEvent(build, balancer, vip);
  for (const router of balancer.routers) {
    const snat = snatOf(router, balancer);
    const meter = action.rejects ? controlMeter(build, router, "reject") : undefined;
    const distributed = router.gatewayPorts.length > 0;
    const here = distributed && (vip.backends.length > 0 || !vip.rejects) ? ` && ${residentOn(router.gatewayPorts[0])}` : "";
    flows.add(router, "lr_in_dnat", priority, `${match}${here}`, actionFor(action, snat), { ...details, meter });
    if (distributed) distributedFlows(build, router, balancer, vip, snat);
    flows.add(router, "lr_in_defrag", 100, `ip && ${ip}.dst == ${vip.ip}`, "ct_dnat;", details);
    if (router.externalIps.has(vip.ip)) {
      flows.add(router, "lr_in_unsnat", 120, `${ip} && ${ip}.dst == ${vip.ip} && ${protocol}${port}`, "next;", details);
    }
    if (event !== undefined) {
      flows.add(router, "lr_in_dnat", 130, event.match, event.action, { ...details, meter: controlMeter(build, router, "event-elb") });
    }
    if (balancer.affinityTimeout > 0) {
      const kept = affinitySnatOf(build, router, balancer);
      affinityFlows(build, balancer, vip, { type: "routers", datapaths: [router], newMatch: match, snat: kept });
    }
  }
}

/**
 * All flows of a load balancer on the routers it is attached to.
 *
 * @see OVN 23.09, northd.c, build_lrouter_flows_for_lb
 */
export function routerLoadBalancerFlows(build: Build, balancer: LoadBalancer): void {
  for (const vip of balancer.vips) vipFlows(build, balancer, vip);
  if (!balancer.skipSnat) return;
  for (const router of balancer.routers) {
    build.flows.add(router, "lr_out_snat", 120, "flags.skip_snat_for_lb == 1 && ip", "next;", { row: balancer.row });
  }
}
