/**
 * Prints a number with fixed decimals as Go's `%.*f` does: an exact tie goes to the even digit.
 *
 * @example
 * goFixed(2.5, 0) // "2"
 */
export function goFixed(value: number, decimals: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
  const rounded = value.toFixed(decimals);
  const exact = value.toFixed(Math.min(100, decimals + 60));
  const cut = exact.indexOf(".") + 1 + decimals;
  if (!/^\.?50*$/.test(exact.slice(decimals === 0 ? cut - 1 : cut))) return rounded;
  const down = decimals === 0 ? exact.slice(0, cut - 1) : exact.slice(0, cut);
  return "02468".includes(down.at(-1) ?? "0") ? down : rounded;
}

/** A rate as Kiali prints it: two decimals, or as many, up to five, as show one digit. */
export function rateText(value: number, decimals = 2): string {
  let precision = 0;
  for (let rest = value; rest > 0 && rest < 1 && precision < 5; rest *= 10) precision++;
  return goFixed(value, Math.max(decimals, precision));
}
