const UNITS: Readonly<Record<string, number>> = { us: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9, d: 86400e9 };

/** Nanoseconds of an HAProxy time (`30s`, `1500ms`); milliseconds where no unit is written. */
export function nanosecondsOf(time: string): number | undefined {
  const match = /^([0-9]+)(us|ms|s|m|h|d)?$/.exec(time);
  return match === null ? undefined : Number(match[1]) * (UNITS[match[2] ?? "ms"] ?? 1e6);
}
