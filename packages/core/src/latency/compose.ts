import { cumulative, type Distribution, meanOf, quantileAt, varianceOf } from "./distribution.ts";
import { fourier } from "./fourier.ts";

/** A distribution and how many independent draws of it are added. */
export interface Share {
  readonly distribution: Distribution;
  readonly times: number;
}

/** Nanoseconds, whole numbers. */
export interface Summary {
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}

/** Bins of the grid where nothing is said. */
const BINS = 2048;

/**
 * Adds independent shares: mean and percentiles of the sum, by numeric convolution (product of the shares'
 * discrete Fourier transforms on a grid of `bins` bins, a power of two).
 *
 * The grid reaches to where less than about 1e-5 of any share's mass lies beyond; the sum keeps its exact mean.
 *
 * @example
 * compose([{ distribution: { type: "const", value: 5 }, times: 2 }]).p50 // 10
 */
export function compose(shares: readonly Share[], bins = BINS): Summary {
  const fixed = shares.reduce((sum, { distribution, times }) => sum + (distribution.type === "const" ? distribution.value * times : 0), 0);
  const spread = shares.filter(({ distribution, times }) => distribution.type !== "const" && times > 0);
  if (spread.length === 0) return summary(fixed, fixed, fixed, fixed);
  const mean = spread.reduce((sum, { distribution, times }) => sum + meanOf(distribution) * times, 0);
  const deviation = Math.sqrt(spread.reduce((sum, { distribution, times }) => sum + varianceOf(distribution) * times, 0));
  const tail = Math.max(...spread.map(({ distribution }) => quantileAt(distribution, 4.2)));
  const step = Math.max(mean + 8 * deviation, mean + tail) / bins;
  const re = new Float64Array(bins).fill(1);
  const im = new Float64Array(bins);
  for (const { distribution, times } of spread) {
    const [shareRe, shareIm] = transformed(distribution, step, bins);
    multiply(re, im, shareRe, shareIm, times);
  }
  fourier(re, im, true);
  // A bin's mass lies somewhere in the bin: shifting the sum to its exact mean takes that error out.
  const shift = mean - re.reduce((sum, mass, bin) => sum + mass * bin * step, 0);
  const at = (probability: number): number => fixed + quantileOf(re, probability) * step + shift;
  return summary(fixed + mean, at(0.5), at(0.9), at(0.99));
}

/** Multiplies a spectrum by another one's whole power, by squaring, in place. */
function multiply(re: Float64Array, im: Float64Array, shareRe: Float64Array, shareIm: Float64Array, exponent: number): void {
  for (let i = 0; i < re.length; i++) {
    let r = re[i] ?? 0;
    let m = im[i] ?? 0;
    let baseRe = shareRe[i] ?? 0;
    let baseIm = shareIm[i] ?? 0;
    for (let rest = exponent; rest > 0; rest >>= 1) {
      if ((rest & 1) === 1) {
        const product = r * baseRe - m * baseIm;
        m = r * baseIm + m * baseRe;
        r = product;
      }
      if (rest === 1) break;
      const square = baseRe * baseRe - baseIm * baseIm;
      baseIm *= 2 * baseRe;
      baseRe = square;
    }
    re[i] = r;
    im[i] = m;
  }
}

function transformed(distribution: Distribution, step: number, bins: number): [Float64Array, Float64Array] {
  const mass = new Float64Array(bins);
  let below = 0;
  for (let i = 0; i < bins; i++) {
    const upTo = cumulative(distribution, (i + 1) * step);
    mass[i] = upTo - below;
    below = upTo;
  }
  mass[bins - 1] = (mass[bins - 1] ?? 0) + 1 - below;
  const im = new Float64Array(bins);
  fourier(mass, im);
  return [mass, im];
}

function quantileOf(mass: Float64Array, probability: number): number {
  let sum = 0;
  for (let i = 0; i < mass.length; i++) {
    const next = sum + Math.max(0, mass[i] ?? 0);
    if (next >= probability) return i + (next === sum ? 0 : (probability - sum) / (next - sum)) - 0.5;
    sum = next;
  }
  return mass.length - 1;
}

function summary(mean: number, p50: number, p90: number, p99: number): Summary {
  const low = Math.max(0, Math.round(p50));
  const high = Math.max(low, Math.round(p90));
  return { mean: Math.round(mean), p50: low, p90: high, p99: Math.max(high, Math.round(p99)) };
}
