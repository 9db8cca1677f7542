import type { Resource } from "../resource.ts";
import { certificatesIn, type CertificateFacts } from "./certificate.ts";

/** What is kept of a Secret. */
export interface SecretFacts extends Resource {
  readonly type: string;
  /** Names of the keys, sorted. */
  readonly keys: readonly string[];
  /** Public facts of the certificates below each key that holds any. */
  readonly certificates: Readonly<Record<string, readonly CertificateFacts[]>>;
}

/** Stands where a private key or a token stood. */
export const REMOVED = "<removed>";

const ANNOTATION = /last-applied-configuration$|token-secret\.value$|(?:^|[./-])(?:password|token)$/i;
const PRIVATE_KEY = /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/;
const TOKEN = /\beyJ[\w-]{5,}\.eyJ[\w-]{5,}\.[\w-]*/;

/** Settings of the mesh's proxies, which decide a packet's way; of all other variables the value is left out. */
const SETTINGS = /^(?:ISTIO_META_DNS_CAPTURE|ISTIO_META_DNS_AUTO_ALLOCATE|ISTIO_META_UNPRIVILEGED_POD|ISTIO_OUTBOUND_OWNER_GROUPS(?:_EXCLUDE)?|ISTIO_AGENT_DUAL_STACK|INVALID_DROP|DISABLE_ENVOY)$/;
const PLAIN_SETTING = /^(?:true|false|\*|\d{1,6}(?:,\d{1,6})*)?$/;

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);

/** Takes out of an object what must not leave a cluster: contents of Secrets, values of environment variables, private keys, tokens. */
export function scrub(resource: Resource): Resource {
  return resource.kind === "Secret" && !resource.apiVersion.includes("/") ? secretFacts(resource) : (scrubValue(resource, new Map(), "") as Resource);
}

function secretFacts(resource: Resource): SecretFacts {
  const { apiVersion, kind, metadata } = resource;
  const data = isFields(resource["data"]) ? resource["data"] : {};
  const stringData = isFields(resource["stringData"]) ? resource["stringData"] : {};
  const certificates: [string, readonly CertificateFacts[]][] = [];
  const keys = [...new Set([...Object.keys(data), ...Object.keys(stringData)])].sort();
  for (const key of keys) {
    const plain = stringData[key];
    const coded = data[key];
    const text = typeof plain === "string" ? plain : typeof coded === "string" ? decode(coded) : "";
    const facts = certificatesIn(text);
    if (facts.length > 0) certificates.push([key, facts]);
  }
  const { name, namespace } = metadata;
  return {
    apiVersion,
    kind,
    metadata: namespace === undefined ? { name } : { name, namespace },
    type: typeof resource["type"] === "string" ? resource["type"] : "Opaque",
    keys,
    certificates: Object.fromEntries(certificates),
  };
}

// `-----BEGIN` in base64; what does not start so is not even decoded, save for bundles with comments first.
const decode = (text: string): string => (text.length > 400_000 ? "" : Buffer.from(text, "base64").toString("latin1"));

/** Copies only what changes; values shared through YAML aliases stay shared. */
function scrubValue(value: unknown, done: Map<object, unknown>, under: string): unknown {
  if (typeof value === "string") return scrubText(value);
  if (typeof value !== "object" || value === null) return value;
  const known = done.get(value);
  if (known !== undefined && under === "") return known;
  let result: unknown = value;
  if (Array.isArray(value)) {
    const copy = value.map((entry: unknown) => scrubValue(entry, done, under === "env" ? "variable" : ""));
    if (copy.some((entry, index) => entry !== value[index])) result = copy;
  } else {
    result = scrubFields(value as Fields, done, under);
  }
  if (under === "") done.set(value, result);
  return result;
}

function scrubFields(fields: Fields, done: Map<object, unknown>, under: string): Fields {
  let changed = false;
  const copy: [string, unknown][] = [];
  for (const [key, value] of Object.entries(fields)) {
    const drop =
      (under === "variable" && key === "value" && "name" in fields && !isSetting(fields["name"], value)) ||
      (under === "annotations" && ANNOTATION.test(key)) ||
      (under === "env" && typeof value !== "object") ||
      (under === "metadata" && key === "managedFields");
    if (drop) {
      changed = true;
      continue;
    }
    const inner = key === "env" || key === "annotations" || key === "metadata" ? key : "";
    const next = scrubValue(value, done, inner);
    if (next !== value) changed = true;
    copy.push([key, next]);
  }
  return changed ? Object.fromEntries(copy) : fields;
}

const isSetting = (name: unknown, value: unknown): boolean => typeof name === "string" && SETTINGS.test(name) && typeof value === "string" && PLAIN_SETTING.test(value);

function scrubText(text: string): string {
  if (text.length < 12) return text;
  if (text.includes("PRIVATE KEY-----") && PRIVATE_KEY.test(text)) return REMOVED;
  return text.includes("eyJ") && TOKEN.test(text) ? REMOVED : text;
}
