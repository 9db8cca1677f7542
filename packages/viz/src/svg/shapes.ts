import type { System } from "@hopscope/core";
import { symbol, symbolCircle, symbolCross, symbolDiamond, symbolSquare, symbolStar, symbolTriangle, symbolWye, type SymbolType } from "d3-shape";

/** A regular polygon with a corner on top, of the given area. */
const polygon = (corners: number): SymbolType => ({
  draw(context, size) {
    const radius = Math.sqrt((2 * size) / (corners * Math.sin((2 * Math.PI) / corners)));
    for (let corner = 0; corner < corners; corner++) {
      const angle = (2 * Math.PI * corner) / corners - Math.PI / 2;
      const [x, y] = [radius * Math.cos(angle), radius * Math.sin(angle)];
      if (corner === 0) context.moveTo(x, y);
      else context.lineTo(x, y);
    }
    context.closePath();
  },
});

/** One mark for each kind of machine, told apart without colour. */
const shapes: Readonly<Record<System, SymbolType>> = {
  client: symbolCircle,
  dns: symbolWye,
  fabric: polygon(6),
  host: symbolSquare,
  ovn: symbolDiamond,
  netfilter: symbolTriangle,
  envoy: symbolStar,
  haproxy: symbolCross,
  app: polygon(5),
};

/** The outline of a system's mark as path data. */
export const markOf = (system: System, size: number): string => symbol(shapes[system], size)() ?? "";

/** What a system is called in a legend. */
export const SYSTEM_NAMES: Readonly<Record<System, string>> = {
  client: "client",
  dns: "DNS",
  fabric: "network",
  host: "kernel",
  ovn: "OVN",
  netfilter: "netfilter",
  envoy: "Envoy",
  haproxy: "HAProxy",
  app: "application",
};
