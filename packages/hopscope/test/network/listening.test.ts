import { describe, expect, it } from "vitest";
import { deployment, service, trace } from "./_cluster.ts";

const client = deployment("shop", "client", { port: 1 });
const codes = ({ caveats }: ReturnType<typeof trace>): readonly string[] => caveats.map(({ code }) => code);
const lab = (spec: string): string => `apiVersion: hopscope/v1\nkind: Cluster\nmetadata: {name: lab}\nspec:\n  ${spec}\n`;

describe("a pod of which nothing says what it listens on", () => {
  it("is assumed to serve the port asked for, whether or not a Service sends there", () => {
    for (const to of ["deploy/shop/web:9090", "http://web.shop/"]) {
      const journey = trace([client, deployment("shop", "web"), service("shop", "web", "{selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}")], "deploy/shop/client", to);
      expect(journey.verdict.type).toBe("delivered");
      expect(journey.caveats.filter(({ code }) => code === "assumed/listens").map(({ problem }) => problem)).toEqual([expect.stringContaining(to.endsWith("9090") ? "port 9090 is assumed" : "port 8080 is assumed")]);
    }
  });

  it("listens on nothing where that is said", () => {
    expect(trace([client, deployment("shop", "web"), lab("applications: [{select: {labels: {app: web}}, listens: []}]")], "deploy/shop/client", "deploy/shop/web:9090").findings.map(({ code }) => code)).toEqual(["app/not-listening"]);
  });

  it("is held to the ports that it declares", () => {
    const journey = trace([client, deployment("shop", "web", { port: 8080 })], "deploy/shop/client", "deploy/shop/web:9090");
    expect(journey.verdict.type).toBe("refused");
    expect(codes(journey)).not.toContain("assumed/listens");
  });
});

describe("a node's own processes", () => {
  const api = `${service("default", "kubernetes", "{clusterIP: 172.30.0.1, ports: [{name: https, port: 443, targetPort: 6443}]}")}---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: kubernetes, namespace: default, labels: {kubernetes.io/service-name: kubernetes}}
addressType: IPv4
endpoints: [{addresses: [192.168.126.12], conditions: {ready: true}}]
ports: [{name: https, port: 6443, protocol: TCP}]
`;
  it("serve what an EndpointSlice names by the node's address, as the API server", () => {
    const journey = trace([client, api], "deploy/shop/client", "https://kubernetes.default.svc/");
    expect(journey.verdict.type).toBe("delivered");
    expect(codes(journey)).toContain("assumed/host-listens");
  });

  it("listen on what every node runs, and on nothing else", () => {
    expect(trace([client], "deploy/shop/client", "node/node-2:22").verdict.type).toBe("delivered");
    expect(trace([client], "deploy/shop/client", "node/node-2:8081").findings.map(({ code }) => code)).toEqual(["app/not-listening"]);
  });
});
