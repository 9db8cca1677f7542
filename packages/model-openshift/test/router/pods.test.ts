import { describe, expect, it } from "vitest";
import { publicPorts, routerPods } from "../../src/index.ts";
import { controller, snapshotOfObjects } from "./objects.ts";

const pod = (name: string, of: string) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace: "openshift-ingress", labels: { "ingresscontroller.operator.openshift.io/deployment-ingresscontroller": of } },
  spec: { containers: [] },
});

describe("the routers of an IngressController", () => {
  it("are told by the operator's label", () => {
    const snapshot = snapshotOfObjects([pod("router-default-1", "default"), pod("router-shard-1", "shard")]);
    expect(routerPods(snapshot, "shard").map((found) => found.metadata.name)).toEqual(["router-shard-1"]);
  });

  it.each([
    [{}, { http: 80, https: 443 }],
    [{ endpointPublishingStrategy: { type: "HostNetwork", hostNetwork: { httpPort: 8080, httpsPort: 8443 } } }, { http: 8080, https: 8443 }],
    [{ endpointPublishingStrategy: { type: "Private" } }, { http: 80, https: 443 }],
  ])("with %j listen on %j", (spec, ports) => {
    expect(publicPorts(snapshotOfObjects([controller(spec)]))).toEqual(ports);
  });
});
