import { describe, expect, it } from "vitest";
import { deployment, dns, service, trace } from "./network/_cluster.ts";

const namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {kubernetes.io/metadata.name: shop}}\n";
const policy = (name: string, spec: string): string => `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: ${name}, namespace: shop}\nspec: ${spec}\n`;
const shop = [namespace, dns, deployment("shop", "web", { port: 8080 }), deployment("shop", "client"), service("shop", "web", "{selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}")];

describe("what a verdict's sentence names", () => {
  it("is the policy that isolates a pod, not the namespace whose ACL drops", () => {
    const { verdict, legs } = trace([...shop, policy("only-admin", "{podSelector: {matchLabels: {app: web}}, ingress: [{from: [{podSelector: {matchLabels: {app: admin}}}]}]}")], "deploy/shop/client", "http://web/");
    expect(verdict.sentence).toMatch(/^dropped, the client gave up after 127 s: NetworkPolicy shop\/only-admin denies it/);
    expect(legs.at(-1)?.ended?.reason).toMatch(/^NetworkPolicy shop\/only-admin denies it/);
  });

  it("is the name that no server answers for, asked twice as resolvers do", () => {
    const { verdict, legs } = trace([...shop, policy("no-way-out", "{podSelector: {matchLabels: {app: client}}, policyTypes: [Egress]}")], "deploy/shop/client", "http://web/");
    expect(verdict).toMatchObject({ type: "dropped", deciding: { object: "NetworkPolicy shop/no-way-out" } });
    expect(verdict.sentence).toMatch(/^dropped, the client gave up after 10 s: "web" does not resolve, since no server answers for "web\.shop\.svc\.cluster\.local": NetworkPolicy shop\/no-way-out denies it/);
    expect(legs.map(({ protocol, outcome }) => `${protocol} ${outcome}`)).toEqual(["udp dropped", "udp dropped"]);
  });

  it("is the Service without endpoints, even where the refusal does not find back", () => {
    const { verdict, findings } = trace([...shop, service("shop", "empty", "{clusterIP: 172.30.0.77, selector: {app: nobody}, ports: [{port: 80}]}")], "node/node-1", "http://172.30.0.77/");
    expect(verdict.sentence).toMatch(/Service shop\/empty has no endpoints/);
    expect(findings.map(({ code }) => code)).toContain("kubernetes/service-without-endpoints");
  });
});
