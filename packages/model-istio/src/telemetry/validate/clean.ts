type Shape = "texts" | "objects" | "record" | "text" | "number";

const shapes = (shape: Shape, names: string): readonly (readonly [string, Shape])[] => names.split(" ").map((name) => [name, shape] as const);

/** What each field that the checkers read must be; `tls` is a list of routes or an object of settings. */
const FIELDS = new Map<string, Shape>([
  ...shapes("texts", "hosts gateways exportTo addresses namespaces notNamespaces principals notPrincipals methods"),
  ...shapes("objects", "http tcp route match subsets servers endpoints egress rules from to when portLevelSettings"),
  ...shapes("record", "labels matchLabels selector workloadSelector trafficPolicy mtls outboundTrafficPolicy destination source operation port"),
  ...shapes("text", "host subset name mode location address key"),
  ...shapes("number", "weight number"),
]);

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === "object" && value !== null && !Array.isArray(value);
const labels = new Set(["labels", "matchLabels"]);

function cleaned(name: string, value: unknown): unknown {
  if (name === "tls") return Array.isArray(value) ? value.filter(isObject).map(clean) : isObject(value) ? clean(value) : undefined;
  switch (FIELDS.get(name)) {
    case "texts":
      return Array.isArray(value) ? value.filter((item) => typeof item === "string") : undefined;
    case "objects":
      return Array.isArray(value) ? value.filter(isObject).map(clean) : undefined;
    case "record":
      if (!isObject(value)) return undefined;
      return labels.has(name) ? Object.fromEntries(Object.entries(value).filter(([, text]) => typeof text === "string")) : clean(value);
    case "text":
      return typeof value === "string" ? value : undefined;
    case "number":
      return typeof value === "number" ? value : undefined;
    case undefined:
      return typeof value === "string" ? value : undefined;
  }
}

/** Keeps of an object's fields those that have the shape that Kiali's checkers read; anything else counts as not said. */
export function clean(spec: unknown): Readonly<Record<string, unknown>> {
  if (!isObject(spec)) return {};
  return Object.fromEntries(Object.entries(spec).flatMap(([name, value]) => {
    const kept = cleaned(name, value);
    return kept === undefined ? [] : [[name, kept]];
  }));
}
