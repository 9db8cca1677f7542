/**
 * What Prometheus' `histogram_quantile` answers for cumulative buckets by upper bound, or undefined without observations.
 *
 * Within a bucket it interpolates; a quantile in the last, open bucket is the bound below it.
 *
 * @see Prometheus 2.42, promql/quantile.go, bucketQuantile
 * @example
 * quantileOf(0.5, [{ le: 10, value: 0 }, { le: 20, value: 4 }, { le: Infinity, value: 4 }]) // 15
 */
export function quantileOf(quantile: number, buckets: readonly { readonly le: number; readonly value: number }[]): number | undefined {
  const sorted: { le: number; value: number }[] = [];
  for (const { le, value } of [...buckets].sort((a, b) => a.le - b.le)) {
    const before = sorted.at(-1);
    if (before?.le === le) before.value += value;
    else sorted.push({ le, value });
  }
  if (sorted.length < 2 || sorted.at(-1)?.le !== Infinity) return undefined;
  for (const [index, bucket] of sorted.entries()) bucket.value = Math.max(bucket.value, sorted[index - 1]?.value ?? 0);
  const total = sorted.at(-1)?.value ?? 0;
  if (total <= 0) return undefined;
  const rank = quantile * total;
  const at = sorted.slice(0, -1).findIndex(({ value }) => value >= rank);
  if (at === -1) return sorted.at(-2)?.le;
  const high = sorted[at];
  if (high === undefined || (at === 0 && high.le <= 0)) return high?.le;
  const low = sorted[at - 1] ?? { le: 0, value: 0 };
  const value = low.le + (high.le - low.le) * ((rank - low.value) / (high.value - low.value));
  // Of an empty first bucket the lowest quantile is no number.
  return Number.isNaN(value) ? undefined : value;
}
