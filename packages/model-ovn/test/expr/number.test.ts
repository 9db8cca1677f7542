import { describe, expect, it } from "vitest";
import { printInteger } from "../../src/expr/print-number.ts";
import { Lexer } from "../../src/expr/lexer.ts";
import { T } from "../../src/expr/token.ts";

const read = (text: string): string => {
  const lexer = new Lexer(text);
  return lexer.kind === T.error ? lexer.text : printInteger(lexer.integer());
};

describe("numbers of the language", () => {
  it.each([
    ["0x00ff", "0xff"], ["0X0", "0"], ["12", "12"], ["7/5", "5/5"], ["0/0x1f", "0/0x1f"], ["0x1f/0x0f", "0xf/0xf"],
    ["10.1.2.3", "10.1.2.3"], ["10.1.2.3/8", "10.0.0.0/8"], ["10.1.2.3/255.255.0.0", "10.1.0.0/16"], ["10.1.2.3/255.0.0.255", "10.0.0.3/255.0.0.255"], ["010.1.2.3", "Invalid numeric constant."], ["00a:58:0a:80:0:01", "0a:58:0a:80:00:01"], ["1ff:58:a:80:00:01", "ff:58:0a:80:00:01"],
    ["::", "::"], ["::1", "::1"], ["fe80:0:0:0:0:0:0:1", "fe80::1"], ["1:0:0:2:0:0:0:3", "1:0:0:2::3"], ["1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"], ["::1.2.3.4", "::1.2.3.4"],
    ["::ffff:1.2.3.4", "::ffff:1.2.3.4"], ["fe80::/10", "fe80::/10"], ["fe80::1/ffff::", "fe80::/16"], ["2001:db8::1:0:0:1", "2001:db8::1:0:0:1"],
    ["0A:58:0a:80:00:01", "0a:58:0a:80:00:01"], ["ff:ff:ff:ff:ff:ff/01:00:00:00:00:00", "01:00:00:00:00:00/01:00:00:00:00:00"],
    ["1.2.3", "Invalid numeric constant."], ["1.2.3.4.5", "Invalid numeric constant."], ["1:2:3:4:5:6:7", "Invalid numeric constant."], ["::12345", "Invalid numeric constant."],
    ["0x1g", "Invalid syntax in hexadecimal constant."], ["1/", "Integer constant expected."], ["1/0x3", "Value and mask have incompatible formats."], ["1.2.3.4/33", "Value and mask have incompatible formats."],
  ])("reads %s as %s", (text, answer) => {
    expect(read(text)).toBe(answer);
  });

  it("ends an address before a colon and a number before two dots", () => {
    const kinds = (text: string): readonly string[] => {
      const lexer = new Lexer(text);
      const texts: string[] = [];
      for (; lexer.kind !== T.end; lexer.next()) texts.push(text.slice(lexer.start, lexer.end));
      return texts;
    };
    expect(kinds("10.0.0.1:80")).toEqual(["10.0.0.1", ":", "80"]);
    expect(kinds("[3..15]")).toEqual(["[", "3", "..", "15", "]"]);
    expect(kinds("abc::1 abc.d")).toEqual(["abc::1", "abc.d"]);
  });
});
