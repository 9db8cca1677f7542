/**
 * How long one step takes, in nanoseconds.
 *
 * @see Reference: log-normal fit from two quantiles, z(0.99) = 2.3263478740
 */
export type Distribution =
  | { readonly type: "const"; readonly value: number }
  /** `exp(Normal(mu, sigma))`, nanoseconds. */
  | { readonly type: "lognormal"; readonly mu: number; readonly sigma: number };

export const Z99 = 2.326347874;

/** Log-normal from mean and squared coefficient of variation (variance / mean²). */
export function lognormal(mean: number, scv: number): Distribution {
  const variance = Math.log(1 + scv);
  return { type: "lognormal", mu: Math.log(mean) - variance / 2, sigma: Math.sqrt(variance) };
}

/** Log-normal through a median and a 99th percentile. */
export function lognormalFromQuantiles(p50: number, p99: number): Distribution {
  if (p99 <= p50) return { type: "const", value: p50 };
  return { type: "lognormal", mu: Math.log(p50), sigma: Math.log(p99 / p50) / Z99 };
}

export function meanOf(distribution: Distribution): number {
  return distribution.type === "const" ? distribution.value : Math.exp(distribution.mu + distribution.sigma ** 2 / 2);
}

export function varianceOf(distribution: Distribution): number {
  if (distribution.type === "const") return 0;
  const s2 = distribution.sigma ** 2;
  return (Math.exp(s2) - 1) * Math.exp(2 * distribution.mu + s2);
}

/** Quantile by the standard normal's inverse; `z` is the normal quantile (0 for p50, `Z99` for p99). */
export function quantileAt(distribution: Distribution, z: number): number {
  return distribution.type === "const" ? distribution.value : Math.exp(distribution.mu + z * distribution.sigma);
}

/** Cumulative probability up to `x` nanoseconds. */
export function cumulative(distribution: Distribution, x: number): number {
  if (distribution.type === "const") return x >= distribution.value ? 1 : 0;
  if (x <= 0) return 0;
  return normalCumulative((Math.log(x) - distribution.mu) / distribution.sigma);
}

/**
 * Standard normal cumulative distribution.
 * @see Abramowitz & Stegun 7.1.26 (absolute error below 1.5e-7)
 */
export function normalCumulative(z: number): number {
  const x = Math.abs(z) / Math.SQRT2;
  const t = 1 / (1 + 0.3275911 * x);
  const poly = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  const erf = 1 - poly * Math.exp(-x * x);
  return z < 0 ? (1 - erf) / 2 : (1 + erf) / 2;
}
