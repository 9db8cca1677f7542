import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseRouterNetworks, ownAddressFor } from "../../src/northd/address.ts";
import { linkLocal, maskOf, parseCidr, parseIp, parseMac, printIp, printMac, solicitedNode } from "../../src/northd/ip.ts";

describe("addresses in flows", () => {
  it("reads back what it prints", () => {
    const address = fc.oneof(
      fc.record({ family: fc.constant(4 as const), value: fc.bigInt(0n, 0xffffffffn) }),
      fc.record({ family: fc.constant(6 as const), value: fc.bigInt(0n, (1n << 128n) - 1n) }),
    );
    fc.assert(fc.property(address, ({ family, value }) => {
      expect(parseIp(printIp(family, value))).toEqual({ family, value });
    }));
  });

  it.each([
    ["fd00:0:0:1:0:0:0:1", "fd00:0:0:1::1"], ["0:0:0:0:0:0:0:0", "::"], ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["FE80::ABCD", "fe80::abcd"], ["::ffff:10.0.0.1", "::ffff:10.0.0.1"], ["010.0.0.1", "10.0.0.1"],
  ])("prints %s as %s", (text, printed) => {
    const ip = parseIp(text);
    expect(ip === undefined ? undefined : printIp(ip.family, ip.value)).toBe(printed);
  });

  it.each(["10.0.0", "256.0.0.1", "1::2::3", "12345::", "fd00:1", "", "10.0.0.1/33", "router"])("does not take %j for an address", (text) => {
    expect(parseCidr(text)).toBeUndefined();
  });

  it("derives link-local and solicited-node addresses", () => {
    const mac = parseMac("0A:58:64:40:00:02") ?? 0n;
    expect([printMac(mac), printIp(6, linkLocal(mac)), printIp(6, solicitedNode(linkLocal(mac)))])
      .toEqual(["0a:58:64:40:00:02", "fe80::858:64ff:fe40:2", "ff02::1:ff40:2"]);
  });

  it("takes a mask for a prefix length", () => {
    expect(parseCidr("10.0.0.0/255.255.254.0")?.length).toBe(23);
    expect(printIp(4, maskOf(4, 23))).toBe("255.255.254.0");
  });

  it("gives a router port its link-local address last", () => {
    const networks = parseRouterNetworks("0a:58:0a:80:00:01", ["fd01::1/64", "10.128.0.1/23"]);
    expect(networks?.v6.map(({ text }) => text)).toEqual(["fd01::1", "fe80::858:aff:fe80:1"]);
    expect(networks === undefined ? undefined : ownAddressFor(networks, "10.128.1.7")).toBe("10.128.0.1");
  });
});
