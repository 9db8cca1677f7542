import { describe, expect, it } from "vitest";
import { run, shop, withFiles } from "./_run.ts";

const node = `apiVersion: v1
kind: Node
metadata: {name: solo, labels: {node-role.kubernetes.io/master: "", node-role.kubernetes.io/worker: ""}}
status: {addresses: [{type: InternalIP, address: 10.0.0.5}]}
`;
const balancer = `apiVersion: v1
kind: Service
metadata: {name: cloud, namespace: shop}
spec: {type: LoadBalancer, selector: {app: web}, ports: [{port: 80, targetPort: 8080, nodePort: 31234}]}
status: {loadBalancer: {ingress: [{ip: 203.0.113.9}]}}
`;
const asList = (kind: string, documents: readonly string[]): string => `---\napiVersion: v1\nkind: ${kind}List\nitems:\n${documents.map((text) => `- ${text.trim().replaceAll("\n", "\n  ")}\n`).join("")}`;
const [namespace = "", web = "", client = "", service = ""] = shop.split("---\n");

const clusters: readonly (readonly [string, Readonly<Record<string, string>>, string, string])[] = [
  ["a single node", { "a.yaml": `${shop}---\n${node}` }, "deploy/shop/client", "http://web.shop/"],
  ["a cloud's load balancer", { "a.yaml": `${shop}---\n${balancer}` }, "external/192.0.2.1", "http://203.0.113.9/"],
  ["a cloud's load balancer, from a pod", { "a.yaml": `${shop}---\n${balancer}` }, "deploy/shop/client", "http://203.0.113.9/"],
  ["a node port", { "a.yaml": `${shop}---\n${balancer}---\n${node}` }, "external/192.0.2.1", "http://10.0.0.5:31234/"],
  [
    "a tree of oc adm inspect",
    {
      "tree/namespaces/shop/shop.yaml": `---\n${namespace}`,
      "tree/namespaces/shop/apps/deployments.yaml": asList("Deployment", [web, client]),
      "tree/namespaces/shop/core/services.yaml": asList("Service", [service]),
      "tree/namespaces/shop/core/events.yaml": "---\napiVersion: v1\nkind: EventList\nitems: []\n",
      "tree/cluster-scoped-resources/core/nodes/solo.yaml": `---\n${node}`,
      "tree/event-filter.html": "<html>",
    },
    "deploy/shop/client",
    "http://web.shop.svc/",
  ],
];

describe("a cluster with", () => {
  it.each(clusters)("%s delivers", async (_, files, from, to) => {
    await withFiles({ ...files }, async (path) => {
      const { out } = await run("trace", path(""), "--from", from, "--to", to, "-o", "json");
      expect(JSON.parse(out).verdict).toMatchObject({ type: "delivered", status: 200 });
    });
  });

  it("an IPv6 pod network resolves names to IPv6 addresses", async () => {
    const six = "apiVersion: hopscope/v1\nkind: Cluster\nmetadata: {name: six}\nspec:\n  network: {pods: [\"fd01::/48\"], services: [\"fd02::/112\"]}\n";
    await withFiles({ "a.yaml": `${shop}---\n${six}` }, async (path) => {
      const { code, out } = await run("trace", path("a.yaml"), "--from", "deploy/shop/client", "--to", "http://web.shop/", "-o", "json");
      expect(code).toBe(0);
      expect(JSON.parse(out).legs[0].to.address).toMatch(/^fd02::/);
    });
  });

  it("no router has nothing that answers on its node", async () => {
    await withFiles({ "a.yaml": `${shop}---\n${node}` }, async (path) => {
      const { out } = await run("trace", path("a.yaml"), "--from", "external/192.0.2.1", "--to", "http://10.0.0.5/", "-o", "json");
      expect(JSON.parse(out)).toMatchObject({ verdict: { type: "refused" }, findings: [{ code: "app/not-listening" }] });
    });
  });
});
