/**
 * Whether a release of OVN has something that came in with certain releases.
 *
 * `firsts` are the first patch of each series that has it; a first with patch 0 also stands for all later series.
 *
 * @example
 * since("23.09.1", "23.03.3", "23.09.1", "24.03.0") // true
 */
export function since(version: string, ...firsts: readonly string[]): boolean {
  const parts = (text: string): readonly number[] => text.split(".").map(Number);
  const [major = 0, minor = 0, patch = 0] = parts(version);
  const series = major * 100 + minor;
  const known = firsts.map(parts).map(([a = 0, b = 0, c = 0]) => ({ series: a * 100 + b, patch: c }));
  const own = known.find((first) => first.series === series);
  return own === undefined ? known.some((first) => first.patch === 0 && first.series < series) : patch >= own.patch;
}

/** The release whose language is meant where none is named. */
export const DEFAULT_VERSION = "23.09.0";

/** What differs between releases in how a match is brought into its normal form. */
export interface NormalRules {
  /** Alternatives that a wider one covers are left in, and are sorted by value alone. */
  readonly keepSupersets: boolean;
  /** `a != 2` becomes alternatives that exclude each other instead of one test per bit. */
  readonly disjointInequality: boolean;
}

/** The rules of a release. @see OVN 23.03, 23.09 and 24.03.9, lib/expr.c, crush_or and expr_simplify_ne */
export const normalRules = (version: string = DEFAULT_VERSION): NormalRules => ({
  keepSupersets: !since(version, "23.06.0"), disjointInequality: since(version, "24.03.9", "25.03.0"),
});
