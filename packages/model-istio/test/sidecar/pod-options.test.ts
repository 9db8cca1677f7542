import type { Resource } from "@hopscope/model-kubernetes";
import { describe, expect, it } from "vitest";
import { sidecarDefaults, sidecarOptionsOf, sidecarRules } from "../../src/index.ts";

interface Parts {
  readonly annotations?: Readonly<Record<string, string>>;
  readonly proxy?: object;
  readonly podIPs?: readonly string[];
  readonly containers?: readonly object[];
}
const pod = ({ annotations = {}, proxy = {}, podIPs = ["10.128.2.7"], containers = [{ name: "web" }] }: Parts = {}): Resource => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "web", namespace: "demo", annotations: { "sidecar.istio.io/status": "{}", ...annotations } },
  spec: { containers: [...containers, { name: "istio-proxy", ...proxy }] },
  status: { podIP: podIPs[0], podIPs: podIPs.map((ip) => ({ ip })) },
});

describe("a pod's interception", () => {
  it("captures everything but the mesh's own ports where nothing is said", () => {
    expect(sidecarOptionsOf(pod()).options).toMatchObject({ inboundPortsInclude: "*", inboundPortsExclude: "15020,15021,15090", outboundRangesInclude: "*", outboundPortsExclude: "15020", proxyUid: "1337" });
    expect(sidecarOptionsOf(pod(), { by: "init-container" }).options).toMatchObject({ inboundPortsExclude: "15090,15021,15020", outboundPortsExclude: "" });
  });

  it("takes the proxy's owner from its container, as OpenShift sets it", () => {
    expect(sidecarOptionsOf(pod({ proxy: { securityContext: { runAsUser: 1000700001, runAsGroup: 1000700000 } } })).options).toMatchObject({ proxyUid: "1000700001", proxyGid: "1000700000" });
  });

  it("puts excluded ports of the annotation before the system's, each once", () => {
    const annotations = { "traffic.sidecar.istio.io/excludeInboundPorts": "9090,15021", "traffic.sidecar.istio.io/includeOutboundIPRanges": "172.30.0.0/16" };
    expect(sidecarOptionsOf(pod({ annotations })).options).toMatchObject({ inboundPortsExclude: "9090,15021,15020,15090", outboundRangesInclude: "172.30.0.0/16" });
  });

  it("captures nothing where a list is empty", () => {
    const { options = sidecarDefaults } = sidecarOptionsOf(pod({ annotations: { "traffic.sidecar.istio.io/includeInboundPorts": "", "traffic.sidecar.istio.io/includeOutboundIPRanges": "" } }));
    const { save } = sidecarRules(options).v4;
    expect(save).not.toContain("-A PREROUTING");
    expect(save).not.toContain("-A ISTIO_OUTPUT -j ISTIO_REDIRECT");
  });

  it.each([
    ["no proxy", { ...pod(), spec: { containers: [{ name: "web" }] } }, "no container istio-proxy"],
    ["mode NONE", pod({ annotations: { "sidecar.istio.io/interceptionMode": "NONE" } }), "NONE"],
    ["one container", pod({ containers: [] }), "one container"],
    ["its own init container", { ...pod(), spec: { containers: [{ name: "web" }, { name: "istio-proxy" }], initContainers: [{ name: "istio-init" }] } }, "istio-init"],
  ])("makes no rules for a pod with %s", (_, resource, reason) => {
    const found = sidecarOptionsOf(resource);
    expect(found.options).toBeUndefined();
    expect(found.reason).toContain(reason);
  });

  it("tells of an annotation that stops the pod", () => {
    const { options, diagnostics } = sidecarOptionsOf(pod({ annotations: { "traffic.sidecar.istio.io/excludeOutboundPorts": "80,http" } }));
    expect(options).toBeUndefined();
    expect(diagnostics).toMatchObject([{ code: "sidecar/annotation-value", origin: { path: 'metadata.annotations["traffic.sidecar.istio.io/excludeOutboundPorts"]' } }]);
  });

  it("captures DNS where the proxy's metadata says so, with the pod over the mesh", () => {
    const annotations = { "proxy.istio.io/config": 'proxyMetadata:\n  ISTIO_META_DNS_CAPTURE: "true"\n' };
    expect(sidecarOptionsOf(pod({ annotations })).options).toMatchObject({ redirectDns: true, captureAllDns: true });
    expect(sidecarOptionsOf(pod({ annotations: { "proxy.istio.io/config": '{"proxyMetadata":{"ISTIO_META_DNS_CAPTURE":"false"}}' } }), { proxyMetadata: { ISTIO_META_DNS_CAPTURE: "true" } }).options).toMatchObject({ redirectDns: false });
    expect(sidecarOptionsOf(pod({ annotations }), { by: "init-container" }).caveats).toMatchObject([{ code: "sidecar/dns-servers-unknown" }]);
  });

  it("writes IPv6 rules where the pod's first address is one, and adds the pass-through address", () => {
    const { options = sidecarDefaults } = sidecarOptionsOf(pod({ podIPs: ["fd00::7"] }));
    const rules = sidecarRules(options);
    expect(rules.v6?.save).toContain("-A ISTIO_OUTPUT -s ::6/128 -o lo -j RETURN");
    expect(rules.loopbackAddresses).toEqual(["::6/128"]);
    expect(sidecarRules(sidecarOptionsOf(pod()).options ?? sidecarDefaults).v6).toBeUndefined();
  });

  it("brings the route that TPROXY needs", () => {
    const rules = sidecarRules({ ...sidecarDefaults, mode: "TPROXY", inboundPortsInclude: "*" });
    expect(rules.rules).toEqual([{ fwmark: { value: 1337 }, table: "133" }]);
    expect(rules.routes).toEqual([{ to: "0.0.0.0/0", dev: "lo", table: "133", type: "local" }]);
  });
});
