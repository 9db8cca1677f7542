import { fields, list, text } from "./objects.ts";

/**
 * Whether labels satisfy a Kubernetes label selector; no selector selects everything.
 *
 * An operator that does not exist selects nothing.
 */
export function selects(selector: unknown, labels: Readonly<Record<string, string>>): boolean {
  const { matchLabels, matchExpressions } = fields(selector);
  if (!Object.entries(fields(matchLabels)).every(([key, value]) => Object.hasOwn(labels, key) && labels[key] === text(value))) return false;
  return list(matchExpressions).every((item) => {
    const { key, operator, values } = fields(item);
    const has = Object.hasOwn(labels, text(key));
    const among = has && list(values).map(text).includes(labels[text(key)] ?? "");
    switch (operator) {
      case "In":
        return among;
      case "NotIn":
        return !among;
      case "Exists":
        return has;
      case "DoesNotExist":
        return !has;
      default:
        return false;
    }
  });
}
