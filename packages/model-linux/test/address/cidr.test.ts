import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { contains, parseCidr, printAddress, printCidr } from "../../src/index.ts";

describe("address ranges", () => {
  it.each([
    ["10.128.2.15/23", "10.128.2.0/23"],
    ["10.0.0.0/255.0.0.0", "10.0.0.0/8"],
    ["192.0.2.1", "192.0.2.1/32"],
    ["2001:db8::/32", "2001:db8::/32"],
    ["::127.0.0.53", "::7f00:35/128"],
    ["::", "::/128"],
  ])("reads %s as %s", (text, printed) => {
    const range = parseCidr(text);
    expect(range === undefined ? undefined : printCidr(range)).toBe(printed);
  });

  it.each(["", "10.0.0", "10.0.0.256", "10.0.0.0/33", "1::2::3", "fd00::/129", "10.0.0.0/255.0.255.0", "web", "1:2:3:4:5:6:7:8:9"])("refuses %j", (text) => {
    expect(parseCidr(text)).toBeUndefined();
  });

  it("prints what it reads again, and holds its own address", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }), fc.nat(128), (value, bits) => {
        const address = printAddress(6, value);
        const range = parseCidr(`${address}/${bits}`);
        expect(parseCidr(address)?.value).toBe(value);
        expect(range !== undefined && contains(range, address)).toBe(true);
      }),
    );
  });
});
