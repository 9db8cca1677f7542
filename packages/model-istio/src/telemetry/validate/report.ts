export type Severity = "error" | "warning" | "unknown";

/** One thing that Kiali says of an object. */
export interface Check {
  readonly code: string;
  readonly severity: Severity;
  readonly path: string;
}

/** What Kiali says of one object: whether it is valid, and what it found. */
export interface Validation {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  valid: boolean;
  readonly checks: Check[];
}

const SEVERITIES: Readonly<Record<string, Severity>> = {
  KIA0002: "error", KIA0003: "error", KIA0004: "warning", KIA0005: "error", KIA0101: "warning", KIA0102: "warning", KIA0104: "error", KIA0105: "error", KIA0106: "error",
  KIA0201: "warning", KIA0202: "error", KIA0203: "error", KIA0204: "warning", KIA0205: "error", KIA0206: "error", KIA0207: "error", KIA0208: "error", KIA0209: "warning",
  KIA0301: "warning", KIA0302: "warning", KIA0401: "error", KIA0501: "error", KIA0505: "error", KIA0506: "error", KIA0601: "error", KIA0602: "error", KIA0701: "warning",
  KIA1004: "warning", KIA1006: "warning", KIA1007: "unknown", KIA1101: "error", KIA1102: "error", KIA1104: "warning", KIA1105: "warning", KIA1106: "warning", KIA1107: "warning", KIA1108: "unknown",
  KIA1201: "warning", KIA1301: "warning", KIA1401: "error", KIA1402: "error", KIA1501: "warning", KIA1502: "warning", KIA1503: "error",
};

/** A check with the severity of its code, or another where the mesh's settings soften it. */
export const check = (code: string, path: string, severity?: Severity): Check => ({ code, severity: severity ?? SEVERITIES[code] ?? "error", path });

export interface Subject {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/**
 * Collects what the checkers say. Some of Kiali's checkers forget the cluster in the key of an object; what they say
 * stands apart from the rest, as Kiali answers it.
 */
export interface Report {
  readonly all: Map<string, Validation>;
}

export const newReport = (): Report => ({ all: new Map() });

/** Adds checks of an object; the same check counts once. */
export function say(report: Report, { kind, namespace, name }: Subject, valid: boolean, checks: readonly Check[], options: { readonly apart?: boolean } = {}): void {
  const key = JSON.stringify([kind, namespace, name, options.apart === true]);
  const known = report.all.get(key) ?? { kind, namespace, name, valid: true, checks: [] };
  report.all.set(key, known);
  known.valid = known.valid && valid;
  for (const one of checks) if (!known.checks.some(({ code, severity, path }) => code === one.code && severity === one.severity && path === one.path)) known.checks.push(one);
}
