import { describe, expect, it } from "vitest";
import { ask, told } from "./_ask.ts";

const CLIENT = "external/192.168.111.1";

describe("a single node on bare metal that routes by the host", () => {
  it.each([
    [CLIENT, "http://web.apps.sno.lab/", "delivered 200"],
    [CLIENT, "https://web.apps.sno.lab/", "answered 503 router/no-route-for-host"],
    [CLIENT, "http://192.168.111.20:30300/", "delivered 200"],
    ["deploy/db/web", "http://192.168.111.20:30300/", "delivered 200"],
    ["deploy/db/web", "tcp://pg-1.pg:5432", "delivered"],
    ["deploy/db/web", "tcp://pg-rw:5432", "delivered"],
    ["pod/db/pg-0", "http://web/", "dropped ovn/network-policy-denies"],
    ["deploy/db/web", "http://web/", "refused app/not-listening"],
    ["node/solo", "http://web.apps.sno.lab/", "delivered 200"],
    ["deploy/db/web", "https://203.0.113.9/", "delivered 200 ovn/egress-ip-not-used"],
  ])("%s asks %s: %s", (from, to, expected) => expect(told(ask("single-node", from, to))).toBe(expected));

  it("takes a Service by pod name to that pod", () => {
    expect(ask("single-node", "deploy/db/web", "tcp://pg-rw:5432").legs[0]?.to.object).toBe("Pod db/pg-0");
  });

  it("says that no node has an EgressIP which selects the sender", () => {
    expect(ask("single-node", "deploy/db/web", "https://203.0.113.9/").findings[0]?.problem).toMatch(/^EgressIP e \(192\.168\.111\.77\) selects Pod db\/web-.* and is assigned to no node/);
  });
});
