import type { RouteConfig } from "./objects.ts";

const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const LABEL_MESSAGE =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const encoder = new TextEncoder();
const bytes = (text: string): number => encoder.encode(text).length;

/** What a field error of the API machinery prints. */
const invalid = (field: string, value: string, problem: string): string => `${field}: Invalid value: ${JSON.stringify(value)}: ${problem}`;

/**
 * Checks a host name as the router does; the result is one message per fault, none if it is good.
 *
 * @see openshift/router release-4.14, pkg/router/controller/unique_host.go ValidateHostName
 */
export function hostErrors(host: string): readonly string[] {
  const errors: string[] = [];
  const labels = host.split(".");
  if (bytes(host) > 253 || !labels.every((label) => LABEL.test(label))) {
    errors.push(invalid("spec.host", host, "host must conform to DNS 952 subdomain conventions"));
  }
  for (const label of labels) {
    if (bytes(label) > 63) errors.push(invalid("spec.host", host, "must be no more than 63 characters"));
    if (!LABEL.test(label)) errors.push(invalid("spec.host", host, LABEL_MESSAGE));
  }
  return errors;
}

/** What the loader leaves of a text with a private key in it: nothing can be said of it, so it is taken as good. */
const REMOVED = "<removed>";
const PEM = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g;
const blocks = (pem: string): readonly string[] => [...pem.matchAll(PEM)].map((match) => match[1] ?? "");
const NO_CERTIFICATE = "data does not contain any valid RSA or ECDSA certificates";

function policyError(route: RouteConfig): string | undefined {
  const policy = route.tls?.policy ?? "";
  if (policy === "") return undefined;
  const field = "spec.tls.insecureEdgeTerminationPolicy";
  if (route.termination === "passthrough") {
    return policy === "None" || policy === "Redirect"
      ? undefined
      : invalid(field, policy, "invalid value for InsecureEdgeTerminationPolicy option, acceptable values are None, Redirect, or empty");
  }
  return route.termination === "" || ["None", "Allow", "Redirect"].includes(policy)
    ? undefined
    : invalid(field, policy, "invalid value for InsecureEdgeTerminationPolicy option, acceptable values are None, Allow, Redirect, or empty");
}

/**
 * Checks a route's TLS settings: what may not be combined, and that certificates and keys are PEM at all.
 *
 * @remarks Differs: signatures, key pairs and validity of certificates are not computed here.
 * @see openshift/router release-4.14, pkg/router/routeapihelpers/validation.go ExtendedValidateRoute
 */
export function tlsErrors(route: RouteConfig): readonly string[] {
  const { tls } = route;
  if (tls === undefined) return [];
  const errors: string[] = [];
  const add = (field: string, data: string, problem: string): number => errors.push(invalid(`spec.tls.${field}`, data, problem));
  if (route.termination === "passthrough") {
    const problem = "passthrough termination does not support certificates";
    if (tls.certificate !== "") add("certificate", "redacted certificate data", problem);
    if (tls.key !== "") add("key", "redacted key data", problem);
    if (tls.caCertificate !== "") add("caCertificate", "redacted ca certificate data", problem);
    if (tls.destinationCaCertificate !== "") add("destinationCACertificate", "redacted destination ca certificate data", problem);
  } else if (route.termination === "edge") {
    if (tls.destinationCaCertificate !== "") {
      add("destinationCACertificate", "redacted destination ca certificate data", "edge termination does not support destination certificates");
    }
  } else if (route.termination === "") {
    errors.push(`spec.tls.termination: Unsupported value: ${JSON.stringify(tls.termination)}: supported values: "edge", "passthrough", "reencrypt"`);
  }
  const policy = policyError(route);
  if (policy !== undefined) errors.push(policy);
  const certificates = (pem: string): boolean => pem === REMOVED || blocks(pem).includes("CERTIFICATE");
  if (tls.caCertificate !== "" && !certificates(tls.caCertificate)) {
    add("caCertificate", "redacted ca certificate data", `failed to parse CA certificate: ${NO_CERTIFICATE}`);
  }
  if (tls.certificate !== "") {
    if (!certificates(tls.certificate)) add("certificate", "redacted certificate data", NO_CERTIFICATE);
    const removed = tls.certificate === REMOVED || tls.key === REMOVED;
    const keys = [...blocks(tls.certificate), ...blocks(tls.key)].filter((kind) => kind.endsWith("PRIVATE KEY"));
    if (!removed && keys.length === 0 && tls.key === "") add("key", "", "no key specified");
    else if (!removed && keys.length === 0) add("key", "redacted key data", "tls: failed to find any PEM data in key input");
  }
  if (tls.destinationCaCertificate !== "" && !certificates(tls.destinationCaCertificate)) {
    add("destinationCACertificate", "redacted destination ca certificate data", `failed to parse destination CA certificate: ${NO_CERTIFICATE}`);
  }
  return errors;
}
