import type { Journey } from "@hopscope/core";
import { journeySvg } from "../svg/svg.ts";
import { journeyText } from "../text/text.ts";

/** The forms one cell output has, by MIME type. */
export interface JourneyBundle {
  readonly "text/html": string;
  readonly "image/svg+xml": string;
  readonly "text/plain": string;
}

const display = Symbol.for("Jupyter.display");

/**
 * Makes a journey's picture the output of a notebook cell.
 *
 * The picture comes twice: `image/svg+xml` for front ends that draw it, and inline in `text/html`, because converters to HTML
 * strip the shapes out of `image/svg+xml`. Inline it scrolls at its
 * full size, where Jupyter would shrink it to the page. `text/plain` is the journey as text.
 *
 * @see Deno 2.9, `Jupyter.display`: a cell's last value with a method under this symbol chooses its own output
 * @example
 * displayJourney(simulate(network, { from: "external/172.21.6.102", to: "http://shop.test/" }))
 */
export function displayJourney(journey: Journey): { readonly [name: symbol]: () => JourneyBundle } {
  return {
    [display]: () => {
      const svg = journeySvg(journey);
      return { "text/html": `<div style="overflow-x:auto"><div style="width:max-content">${svg}</div></div>`, "image/svg+xml": svg, "text/plain": journeyText(journey) };
    },
  };
}
