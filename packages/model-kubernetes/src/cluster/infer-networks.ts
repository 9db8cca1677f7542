import type { Resource } from "../resource.ts";
import { groupOf } from "../load/known-kinds.ts";
import { addressValue, contains, parseSubnet, printSubnet, type Subnet } from "../workload/address-pool.ts";
import { at } from "./facts.ts";

/** A network is not taken to be smaller than this, since the objects seen are seldom all there are. */
const LONGEST = { 4: 16, 6: 48 } as const;
/** Addresses so far apart are of no one network. */
const SHORTEST = { 4: 8, 6: 32 } as const;

/** The smallest network that holds all addresses of one family; `undefined` for none. */
export function coveringSubnet(addresses: readonly string[], family: 4 | 6, longest: number): Subnet | undefined {
  const values = addresses.filter((text) => text.includes(":") === (family === 6)).flatMap((text) => addressValue(text) ?? []);
  const [first] = values;
  if (first === undefined) return undefined;
  const total = family === 4 ? 32 : 128;
  const differing = values.reduce((bits, value) => bits | (value ^ first), 0n);
  const host = BigInt(Math.max(total - longest, differing === 0n ? 0 : differing.toString(2).length));
  return { family, base: (first >> host) << host, length: total - Number(host) };
}

/** A default network, or where the objects' addresses lie outside of it the network that they lie in. */
function networksOf(addresses: readonly string[], fallback: string): readonly string[] {
  const usual = parseSubnet(fallback);
  const families = ([4, 6] as const).filter((family) => addresses.some((text) => text.includes(":") === (family === 6)));
  if (usual === undefined || families.length === 0) return [fallback];
  const found = families.flatMap((family) => {
    const own = addresses.filter((text) => text.includes(":") === (family === 6));
    if (family === 4 && own.every((text) => contains(usual, text))) return [fallback];
    const cover = coveringSubnet(own, family, LONGEST[family]);
    return cover === undefined || cover.length < SHORTEST[family] ? [] : [printSubnet(cover)];
  });
  return found.length === 0 ? [fallback] : found;
}

const texts = (value: unknown): readonly string[] => (Array.isArray(value) ? (value as readonly unknown[]) : [value]).filter((one): one is string => typeof one === "string" && one !== "");
const core = (resources: readonly Resource[], kind: string): readonly Resource[] => resources.filter((resource) => resource.kind === kind && groupOf(resource.apiVersion) === "");

/** The pod network as the addresses of pods, and the nodes' pod ranges where they lie with them, tell it. */
export function inferPodNetworks(resources: readonly Resource[], fallback: string): readonly string[] {
  const pods = core(resources, "Pod")
    .filter((pod) => at(pod.spec, "hostNetwork") !== true)
    .flatMap((pod) => {
      const list = at(pod.status, "podIPs");
      return [...texts(at(pod.status, "podIP")), ...(Array.isArray(list) ? list.flatMap((entry) => texts(at(entry, "ip"))) : [])];
    });
  return networksOf(pods.length > 0 ? pods : podRanges(resources).map((range) => range.split("/")[0] ?? ""), fallback);
}

/** Ranges that nodes state for their pods (`spec.podCIDRs`). OVN-Kubernetes does not read them; other networks do. */
const podRanges = (resources: readonly Resource[]): readonly string[] => core(resources, "Node").flatMap((node) => texts(at(node.spec, "podCIDRs") ?? at(node.spec, "podCIDR")));

/** The service network as the addresses of Services tell it. */
export function inferServiceNetworks(resources: readonly Resource[], fallback: string): readonly string[] {
  const addresses = core(resources, "Service").flatMap((service) => texts(at(service.spec, "clusterIPs") ?? at(service.spec, "clusterIP"))).filter((text) => text !== "None");
  return networksOf(addresses, fallback);
}
