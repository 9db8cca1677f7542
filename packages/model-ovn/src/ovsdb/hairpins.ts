import type { SbHairpin, SbLoadBalancer } from "../southbound.ts";

const endpoint = (text: string): { readonly address: string; readonly port?: number } | undefined => {
  const found = /^(?:\[([0-9a-fA-F:.]+)\]|([\d.]+)):(\d+)$/.exec(text);
  const address = found?.[1] ?? found?.[2] ?? text;
  if (!/^[0-9a-fA-F:.]+$/.test(address)) return undefined;
  return found === null ? { address } : { address, port: Number(found[3]) };
};

/** What chassis need of one load balancer to notice that a backend is its own client. @internal */
export function hairpinEntries(row: SbLoadBalancer, templates: readonly ReadonlyMap<string, string>[]): readonly SbHairpin[] {
  const snats = (row.options["hairpin_snat_ip"] ?? "").split(/\s+/).filter((part) => part !== "");
  return [new Map<string, string>(), ...templates].flatMap((variables) => {
    const expand = (text: string): string => text.replace(/\^(\w+)/g, (whole, name: string) => variables.get(name) ?? whole);
    return Object.entries(row.vips).flatMap(([vip, backends]): readonly SbHairpin[] => {
      const front = endpoint(expand(vip));
      if (front === undefined) return [];
      const snat = snats.find((one) => one.includes(":") === front.address.includes(":"));
      return expand(backends).split(",").filter((text) => text !== "").flatMap((text) => endpoint(text) ?? []).map((backend) => ({
        vip: front.address, port: front.port, protocol: row.protocol ?? "tcp", backend: backend.address, backendPort: backend.port, snat,
      }));
    });
  });
}
