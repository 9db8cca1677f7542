import { displayJourney, journeySvg, journeyText } from "@hopscope/viz";
import { describe, expect, it } from "vitest";
import { journeyOf } from "../journey/_journey.ts";

const journey = journeyOf(`<b>"shop"</b>`);
const bundle = displayJourney(journey)[Symbol.for("Jupyter.display")]?.();

describe("displayJourney", () => {
  it("answers a notebook kernel with the picture and the text", () => {
    expect(Object.keys(bundle ?? {})).toEqual(["text/html", "image/svg+xml", "text/plain"]);
    expect(bundle?.["image/svg+xml"]).toBe(journeySvg(journey));
    expect(bundle?.["text/plain"]).toBe(journeyText(journey));
  });

  it("puts the same picture inline into HTML, for converters that strip SVG outputs", () => {
    expect(bundle?.["text/html"]).toContain(journeySvg(journey));
  });

  it("lets no text of the cluster become markup", () => {
    expect(bundle?.["text/html"]).not.toContain("<b>");
  });
});
