import { journeyHtml, journeyJson, journeyMermaid, journeySvg, journeyText } from "@hopscope/viz";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { journeyOf } from "./_journey.ts";

const hostile = [`<script>alert("1")</script>`, "a;b#c`d\"e'f&g", "]]><![CDATA[", "\u001b[31mred\u0007\u009b1m", "two\nlines\r\n", "\u202egnp", "\u2066a\u200fb\u2028c", "\ud800 alone", "\ufffe", "שלום", "长名字".repeat(40), "\u{1f600}".repeat(80), "end", "x".repeat(300), "", "--> <!--"];

/** What is wrong with XML as text: unknown entities, tags that do not balance, stray brackets. Undefined when nothing is. */
function illFormed(xml: string): string | undefined {
  const open: string[] = [];
  const rest = xml.replace(/<(\/?)([A-Za-z][\w-]*)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>/g, (_, close: string, name: string, _attributes: string, empty: string) => {
    if (close !== "") {
      const last = open.pop();
      if (last !== name) open.push(`${last ?? "nothing"} closed by ${name}`, "");
    } else if (empty === "") open.push(name);
    return "";
  });
  if (open.length > 0) return open.join(" ");
  if (/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u.test(xml)) return "a character that XML has not";
  if (/[<>]/.test(rest)) return `stray bracket: ${rest.slice(0, 80)}`;
  return /&(?!#\d+;|amp;|lt;|gt;|quot;)/.test(xml) ? "bare ampersand" : undefined;
}

describe("text", () => {
  it.each(hostile)("keeps to 100 columns and to printable characters: %j", (text) => {
    for (const wide of [false, true]) {
      const printed = journeyText(journeyOf(text), { wide });
      expect(printed.split("\n").filter((line) => line.length > 100)).toEqual([]);
      expect(printed).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/);
    }
  });
});

describe("SVG", () => {
  it.each(hostile)("is well-formed, titled and described: %j", (text) => {
    const svg = journeySvg(journeyOf(text));
    expect(illFormed(svg)).toBeUndefined();
    const [, title, description] = /^<svg [^>]*role="img" aria-labelledby="(\S+) (\S+)"/.exec(svg) ?? [];
    expect(svg).toContain(`<title id="${title ?? ""}">`);
    expect(svg).toContain(`<desc id="${description ?? ""}">`);
    expect(svg).not.toContain("<script");
  });

  it("is well-formed whatever the cluster's names are", () => {
    fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 40 }), (text) => illFormed(journeySvg(journeyOf(text))) === undefined), { numRuns: 60 });
  });

  it("draws a journey that has no leg", () => expect(illFormed(journeySvg({ ...journeyOf("x"), legs: [] }))).toBeUndefined());
});

describe("HTML", () => {
  it.each(hostile)("takes no markup from names: %j", (text) => {
    const html = journeyHtml(journeyOf(text));
    expect(html).toMatch(/^<!doctype html>/);
    expect(html).not.toMatch(/<script|<!--|<!\[CDATA/i);
  });
});

describe("Mermaid", () => {
  it.each(hostile)("has one statement a line and escapes what is syntax: %j", (text) => {
    const lines = journeyMermaid(journeyOf(text)).replace(/\n$/, "").split("\n");
    expect(lines[0]).toBe("sequenceDiagram");
    for (const line of lines.slice(1)) {
      expect(line).toMatch(/^ {2}(participant p\d+ as |p\d+(->>|-->>|--x)p\d+: |Note over p\d+(,p\d+)?: )/);
      expect(line.replaceAll(/#\d+;/g, "").replace(/->>|-->>/, "")).not.toMatch(/[;#<>]/);
    }
  });

  it("names only participants that it declares", () => {
    const text = journeyMermaid({ ...journeyOf("x"), legs: [] });
    expect(text).toContain("participant p0 as x");
  });
});

it("gives the same bytes for the same journey", () => {
  const prints = [journeyText, journeySvg, journeyHtml, journeyMermaid, (journey: ReturnType<typeof journeyOf>) => JSON.stringify(journeyJson(journey))];
  for (const print of prints) expect(print(journeyOf("shop"))).toBe(print(journeyOf("shop")));
});
