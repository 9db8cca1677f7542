import type { SbHairpin } from "../southbound.ts";
import { mapOf, type Row, textOf } from "./dump.ts";

const endpoint = (text: string): { readonly address: string; readonly port?: number } | undefined => {
  const found = /^(?:\[([0-9a-fA-F:.]+)\]|([\d.]+)):(\d+)$/.exec(text);
  const address = found?.[1] ?? found?.[2] ?? text;
  if (!/^[0-9a-fA-F:.]+$/.test(address)) return undefined;
  return found === null ? { address } : { address, port: Number(found[3]) };
};

/** What chassis need of one Load_Balancer row to notice that a backend is its own client. @internal */
export function hairpinEntries(row: Row, templates: readonly ReadonlyMap<string, string>[]): readonly SbHairpin[] {
  const snats = (mapOf(row, "options").get("hairpin_snat_ip") ?? "").split(/\s+/).filter((part) => part !== "");
  const protocol = textOf(row, "protocol");
  return [new Map<string, string>(), ...templates].flatMap((variables) => {
    const expand = (text: string): string => text.replace(/\^(\w+)/g, (whole, name: string) => variables.get(name) ?? whole);
    return [...mapOf(row, "vips")].flatMap(([vip, backends]): readonly SbHairpin[] => {
      const front = endpoint(expand(vip));
      if (front === undefined) return [];
      const snat = snats.find((one) => one.includes(":") === front.address.includes(":"));
      return expand(backends).split(",").filter((text) => text !== "").flatMap((text) => endpoint(text) ?? []).map((backend) => ({
        vip: front.address, port: front.port, protocol: protocol === "udp" || protocol === "sctp" ? protocol : "tcp", backend: backend.address, backendPort: backend.port, snat,
      }));
    });
  });
}
