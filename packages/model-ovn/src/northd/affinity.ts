import type { Build, LoadBalancer, RouterDatapath, SwitchDatapath, Vip } from "./model.ts";

/** The datapaths that keep a client with its backend; on routers together with the SNAT they apply. */
export type AffinityTarget =
  | { readonly type: "switches"; readonly datapaths: readonly SwitchDatapath[] }
  | {
      readonly type: "routers";
      readonly datapaths: readonly RouterDatapath[];
      /** The match of a new connection to the virtual address. */
      readonly newMatch: string;
      readonly snat: "none" | "skip" | "force";
    };

const snatFlags = {
  none: { set: "", argument: "" },
  skip: { set: "flags.skip_snat_for_lb = 1; ", argument: "; skip_snat" },
  force: { set: "flags.force_snat_for_lb = 1; ", argument: "; force_snat" },
} as const;

/** The registers that hold the virtual address, its port and the remembered backend. */
function registers(type: AffinityTarget["type"], v4: boolean): { vip: string; port: string; backend: string } {
  return type === "switches"
    ? { vip: v4 ? "reg1" : "xxreg1", port: "reg2[0..15]", backend: v4 ? "reg4" : "xxreg0" }
    : { vip: v4 ? "reg0" : "xxreg0", port: "reg9[16..31]", backend: v4 ? "reg4" : "xxreg1" };
}

/**
 * Flows that remember which backend a client was sent to.
 *
 * @see OVN 23.09, northd.c, build_lb_affinity_ls_flows and build_lb_affinity_lr_flows
 */
export function affinityFlows(build: Build, balancer: LoadBalancer, vip: Vip, target: AffinityTarget): void {
  const v4 = vip.parsedV4;
  const ip = v4 ? "ip4" : "ip6";
  const { protocol } = balancer;
  const reg = registers(target.type, v4);
  const onSwitch = target.type === "switches";
  const withPort = (address: string, port: string | undefined): string =>
    port === undefined ? address : v4 ? `${address}:${port}` : `[${address}]:${port}`;
  const portSet = vip.port === undefined ? "" : `${reg.port} = ${onSwitch ? vip.port : `${protocol}.dst`}; `;
  const check = onSwitch
    ? {
        match: `ct.new && ${ip} && ${reg.vip} == ${vip.ip}${vip.port === undefined ? "" : ` && ${reg.port} == ${vip.port}`}`,
        action: "reg9[6] = chk_lb_aff(); next;",
      }
    : { match: target.newMatch, action: `${reg.vip} = ${ip}.dst; ${portSet}reg9[6] = chk_lb_aff(); next;` };
  const snat = snatFlags[onSwitch ? "none" : target.snat];
  const head = onSwitch ? `reg0[1] = 0; ${reg.vip} = ${vip.ip}; ${portSet}` : `${reg.vip} = ${vip.ip}; ${snat.set}`;
  const learnPort = vip.port === undefined ? "" : `${reg.port} == ${vip.port} && `;
  for (const datapath of target.datapaths) {
    const add = (stage: "lb_aff_check" | "lb_aff_learn" | "lb", priority: number, match: string, action: string): void => {
      const name = stage === "lb" ? (onSwitch ? "ls_in_lb" : "lr_in_dnat") : (`${onSwitch ? "ls" : "lr"}_in_${stage}` as const);
      build.flows.add(datapath, name, priority, match, action, { row: balancer.row });
    };
    add("lb_aff_check", 100, check.match, check.action);
    for (const backend of vip.backends) {
      const port = backend.portNumber === 0 ? undefined : String(backend.portNumber);
      const address = withPort(backend.ip, port);
      const learn = `reg9[6] == 0 && ct.new && ${ip} && ${reg.vip} == ${vip.ip} && ${learnPort}${ip}.dst == ${backend.ip}`
        + (port === undefined ? "" : ` && ${protocol}.dst == ${port}`);
      const known = `reg9[6] == 1 && ct.new && ${ip} && ${reg.backend} == ${backend.ip}`
        + (port === undefined ? "" : ` && reg8[0..15] == ${port}`);
      const commit = `commit_lb_aff(vip = "${withPort(vip.ip, vip.port)}", backend = "${address}"`
        + `${vip.port === undefined ? "" : `, proto = ${protocol}`}, timeout = ${balancer.affinityTimeout}); /* drop */`;
      add("lb_aff_learn", 100, learn, commit);
      add("lb", 150, known, `${head}ct_lb_mark(backends=${address}${snat.argument});`);
    }
  }
}

/** The stages pass packets on when no affinity is asked for. */
export function affinityDefaultFlows({ flows }: Build, datapath: SwitchDatapath | RouterDatapath): void {
  if (datapath.type === "switch") {
    flows.add(datapath, "ls_in_lb_aff_check", 0, "1", "next;");
    flows.add(datapath, "ls_in_lb_aff_learn", 0, "1", "next;");
  } else {
    flows.add(datapath, "lr_in_lb_aff_check", 0, "1", "next;");
    flows.add(datapath, "lr_in_lb_aff_learn", 0, "1", "next;");
  }
}
