/** A label selector as objects carry it. */
export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly { readonly key: string; readonly operator: string; readonly values?: readonly string[] }[];
}

/** Whether labels satisfy a selector; an empty selector takes everything. */
export function selects(selector: LabelSelector, labels: Readonly<Record<string, string>> = {}): boolean {
  const byLabel = Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
  return (
    byLabel &&
    (selector.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
      const value = labels[key];
      switch (operator) {
        case "In":
          return value !== undefined && values.includes(value);
        case "NotIn":
          return value === undefined || !values.includes(value);
        case "Exists":
          return value !== undefined;
        case "DoesNotExist":
          return value === undefined;
        default:
          return false;
      }
    })
  );
}

/** Whether a selector takes everything. */
export function isEmptySelector(selector: LabelSelector): boolean {
  return Object.keys(selector.matchLabels ?? {}).length === 0 && (selector.matchExpressions ?? []).length === 0;
}

/**
 * The text OVN-Kubernetes names a selector by: `LS{ML:{app: web,},ME:{LSR{Key:a,Operator:In,Values:[b],}},}`.
 *
 * @see ovn-kubernetes go-controller/pkg/ovn/pod_selector_address_set.go shortLabelSelectorString, 2023-10-31
 */
export function printSelector(selector: LabelSelector): string {
  const labels = Object.entries(selector.matchLabels ?? {}).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  const expressions = [...(selector.matchExpressions ?? [])].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  const first = labels.length === 0 ? "" : `ML:{${labels.map(([key, value]) => `${key}: ${value},`).join("")}},`;
  const requirements = expressions.map(({ key, operator, values = [] }) => `LSR{Key:${key},Operator:${operator},Values:[${[...values].sort().join(" ")}],}`);
  const second = requirements.length === 0 ? "" : `ME:{${requirements.join(",")}},`;
  return `LS{${first}${second}}`;
}
