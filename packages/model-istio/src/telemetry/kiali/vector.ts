import type { Sample } from "../series.ts";

export type Labels = Readonly<Record<string, string>>;

/** One element of a query's answer: the labels that were grouped by, as far as the series have them, and the value. */
export interface Element {
  readonly labels: Labels;
  readonly value: number;
}

export interface Query {
  readonly metric: string;
  readonly where: (labels: Labels) => boolean;
  readonly by: readonly string[];
}

const SOURCE = ["source_cluster", "source_workload_namespace", "source_workload", "source_canonical_service", "source_canonical_revision"];
const DESTINATION = ["destination_cluster", "destination_service_namespace", "destination_service", "destination_service_name", "destination_workload_namespace", "destination_workload", "destination_canonical_service", "destination_canonical_revision"];
/** Labels that name both ends of a series. */
export const ENDS: readonly string[] = [...SOURCE, ...DESTINATION];

/** `round(v, 0.001)`, around every query of the graph. */
export const rounded = (value: number): number => Math.floor(value * 1000 + 0.5) / 1000;

/**
 * Puts series in the order in which a block of Prometheus holds them: by their labels, name by name. Where Kiali takes
 * the first of several, this decides; the series of the last hours come in the order in which they first appeared instead.
 *
 * @see Prometheus 2.42, model/labels.Compare
 */
export function inStoredOrder(samples: readonly Sample[]): readonly Sample[] {
  const key = ({ name, labels }: Sample): string => `${name}\0${Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)).flat().join("\0")}`;
  return samples
    .map((sample) => ({ sample, key: key(sample) }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ sample }) => sample);
}

/** Sums the rates of the series that a filter lets through, by labels: `sum(rate(metric{…})) by (…)`, unrounded. */
export function sumBy(samples: readonly Sample[], { metric, where, by }: Query): readonly Element[] {
  const groups = new Map<string, { labels: Record<string, string>; value: number }>();
  for (const { name, labels, value } of samples) {
    if (name !== metric || !where(labels)) continue;
    const kept = Object.fromEntries(by.flatMap((label) => (labels[label] === undefined ? [] : [[label, labels[label]]])));
    const key = JSON.stringify(kept);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { labels: kept, value });
    else group.value += value;
  }
  return [...groups.values()];
}

/** The same with `> 0` (unless idle series are asked for too) and rounded to thousandths. */
export function query(samples: readonly Sample[], asked: Query, options: { readonly idle?: boolean } = {}): readonly Element[] {
  return sumBy(samples, asked)
    .filter(({ value }) => options.idle === true || value > 0)
    .map(({ labels, value }) => ({ labels, value: rounded(value) }));
}

/** `a or b`: what `b` has beside, by equal labels. */
export function either(...vectors: readonly (readonly Element[])[]): readonly Element[] {
  const all = new Map<string, Element>();
  for (const vector of vectors) {
    for (const element of vector) {
      const key = JSON.stringify(Object.entries(element.labels).sort());
      if (!all.has(key)) all.set(key, element);
    }
  }
  return [...all.values()];
}
