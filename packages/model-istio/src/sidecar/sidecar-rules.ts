import { parseRuleset, printRuleset, type Route, type RoutingRule } from "@hopscope/model-linux";
import { addDnsRules } from "./dns-rules.ts";
import { ownerGroupWords, split } from "./lists.ts";
import type { SidecarOptions } from "./options.ts";
import { rangesOf, type Ranges } from "./ranges.ts";
import { asCommands, asRestore, type Command, LOOPBACK, PASSTHROUGH, ruleList, type RuleList } from "./rule-list.ts";

/** One family's rules in three spellings. */
export interface SidecarProgram {
  /** Commands one by one, as istio-iptables prints them. */
  readonly commands: readonly string[];
  /** Input of `iptables-restore --noflush`. */
  readonly restore: string;
  /** What `iptables-save` prints afterwards, where nothing else was there. */
  readonly save: string;
}
export interface SidecarRules {
  readonly v4: SidecarProgram;
  /** Only with IPv6. */
  readonly v6?: SidecarProgram;
  /** What TPROXY needs beside iptables. */
  readonly rules: readonly RoutingRule[];
  readonly routes: readonly Route[];
  /** Addresses that are added to `lo`. */
  readonly loopbackAddresses: readonly string[];
}

/**
 * Makes the iptables rules that divert a pod's traffic to its sidecar.
 *
 * @see Istio 1.18.7, tools/istio-iptables/pkg/capture/run.go
 * @example
 * sidecarRules({ ...sidecarDefaults, inboundPortsInclude: "*", outboundRangesInclude: "*" }).v4.commands[0] // "iptables -t nat -N ISTIO_INBOUND"
 */
export function sidecarRules(options: SidecarOptions): SidecarRules {
  const list = ruleList(options.traceLogging);
  const excluded = rangesOf(options.outboundRangesExclude);
  const included = rangesOf(options.outboundRangesInclude);
  addInterfaceRules(list, options);
  if (options.dropInvalid) list.append("mangle", "PREROUTING", ["-m", "conntrack", "--ctstate", "INVALID", "-j", "DROP"]);
  list.append("nat", "ISTIO_INBOUND", ["-p", "tcp", "--dport", options.inboundTunnelPort, "-j", "RETURN"]);
  list.append("nat", "ISTIO_REDIRECT", ["-p", "tcp", "-j", "REDIRECT", "--to-ports", options.proxyPort]);
  list.append("nat", "ISTIO_IN_REDIRECT", ["-p", "tcp", "-j", "REDIRECT", "--to-ports", options.inboundCapturePort], { log: "InboundCapture" });
  addInboundRules(list, options);
  addOutboundRules(list, options, included, excluded);
  if (options.redirectDns) addDnsRules(list, options);
  if (options.mode === "TPROXY") addTproxyRules(list, options);

  const tproxy = options.mode === "TPROXY";
  const table = options.tproxyRouteTable;
  const families = options.ipv6 ? ["0.0.0.0/0", "::/0"] : ["0.0.0.0/0"];
  return {
    v4: programOf("iptables", list.v4, 4),
    ...(options.ipv6 ? { v6: programOf("ip6tables", list.v6, 6) } : {}),
    rules: tproxy ? [{ fwmark: { value: Number(options.tproxyMark) }, table }] : [],
    routes: tproxy ? families.map((to) => ({ to, dev: "lo", table, type: "local" })) : [],
    loopbackAddresses: options.ipv6 ? ["::6/128"] : [],
  };
}

function programOf(program: string, commands: readonly Command[], family: 4 | 6): SidecarProgram {
  const restore = asRestore(commands);
  return { commands: asCommands(program, commands), restore, save: printRuleset(parseRuleset(restore, { family }).ruleset) };
}

function addInterfaceRules(list: RuleList, options: SidecarOptions): void {
  const log = "ExcludeInterfaceCommand";
  for (const table of options.mode === "TPROXY" ? (["nat", "mangle"] as const) : (["nat"] as const)) {
    for (const name of split(options.excludeInterfaces)) {
      list.append(table, "PREROUTING", ["-i", name, "-j", "RETURN"], { log });
      list.append(table, "OUTPUT", ["-o", name, "-j", "RETURN"], { log });
    }
  }
  for (const name of split(options.virtualInterfaces)) list.insert("nat", "PREROUTING", 1, ["-i", name, "-j", "RETURN"], { log: "KubevirtCommand" });
}

function addInboundRules(list: RuleList, options: SidecarOptions): void {
  if (options.inboundPortsInclude === "") return;
  const tproxy = options.mode === "TPROXY";
  const table = tproxy ? "mangle" : "nat";
  if (tproxy) {
    list.append("mangle", "ISTIO_DIVERT", ["-j", "MARK", "--set-mark", options.tproxyMark]);
    list.append("mangle", "ISTIO_DIVERT", ["-j", "ACCEPT"]);
    list.append("mangle", "ISTIO_TPROXY", ["!", "-d", LOOPBACK, "-p", "tcp", "-j", "TPROXY", "--tproxy-mark", `${options.tproxyMark}/0xffffffff`, "--on-port", options.inboundCapturePort]);
  }
  list.append(table, "PREROUTING", ["-p", "tcp", "-j", "ISTIO_INBOUND"], { log: "JumpInbound" });
  const capture = (ports: readonly string[], log?: string): void => {
    if (tproxy) {
      list.append("mangle", "ISTIO_INBOUND", ["-p", "tcp", ...ports, "-m", "conntrack", "--ctstate", "RELATED,ESTABLISHED", "-j", "ISTIO_DIVERT"], { log });
      list.append("mangle", "ISTIO_INBOUND", ["-p", "tcp", ...ports, "-j", "ISTIO_TPROXY"], { log });
    } else list.append("nat", "ISTIO_INBOUND", ["-p", "tcp", ...ports, "-j", "ISTIO_IN_REDIRECT"], { log });
  };
  if (options.inboundPortsInclude === "*") {
    for (const port of split(options.inboundPortsExclude)) list.append(table, "ISTIO_INBOUND", ["-p", "tcp", "--dport", port, "-j", "RETURN"], { log: "ExcludeInboundPort" });
    capture([]);
  } else for (const port of split(options.inboundPortsInclude)) capture(["--dport", port], "IncludeInboundPort");
}

function addOutboundRules(list: RuleList, options: SidecarOptions, included: Ranges, excluded: Ranges): void {
  const { redirectDns, inboundTunnelPort } = options;
  const chain = "ISTIO_OUTPUT";
  list.append("nat", "OUTPUT", ["-p", "tcp", "-j", chain], { log: "JumpOutbound" });
  for (const port of split(options.outboundPortsExclude)) list.append("nat", chain, ["-p", "tcp", "--dport", port, "-j", "RETURN"]);
  list.append("nat", chain, ["-o", "lo", "-s", PASSTHROUGH, "-j", "RETURN"]);
  const owners = [...split(options.proxyUid).map((id) => ["--uid-owner", id] as const), ...split(options.proxyGid).map((id) => ["--gid-owner", id] as const)];
  for (const [option, id] of owners) {
    const ports = redirectDns && option === "--uid-owner" ? ["-m", "multiport", "!", "--dports", `53,${inboundTunnelPort}`] : ["!", "--dport", inboundTunnelPort];
    list.append("nat", chain, ["-o", "lo", "!", "-d", LOOPBACK, "-p", "tcp", ...ports, "-m", "owner", option, id, "-j", "ISTIO_IN_REDIRECT"]);
    if (!included.hasLoopback) {
      const dns = redirectDns ? ["-p", "tcp", "!", "--dport", "53"] : [];
      list.append("nat", chain, ["-o", "lo", ...dns, "-m", "owner", "!", option, id, "-j", "RETURN"]);
    }
    list.append("nat", chain, ["-m", "owner", option, id, "-j", "RETURN"]);
  }
  for (const words of ownerGroupWords(options)) list.append("nat", chain, [...words, "-j", "RETURN"]);
  if (redirectDns) {
    const target = ["-j", "REDIRECT", "--to-ports", "15053"];
    if (options.captureAllDns) list.append("nat", chain, ["-p", "tcp", "--dport", "53", ...target]);
    else {
      for (const server of options.dnsServersV4) list.append("nat", chain, ["-p", "tcp", "--dport", "53", "-d", `${server}/32`, ...target], { only: "v4" });
      for (const server of options.dnsServersV6) list.append("nat", chain, ["-p", "tcp", "--dport", "53", "-d", `${server}/128`, ...target], { only: "v6" });
    }
  }
  list.append("nat", chain, ["-d", LOOPBACK, "-j", "RETURN"]);
  for (const only of ["v4", "v6"] as const) for (const range of excluded[only]) list.append("nat", chain, ["-d", range, "-j", "RETURN"], { only });
  for (const port of split(options.outboundPortsInclude)) list.append("nat", chain, ["-p", "tcp", "--dport", port, "-j", "ISTIO_REDIRECT"]);
  for (const only of ["v4", "v6"] as const) addIncluded(list, options, included, only);
}

function addIncluded(list: RuleList, options: SidecarOptions, included: Ranges, only: "v4" | "v6"): void {
  const virtual = split(options.virtualInterfaces);
  const reroute = (name: string, range: readonly string[]): void => list.insert("nat", "PREROUTING", 1, ["-i", name, ...range, "-j", "ISTIO_REDIRECT"], { only, log: "KubevirtCommand" });
  if (included.wildcard) {
    list.append("nat", "ISTIO_OUTPUT", ["-j", "ISTIO_REDIRECT"], { only });
    for (const name of virtual) reroute(name, []);
    return;
  }
  for (const range of included[only]) {
    for (const name of virtual) reroute(name, ["-d", range]);
    list.append("nat", "ISTIO_OUTPUT", ["-d", range, "-j", "ISTIO_REDIRECT"], { only });
  }
  if (included[only].length > 0) list.append("nat", "ISTIO_OUTPUT", ["-j", "RETURN"], { only });
}

function addTproxyRules(list: RuleList, options: SidecarOptions): void {
  const mark = options.tproxyMark;
  const outboundMark = "1338";
  list.append("mangle", "PREROUTING", ["-p", "tcp", "-m", "mark", "--mark", mark, "-j", "CONNMARK", "--save-mark"]);
  list.append("mangle", "OUTPUT", ["-p", "tcp", "-o", "lo", "-m", "mark", "--mark", mark, "-j", "RETURN"]);
  const owners = [...split(options.proxyUid).map((id) => ["--uid-owner", id]), ...split(options.proxyGid).map((id) => ["--gid-owner", id])];
  for (const owner of owners) list.append("mangle", "OUTPUT", ["!", "-d", LOOPBACK, "-p", "tcp", "-o", "lo", "-m", "owner", ...owner, "-j", "MARK", "--set-mark", outboundMark]);
  list.append("mangle", "OUTPUT", ["-p", "tcp", "-m", "connmark", "--mark", mark, "-j", "CONNMARK", "--restore-mark"]);
  list.insert("mangle", "ISTIO_INBOUND", 1, ["-p", "tcp", "-m", "mark", "--mark", mark, "-j", "RETURN"]);
  list.insert("mangle", "ISTIO_INBOUND", 2, ["-p", "tcp", "-s", PASSTHROUGH, "-i", "lo", "-j", "RETURN"]);
  list.insert("mangle", "ISTIO_INBOUND", 3, ["-p", "tcp", "-i", "lo", "-m", "mark", "!", "--mark", outboundMark, "-j", "RETURN"]);
}
