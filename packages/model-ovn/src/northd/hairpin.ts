import type { SbHairpin } from "../southbound.ts";
import { parseIpList } from "./address.ts";
import { parseIp } from "./ip.ts";
import type { Build, LoadBalancer, SwitchDatapath, Vip } from "./model.ts";

type Variables = Readonly<Record<string, string>>;

const expand = (text: string, variables: Variables): string =>
  text.replace(/\^([A-Za-z0-9_]+)/g, (whole, name: string) => variables[name] ?? whole);

function splitAddress(text: string): { readonly ip: string; readonly port?: number } | undefined {
  const match = /^\[?([^[\]]+?)\]?(?::(\d+))?$/.exec(text);
  const whole = parseIp(text);
  const ip = whole !== undefined ? text : match?.[1];
  const port = whole !== undefined ? undefined : match?.[2];
  if (ip === undefined || parseIp(ip) === undefined) return undefined;
  return { ip, ...(port === undefined ? {} : { port: Number(port) }) };
}

const joined = (ip: string, port: string | undefined): string => (port === undefined ? ip : ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`);

function entriesOf(balancer: LoadBalancer, vip: Vip, variables: Variables): readonly SbHairpin[] {
  const address = splitAddress(expand(joined(vip.ip, vip.port), variables));
  if (address === undefined) return [];
  const snat = parseIpList(balancer.row.options["hairpin_snat_ip"] ?? "");
  const source = (address.ip.includes(":") ? snat?.v6 : snat?.v4)?.[0]?.text;
  const backends = expand(vip.backendText, variables).split(",").flatMap((text) => splitAddress(text) ?? []);
  return backends.map((backend) => ({
    vip: address.ip, ...(address.port === undefined ? {} : { port: address.port, protocol: balancer.protocol }),
    backend: backend.ip, ...(backend.port === undefined ? {} : { backendPort: backend.port }),
    ...(source === undefined ? {} : { snat: source }),
  }));
}

/** What chassis need to notice that a backend is its own client, for one switch; templates are filled in. */
export function hairpinsOf(build: Build, datapath: SwitchDatapath): readonly SbHairpin[] {
  const chassis: readonly Variables[] = build.nb.Chassis_Template_Var.map((row) => row.variables);
  const entries = new Map<string, SbHairpin>();
  for (const balancer of build.loadBalancers) {
    if (!balancer.switches.has(datapath)) continue;
    for (const vip of balancer.vips) {
      for (const variables of balancer.isTemplate ? chassis : [{}]) {
        for (const entry of entriesOf(balancer, vip, variables)) entries.set(JSON.stringify(entry), entry);
      }
    }
  }
  return [...entries.values()];
}
