import { scanNumber } from "../expr/number.ts";
import type { ActionAddress } from "./action.ts";

/** Reads an address of either family. */
export function parseActionAddress(text: string): ActionAddress | undefined {
  const number = scanNumber(text, 0, text.length);
  if (typeof number === "string" || (number.format !== "ipv4" && number.format !== "ipv6")) return undefined;
  return { family: number.format === "ipv4" ? 4 : 6, value: number.value };
}
