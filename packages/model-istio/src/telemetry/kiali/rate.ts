import type { Sample } from "../series.ts";

/** A counter at some moments, in seconds; what was not scraped is not there. */
export interface Scraped {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly points: readonly { readonly at: number; readonly value: number }[];
}

/**
 * The rate per second that Prometheus answers for a counter over a window, or undefined with fewer than two points.
 *
 * The increase between the first and last point is stretched to the window's ends where these are near, else by half
 * an interval, and never below zero.
 *
 * @see Prometheus 2.42, promql/functions.go, extrapolatedRate
 */
export function rateOf({ points }: Pick<Scraped, "points">, window: { readonly from: number; readonly to: number }): number | undefined {
  const inside = points.filter(({ at }) => at >= window.from && at <= window.to);
  const [first] = inside;
  const last = inside.at(-1);
  if (first === undefined || last === undefined || inside.length < 2) return undefined;
  let increase = last.value - first.value;
  inside.slice(1).forEach(({ value }, index) => {
    const before = inside[index]?.value ?? 0;
    if (value < before) increase += before;
  });
  const span = last.at - first.at;
  const between = span / (inside.length - 1);
  let toStart = first.at - window.from;
  if (increase > 0 && first.value >= 0) toStart = Math.min(toStart, span * (first.value / increase));
  const stretch = (gap: number): number => (gap < between * 1.1 ? gap : between / 2);
  const whole = span + stretch(toStart) + stretch(window.to - last.at);
  return (increase * (whole / span)) / (window.to - window.from);
}

/** Rates of all counters over the last `seconds` before `now`; a counter without two points in it has none. */
export function ratesOf(counters: readonly Scraped[], { now, seconds }: { readonly now: number; readonly seconds: number }): readonly Sample[] {
  return counters.flatMap((counter) => {
    const value = rateOf(counter, { from: now - seconds, to: now });
    return value === undefined ? [] : [{ name: counter.name, labels: counter.labels, value }];
  });
}
