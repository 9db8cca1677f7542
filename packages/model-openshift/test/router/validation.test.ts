import { describe, expect, it } from "vitest";
import { readRoute } from "../../src/router/objects.ts";
import { hostErrors, tlsErrors } from "../../src/router/validation.ts";
import { route } from "./objects.ts";

const judge = (tls: Readonly<Record<string, string>>): string => tlsErrors(readRoute(route("shop", { tls }), "apps.test")).join("\n");

describe("a host name", () => {
  it.each(["shop.test", "localhost", "192.0.2.1", "1.2", "a-b.test"])("%s is good", (host) => {
    expect(hostErrors(host)).toEqual([]);
  });
  it.each([
    ["Shop.test", 2],
    ["shop.test.", 2],
    ["a_b.test", 2],
    ["shop.test:80", 2],
    ["*.test", 2],
    [`${"a".repeat(64)}.test`, 1],
  ])("%s has its faults told one by one", (host, faults) => {
    expect(hostErrors(host)).toHaveLength(faults);
  });
});

describe("TLS settings", () => {
  it.each([
    ["edge", "Redirect"],
    ["reencrypt", "Allow"],
    ["passthrough", "Redirect"],
    ["edge", ""],
  ])("%s with the policy %j is good", (termination, insecureEdgeTerminationPolicy) => {
    expect(judge({ termination, insecureEdgeTerminationPolicy })).toBe("");
  });
  it.each([
    [{ termination: "edge", insecureEdgeTerminationPolicy: "redirect" }, "acceptable values are None, Allow, Redirect, or empty"],
    [{ termination: "passthrough", insecureEdgeTerminationPolicy: "Allow" }, "acceptable values are None, Redirect, or empty"],
    [{ termination: "passthrough", certificate: "x" }, "passthrough termination does not support certificates"],
    [{ termination: "edge", destinationCACertificate: "x" }, "edge termination does not support destination certificates"],
    [{ termination: "Edge" }, "Unsupported value"],
  ])("%j is refused", (tls, text) => {
    expect(judge(tls)).toContain(text);
  });
});
