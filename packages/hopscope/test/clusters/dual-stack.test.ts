import { describe, expect, it } from "vitest";
import { run, withFiles } from "../cli/_run.ts";

const cluster = (mode: string, interconnect: boolean): string => `apiVersion: hopscope/v1
kind: Cluster
metadata: {name: dual}
spec:
  platform: {openshift: "4.14", ovn: "23.09"}
  network: {pods: [10.128.0.0/14, "fd01::/48"], services: [172.30.0.0/16, "fd02::/112"], gatewayMode: ${mode}, interconnect: ${interconnect}}
  outside:
    hosts:
    - {name: client, addresses: [198.51.100.7, "2001:db8:7::7"]}
    - {name: backend, addresses: ["2001:db8:8::8", 198.51.100.8], listens: [{port: 13000, application: http}]}
---
apiVersion: v1
kind: Node
metadata: {name: n1}
status: {addresses: [{type: InternalIP, address: 192.0.2.11}, {type: InternalIP, address: "2001:db8:50::11"}]}
---
apiVersion: v1
kind: Node
metadata: {name: n2}
status: {addresses: [{type: InternalIP, address: 192.0.2.12}, {type: InternalIP, address: "2001:db8:50::12"}]}
---
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Pod
metadata: {name: client, namespace: shop, labels: {app: client}}
spec: {nodeName: n1, containers: [{name: c, image: curl}]}
status: {phase: Running, podIP: 10.128.0.9, podIPs: [{ip: 10.128.0.9}, {ip: "fd01::9"}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {nodeName: n2, containers: [{name: c, image: web, ports: [{containerPort: 8080}]}]}
status: {phase: Running, podIP: 10.129.0.9, podIPs: [{ip: 10.129.0.9}, {ip: "fd01:0:0:1::9"}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {type: NodePort, ipFamilies: [IPv4, IPv6], ipFamilyPolicy: RequireDualStack, clusterIP: 172.30.0.20, clusterIPs: [172.30.0.20, "fd02::14"], selector: {app: web}, ports: [{port: 80, targetPort: 8080, nodePort: 30080}]}
`;

interface Change {
  readonly field: string;
  readonly to: string;
}
interface Answer {
  readonly verdict: { readonly type: string };
  readonly legs: readonly { readonly protocol: string; readonly from: { readonly address: string }; readonly hops: readonly { readonly changes: readonly Change[] }[] }[];
}

/** From, to, and the source address that the far end sees. */
const questions: readonly (readonly [string, string, string])[] = [
  ["pod/shop/client", "http://[fd01:0:0:1::9]:8080/", "fd01::9"],
  ["pod/shop/client", "http://[fd02::14]/", "fd01::9"],
  ["pod/shop/client", "http://172.30.0.20/", "10.128.0.9"],
  ["pod/shop/web", "http://[fd02::14]/", "fd69::5"],
  ["external/2001:db8:7::7", "http://[2001:db8:50::11]:30080/", "fd98::2"],
  ["external/198.51.100.7", "http://192.0.2.11:30080/", "100.64.0.2"],
  ["node/n1", "http://[fd01:0:0:1::9]:8080/", "fd01::2"],
  ["node/n2", "http://[fd01:0:0:1::9]:8080/", "fd01:0:0:1::2"],
  ["node/n1", "http://[fd02::14]/", "fd98::2"],
  ["pod/shop/client", "http://[2001:db8:8::8]:13000/", "2001:db8:50::11"],
];

const sourceOf = ({ legs }: Answer): string | undefined => {
  const leg = legs.findLast(({ protocol }) => protocol !== "udp");
  return leg?.hops.flatMap(({ changes }) => changes).findLast(({ field }) => field === "ip4.src" || field === "ip6.src")?.to ?? leg?.from.address;
};

describe.each([
  ["shared", true],
  ["local", true],
  ["shared", false],
])("a dual-stack cluster, gateway mode %s, interconnect %s", (mode, interconnect) => {
  it.each(questions)("delivers from %s to %s, seen as %s", async (from, to, seen) => {
    await withFiles({ "a.yaml": cluster(mode, interconnect) }, async (path) => {
      const { out } = await run("trace", path("a.yaml"), "--from", from, "--to", to, "-o", "json");
      const answer = JSON.parse(out) as Answer;
      expect([answer.verdict.type, sourceOf(answer)]).toEqual(["delivered", seen]);
    });
  });
});
