import type { LabelSelector } from "@hopscope/model-kubernetes";

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
  const first = labels.length === 0 ? "" : `ML:{${labels.map(([key, value]) => `${key}: ${value},`).join("")}},`;
  const requirements = (selector.matchExpressions ?? []).map(({ key, operator, values = [] }) => `LSR{Key:${key},Operator:${operator},Values:[${[...values].sort().join(" ")}],}`).sort();
  const second = requirements.length === 0 ? "" : `ME:{${requirements.join(",")}},`;
  return `LS{${first}${second}}`;
}
