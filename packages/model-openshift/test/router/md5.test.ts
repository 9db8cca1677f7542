import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, it } from "vitest";
import { md5 } from "../../src/router/md5.ts";

it("hashes any text as Node does", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
      expect(md5(text)).toBe(createHash("md5").update(text).digest("hex"));
    }),
  );
});

it("names the cookie of a route", () => {
  expect(md5(" demo:web")).toBe("7f2f61ad2dd28203e6b03cafbbe647f9");
});
