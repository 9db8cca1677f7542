import { contains, parseCidr } from "@hopscope/model-linux";

/** A list of address ranges, by family. @internal */
export interface Ranges {
  readonly wildcard: boolean;
  readonly v4: readonly string[];
  readonly v6: readonly string[];
  /** One of them begins with a loopback address. */
  readonly hasLoopback: boolean;
}

/** Reads `*` or a list of ranges; an entry that is none is passed over in silence, as istio-iptables does. @internal */
export function rangesOf(list: string): Ranges {
  if (list === "*") return { wildcard: true, v4: [], v6: [], hasLoopback: false };
  const ranges = list.split(",").map((entry) => entry.trim()).filter((entry) => entry.includes("/") && parseCidr(entry) !== undefined);
  const v6 = ranges.filter((range) => range.includes(":"));
  return { wildcard: false, v4: ranges.filter((range) => !range.includes(":")), v6, hasLoopback: ranges.some(isLoopback) };
}

function isLoopback(range: string): boolean {
  const address = range.split("/")[0] ?? "";
  return ["127.0.0.0/8", "::1/128"].some((loopback) => {
    const parsed = parseCidr(loopback);
    return parsed !== undefined && contains(parsed, address);
  });
}
