import { ownerGroupWords, split } from "./lists.ts";
import type { SidecarOptions } from "./options.ts";
import type { RuleList } from "./rule-list.ts";

/** Redirects DNS over UDP to the agent, and keeps its two halves in separate tracking zones. @internal */
export function addDnsRules(list: RuleList, options: SidecarOptions): void {
  const query = ["-p", "udp", "--dport", "53"];
  const owners = [...split(options.proxyUid).map((id) => ["-m", "owner", "--uid-owner", id]), ...split(options.proxyGid).map((id) => ["-m", "owner", "--gid-owner", id])];
  for (const owner of owners) list.append("nat", "OUTPUT", [...query, ...owner, "-j", "RETURN"]);
  for (const words of ownerGroupWords(options)) list.append("nat", "OUTPUT", [...query, ...words, "-j", "RETURN"]);
  const servers = serversOf(options);
  for (const { only, range } of servers) list.append("nat", "OUTPUT", [...query, ...range, "-j", "REDIRECT", "--to-port", "15053"], { only });
  for (const owner of owners) {
    list.append("raw", "OUTPUT", [...query, ...owner, "-j", "CT", "--zone", "1"]);
    list.append("raw", "OUTPUT", ["-p", "udp", "--sport", "15053", ...owner, "-j", "CT", "--zone", "2"]);
  }
  for (const { only, range } of servers) {
    list.append("raw", "OUTPUT", [...query, ...range, "-j", "CT", "--zone", "2"], { only });
    // Istio 1.18 writes the server as destination here, where it should be the source; no answer matches it.
    list.append("raw", "PREROUTING", ["-p", "udp", "--sport", "53", ...range, "-j", "CT", "--zone", "1"], { only });
  }
}

function serversOf(options: SidecarOptions): readonly { only?: "v4" | "v6"; range: readonly string[] }[] {
  if (options.captureAllDns) return [{ range: [] }];
  return [
    ...options.dnsServersV4.map((server) => ({ only: "v4" as const, range: ["-d", `${server}/32`] })),
    ...options.dnsServersV6.map((server) => ({ only: "v6" as const, range: ["-d", `${server}/128`] })),
  ];
}
