import { describe, expect, it } from "vitest";
import { loadSouthbound } from "../../src/ovsdb/load-southbound.ts";
import type { NorthboundDb } from "../../src/northbound.ts";
import type { SouthboundDb } from "../../src/southbound.ts";
import { openTrace } from "../../src/trace/index.ts";
import { corpusCases, hasCorpus, northboundOf } from "../northd/corpus.ts";
import { type Dice, diceOf } from "../northd/random-northbound.ts";
import { askReal } from "../oracle/ask-real.ts";
import { profileOptions, profiles, type TraceCase } from "../oracle/random-case.ts";
import { installedOvn, startOvn } from "../oracle/real-ovn.ts";
import { agreed, compareCase, smallest } from "./compare.ts";

const version = installedOvn();
const usable = version?.startsWith("23.03") === true || version?.startsWith("23.09") === true;
// Every so many cases one is asked; HOPSCOPE_EVERY=1 asks all.
const every = Number(process.env["HOPSCOPE_EVERY"] ?? 4);
const cases = hasCorpus ? corpusCases().filter((_, index) => index % every === 0) : [];

interface Peer {
  readonly mac: string;
  readonly addresses: readonly string[];
}
const peersOf = (macs: readonly string[]): readonly Peer[] => macs.flatMap((text) => {
  const [mac = "", ...addresses] = text.split(/\s+/);
  return /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(mac) ? [{ mac, addresses: addresses.map((one) => one.split("/")[0] ?? "") }] : [];
});

/** A packet that makes sense in some database: from a port's own address, to a port, a virtual address or the world. */
function microflow(dice: Dice, db: SouthboundDb): string {
  const ports = db.datapaths.flatMap((datapath) => datapath.ports).filter(({ type }) => type !== "patch" && type !== "chassisredirect" && type !== "l3gateway");
  const from = dice.pick(ports);
  const all = db.datapaths.flatMap((datapath) => datapath.ports).flatMap(({ mac }) => peersOf(mac));
  const own = peersOf(from.mac)[0] ?? { mac: "0a:58:00:00:00:01", addresses: ["10.9.9.9"] };
  const six = dice.chance(0.3) && own.addresses.some((one) => one.includes(":"));
  const fits = (one: string): boolean => one.includes(":") === six;
  const vips = db.loadBalancers.flatMap(({ vips: list }) => Object.keys(list)).flatMap((vip) => {
    const [, ip, port] = /^\[?([^\]]+?)\]?:(\d+)$/.exec(vip) ?? [];
    return ip !== undefined && port !== undefined && fits(ip) && !ip.includes("^") ? [{ ip, port }] : [];
  });
  const source = dice.chance(0.1) ? (six ? "fd00::66" : "10.66.0.66") : (own.addresses.find(fits) ?? (six ? "fd00::1" : "10.1.1.1"));
  const near = all.flatMap(({ addresses }) => addresses).filter(fits);
  const vip = vips.length > 0 && dice.chance(0.4) ? dice.pick(vips) : undefined;
  const target = vip?.ip ?? (near.length > 0 && dice.chance(0.7) ? dice.pick(near) : six ? "2001:db8::7" : "198.51.100.7");
  const mac = all.length > 0 && dice.chance(0.9) ? dice.pick(all).mac : "ff:ff:ff:ff:ff:ff";
  if (!six && dice.chance(0.08)) return `inport == "${from.name}" && eth.src == ${own.mac} && eth.dst == ff:ff:ff:ff:ff:ff && arp.op == 1 && arp.spa == ${source} && arp.tpa == ${target} && arp.sha == ${own.mac} && arp.tha == 00:00:00:00:00:00`;
  const l4 = vip !== undefined || dice.chance(0.7) ? `tcp && tcp.src == 33333 && tcp.dst == ${vip?.port ?? dice.pick(["80", "8080", "443"])}` : dice.chance(0.5) ? "udp && udp.src == 4444 && udp.dst == 53" : six ? "icmp6.type == 128 && icmp6.code == 0" : "icmp4.type == 8 && icmp4.code == 0";
  const ip = six ? "ip6" : "ip4";
  return `inport == "${from.name}" && eth.src == ${own.mac} && eth.dst == ${mac} && ${ip}.src == ${source} && ${ip}.dst == ${target} && ip.ttl == ${dice.pick([64, 64, 64, 1])} && ${l4}`;
}

const numberOf = (text: string): number => [...text].reduce((sum, letter) => Math.imul(sum, 31) + letter.charCodeAt(0), 7);

/** The corpus names rows by what they are; a server wants identifiers. */
const withUuids = (nb: NorthboundDb): NorthboundDb => {
  const known = new Map<string, string>();
  const uuidOf = (name: string): string => {
    const uuid = known.get(name) ?? diceOf(numberOf(name) + known.size).uuid();
    known.set(name, uuid);
    return uuid;
  };
  return JSON.parse(JSON.stringify(nb, (_, value: unknown) => (typeof value === "string" && /^\{.*\}$/.test(value) ? uuidOf(value) : value))) as NorthboundDb;
};

/** Northbound rows that real controllers wrote, through the real ovn-northd to the real ovn-trace. */
describe.skipIf(!hasCorpus || (!usable && process.env["CI"] === undefined))("ovn-trace beside the real one, on what OVN-Kubernetes writes", () => {
  it.each(cases)("says the same of %s", async (name, read) => {
    if (!usable) throw new Error("ovn-trace 23.03 or 23.09 is needed");
    const ovn = await startOvn();
    try {
      await ovn.fill(withUuids(northboundOf(read().rows)));
      ovn.startNorthd();
      await ovn.sync();
      const db = loadSouthbound(ovn.dumpSouthbound());
      const dice = diceOf(numberOf(name));
      const asked = Array.from({ length: 60 }, (): TraceCase => {
        const profile = dice.pick([0, 1, 1, 3, 5]);
        return { args: [...profileOptions(profiles[profile] ?? { options: [] }), microflow(dice, db)], profile };
      });
      const answers = await askReal(ovn, asked);
      const session = openTrace(db);
      const found = asked.flatMap(({ args }, index) => compareCase(session, args, answers[index] ?? { type: "broken" }));
      expect({ name, ...smallest(found) }).toEqual({ name, ...agreed });
      expect(answers.filter(({ type }) => type === "trace").length).toBeGreaterThan(asked.length * 0.8);
    } finally {
      ovn.stop();
    }
  }, 120_000);
});
