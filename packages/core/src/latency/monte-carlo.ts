import type { Share, Summary } from "./compose.ts";
import { quantileAt } from "./distribution.ts";

/** A small seeded generator of numbers in [0, 1) (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Draws the sum of shares `draws` times; the check on `compose`. */
export function monteCarlo(shares: readonly Share[], options: { readonly seed: number; readonly draws: number }): Summary {
  const random = randomFrom(options.seed);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const sums = new Float64Array(options.draws);
  for (let i = 0; i < options.draws; i++) {
    let sum = 0;
    for (const { distribution, times } of shares) for (let k = 0; k < times; k++) sum += quantileAt(distribution, normal());
    sums[i] = sum;
  }
  sums.sort();
  const at = (p: number): number => Math.round(sums[Math.min(options.draws - 1, Math.floor(p * options.draws))] ?? 0);
  return { mean: Math.round(sums.reduce((a, b) => a + b, 0) / options.draws), p50: at(0.5), p90: at(0.9), p99: at(0.99) };
}
