import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Resource } from "@hopscope/model-kubernetes";
import { describe, expect, it } from "vitest";
import { sidecarDefaults, type SidecarOptions } from "../../src/sidecar/options.ts";
import { sidecarOptionsOf } from "../../src/sidecar/pod-options.ts";
import { sidecarRules } from "../../src/sidecar/sidecar-rules.ts";

const root = process.env["HOPSCOPE_CORPORA"] ?? fileURLToPath(new URL("../../../../../shared/corpora", import.meta.url));
const present = existsSync(`${root}/istio-iptables-golden`);
if (!present) console.log(`istio-iptables-golden: no corpora at ${root}, skipped`);

type Config = Readonly<Record<string, string | boolean | readonly string[]>>;
const json = <T>(file: string): T => JSON.parse(readFileSync(file, "utf8")) as T;

/** Names of istio-iptables' configuration, as ours. */
const NAMES: Readonly<Record<string, keyof SidecarOptions>> = {
  ProxyPort: "proxyPort", InboundCapturePort: "inboundCapturePort", InboundTunnelPort: "inboundTunnelPort", ProxyUID: "proxyUid", ProxyGID: "proxyGid", InboundTProxyMark: "tproxyMark",
  InboundTProxyRouteTable: "tproxyRouteTable", InboundInterceptionMode: "mode", InboundPortsInclude: "inboundPortsInclude", InboundPortsExclude: "inboundPortsExclude",
  OutboundIPRangesInclude: "outboundRangesInclude", OutboundIPRangesExclude: "outboundRangesExclude", OutboundPortsInclude: "outboundPortsInclude", OutboundPortsExclude: "outboundPortsExclude",
  OwnerGroupsInclude: "ownerGroupsInclude", OwnerGroupsExclude: "ownerGroupsExclude", KubeVirtInterfaces: "virtualInterfaces", ExcludeInterfaces: "excludeInterfaces", RedirectDNS: "redirectDns",
  CaptureAllDNS: "captureAllDns", DNSServersV4: "dnsServersV4", DNSServersV6: "dnsServersV6", DropInvalid: "dropInvalid", EnableInboundIPv6: "ipv6", TraceLogging: "traceLogging",
};

function optionsOf(...configs: readonly Config[]): SidecarOptions {
  const known = configs.flatMap((config) => Object.entries(config)).flatMap(([name, value]) => (NAMES[name] === undefined ? [] : [[NAMES[name], value] as const]));
  return { ...sidecarDefaults, ...Object.fromEntries(known) };
}

const cases = (folder: string, ending: string): readonly string[] => (present ? readdirSync(`${root}/${folder}`).filter((name) => name.endsWith(ending)).map((name) => name.slice(0, -ending.length)) : []);

interface CniInput {
  readonly containers: readonly string[];
  readonly annotations: Readonly<Record<string, string>>;
  readonly proxyEnv: Readonly<Record<string, string>>;
}

function podOf({ containers, annotations, proxyEnv }: CniInput): Resource {
  const env = Object.entries(proxyEnv).map(([name, value]) => ({ name, value }));
  return { apiVersion: "v1", kind: "Pod", metadata: { name: "pod", namespace: "demo", annotations }, spec: { containers: containers.map((name) => (name === "istio-proxy" ? { name, env } : { name })) } };
}

describe.skipIf(!present)("istio-iptables 1.18.7", () => {
  const folder = "istio-iptables-golden/1.18.7-capture";
  it.each(cases(folder, ".config.json").map((name) => [name]))("writes the commands of %s", (name) => {
    const base = json<Config>(`${root}/${folder}/base-config.json`);
    const { overrides } = json<{ overrides: Config }>(`${root}/${folder}/${name}.config.json`);
    const rules = sidecarRules(optionsOf(base, overrides));
    expect([...rules.v4.commands, ...(rules.v6?.commands ?? [])]).toEqual(readFileSync(`${root}/${folder}/${name}.golden`, "utf8").trim().split("\n"));
  });

  const plugin = "istio-iptables-golden/1.18.7-cni-plugin";
  it.each(cases(plugin, ".input.json").map((name) => [name]))("restores the rules of the CNI plugin's %s", (name) => {
    const { options } = sidecarOptionsOf(podOf(json<CniInput>(`${root}/${plugin}/${name}.input.json`)));
    expect(options === undefined ? undefined : sidecarRules(options).v4.restore.trim()).toBe(readFileSync(`${root}/${plugin}/${name}.txt.golden`, "utf8").trim());
  });

  it.each(cases("netfilter-measured", ".json").map((name) => [name]))("leaves what iptables-save prints for %s", (name) => {
    const measured = json<{ istioIptables: Config; iptablesSave: string; ip6tablesSave?: string }>(`${root}/netfilter-measured/${name}.json`);
    const rules = sidecarRules(optionsOf(measured.istioIptables));
    expect(rules.v4.save.trim()).toBe(measured.iptablesSave.trim());
    if (measured.ip6tablesSave !== undefined) expect(rules.v6?.save.trim()).toBe(measured.ip6tablesSave.trim());
  });
});
