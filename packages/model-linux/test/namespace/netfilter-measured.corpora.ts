import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { CLIENT_SOCKET, type Decided, type Packet, replyTo, tcpPacket, udpPacket } from "@hopscope/core";
import { describe, expect, it } from "vitest";
import { type NamespaceState, namespaceStage, type NetworkNamespace, type RoutingRule, type Route, type Socket } from "../../src/index.ts";

const root = process.env["HOPSCOPE_CORPORA"] ?? fileURLToPath(new URL("../../../../../shared/corpora", import.meta.url));
const folder = `${root}/netfilter-measured`;
const present = existsSync(folder);
if (!present) console.log(`netfilter-measured: no corpora at ${root}, skipped`);

interface Measured {
  readonly name: string;
  readonly istioIptables: { readonly ProxyUID?: string; readonly ProxyGID?: string; readonly InboundInterceptionMode?: string };
  readonly pod: { readonly eth0: readonly string[]; readonly eth0v6: string; readonly extraLo: readonly string[]; readonly ipRules: readonly string[] };
  readonly iptablesSave: string;
  readonly ip6tablesSave?: string;
  readonly cases: readonly Case[];
}
interface Case {
  readonly name: string;
  readonly from: "pod" | "peer";
  readonly protocol: "tcp" | "udp";
  readonly uid?: number;
  readonly gid?: number;
  readonly src?: string;
  readonly dst: string;
  readonly port: number;
  readonly mark?: number;
  readonly expect: { readonly reached?: string; readonly acceptedOn?: string; readonly soOriginalDst?: string; readonly clientSeenAs?: string; readonly error?: string };
}

const EPHEMERAL = 40001;

function podOf(measured: Measured): NetworkNamespace {
  const transparent = measured.istioIptables.InboundInterceptionMode === "TPROXY";
  const proxyUid = Number(measured.istioIptables.ProxyUID ?? 1337);
  const any = (name: string, port: number, protocol: Socket["protocol"] = "tcp"): Socket[] =>
    ["0.0.0.0", "::"].map((address) => ({ address, port, protocol, endpoint: `${name}:${port}`, transparent, uid: name.startsWith("envoy") ? proxyUid : 0, gid: name.startsWith("envoy") ? proxyUid : 0 }));
  const loopback = (name: string, port: number, protocol: Socket["protocol"] = "tcp"): Socket[] => [{ address: "127.0.0.1", port, protocol, endpoint: `${name}:${port}`, uid: proxyUid, gid: proxyUid }];
  const sockets = [
    ...any("app", 13000), ...any("app", 8080), ...any("app-dns", 53), ...any("envoy-outbound", 15001), ...any("envoy-inbound", 15006), ...any("envoy-ready", 15021),
    ...any("envoy-stats", 15090), ...any("envoy-tunnel", 15008), ...any("agent", 15020), ...loopback("envoy-admin", 15000), ...loopback("agent-dns", 15053), ...loopback("agent-dns-udp", 15053, "udp"),
  ];
  const rules: RoutingRule[] = [];
  const routes: Route[] = [{ to: "default", via: "10.128.2.1" }, { to: "::/0", via: "fd00:1::1", dev: "eth0" }];
  for (const line of measured.pod.ipRules) {
    const match = /^fwmark (\d+) lookup (\d+); table (\d+): local (\S+) dev (\S+)$/.exec(line);
    if (match === null) throw new Error(`cannot read "${line}"`);
    rules.push({ fwmark: { value: Number(match[1]) }, table: match[2] ?? "" });
    routes.push({ to: match[4] ?? "", dev: match[5], table: match[3], type: "local" });
  }
  return {
    id: "pod",
    interfaces: [{ name: "eth0", addresses: [...measured.pod.eth0, measured.pod.eth0v6] }, { name: "lo", addresses: measured.pod.extraLo }],
    routes,
    rules,
    netfilter: { v4: measured.iptablesSave, v6: measured.ip6tablesSave },
    sockets,
  };
}

const printed = (address: string, port: number | string): string => (address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`);
const choose = (): number => 0;

interface Result {
  reached?: string;
  acceptedOn?: string;
  soOriginalDst?: string;
  clientSeenAs?: string;
  error?: string;
}

/** Opens one connection and walks its answer back, with the peer as a plain answering host. */
function connect(measured: Measured, { from, protocol, uid, gid, src, dst, port, mark }: Case): Result {
  const stage = namespaceStage(podOf(measured));
  const v6 = dst.includes(":");
  const source = src ?? (from === "peer" ? (v6 ? "fd00:1::1" : "10.128.2.1") : v6 ? "::" : "0.0.0.0");
  const seed = { src: source, dst, srcPort: EPHEMERAL, dstPort: port, local: from === "pod" ? { mark: mark ?? 0, uid, gid } : undefined };
  const first: Packet = protocol === "tcp" ? tcpPacket(seed) : udpPacket(seed);
  let state: NamespaceState | undefined;
  const visit = (packet: Packet, at: string): Decided<NamespaceState>["outcome"] => {
    const decided = stage.decide({ packet, port: at, state, choose });
    state = decided.state;
    return decided.outcome;
  };
  const there = visit(first, from === "pod" ? "local" : "eth0");
  switch (there.type) {
    case "deliver": {
      const back = visit(replyTo(there.packet), "local");
      const arrived = from === "pod" ? back.type === "deliver" && back.to.endpoint === CLIENT_SOCKET : back.type === "forward" && back.out === "eth0";
      if (!arrived) return { error: "timeout" };
      const answer = back.type === "deliver" || back.type === "forward" ? back.packet : undefined;
      expect([answer?.ip?.src, answer?.l4?.type === "icmp" ? undefined : answer?.l4?.src]).toEqual([dst, port]);
      const { socket, originalDestination } = there.to;
      return {
        reached: there.to.endpoint,
        acceptedOn: printed(socket.address, socket.port),
        soOriginalDst: originalDestination === undefined ? undefined : printed(originalDestination.address, originalDestination.port),
        clientSeenAs: printed(there.packet.ip?.src ?? "", "*"),
      };
    }
    case "forward": {
      const answer = visit(replyTo(there.packet), "eth0");
      if (answer.type !== "deliver" || answer.to.endpoint !== CLIENT_SOCKET) return { error: "timeout" };
      const { ip, l4 } = there.packet;
      return { reached: "peer", acceptedOn: printed(ip?.dst ?? "", l4?.type === "tcp" || l4?.type === "udp" ? l4.dst : 0), clientSeenAs: printed(ip?.src ?? "", "*") };
    }
    case "reject":
      return { error: "connection refused" };
    case "drop":
      return { error: "timeout" };
    default:
      return { error: there.type };
  }
}

describe.skipIf(!present)("netfilter, as measured on Linux", () => {
  for (const file of present ? readdirSync(folder).filter((name) => name.endsWith(".json")) : []) {
    const measured = JSON.parse(readFileSync(`${folder}/${file}`, "utf8")) as Measured;
    describe(measured.name, () => {
      it.each(measured.cases.map((one) => [one.name, one] as const))("%s", (_, one) => {
        const result = connect(measured, one);
        const { expect: wanted } = one;
        if (wanted.error !== undefined) return expect(result).toEqual({ error: wanted.error });
        if (wanted.reached?.startsWith("peer:")) {
          expect(result.reached).toBe("peer");
          expect(result.clientSeenAs).toBe(wanted.clientSeenAs);
          if (wanted.acceptedOn !== undefined) expect(result.acceptedOn).toBe(wanted.acceptedOn);
          return;
        }
        for (const key of ["reached", "acceptedOn", "soOriginalDst", "clientSeenAs"] as const) if (wanted[key] !== undefined) expect([key, result[key]]).toEqual([key, wanted[key]]);
      });
    });
  }
});
