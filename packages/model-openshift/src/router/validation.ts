import { blockFault, chainFault, pairFault, pemBlocks, readCertificates, REMOVED } from "./certificates.ts";
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
 * Checks a route's TLS settings: what may not be combined, and that certificates and keys are what they should be.
 *
 * @remarks Differs: there is no clock here, so no certificate counts as expired (an expired one is admitted anyhow); keys
 * that a loader has taken out count as good.
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
  const certificateErrors = (tls: NonNullable<RouteConfig["tls"]>): void => {
    const authorities = tls.caCertificate === "" || tls.caCertificate === REMOVED ? [] : readCertificates(tls.caCertificate);
    const authorityFault = typeof authorities === "string" ? `failed to parse CA certificate: ${authorities}` : blockFault(tls.caCertificate);
    if (authorityFault !== undefined) add("caCertificate", "redacted ca certificate data", authorityFault);
    if (tls.certificate !== "" && tls.certificate !== REMOVED) {
      const own = readCertificates(tls.certificate);
      const [leaf] = typeof own === "string" ? [] : own;
      const pool = typeof authorities === "string" ? [] : authorities;
      const chained = leaf === undefined || tls.caCertificate === "" || tls.caCertificate === REMOVED ? undefined : chainFault(leaf, pool);
      const fault = typeof own === "string" ? own : (chained ?? blockFault(tls.certificate));
      if (fault !== undefined) add("certificate", "redacted certificate data", fault);
    }
    const keyFault = blockFault(tls.key);
    if (tls.key !== "" && keyFault !== undefined) add("key", "redacted key data", keyFault);
    if (tls.certificate !== "" && tls.certificate !== REMOVED && tls.key !== REMOVED) {
      const inside = pemBlocks(tls.certificate).some(({ kind }) => kind.endsWith("PRIVATE KEY"));
      const pair = pairFault(tls.certificate, [tls.certificate, tls.key]);
      if (!inside && tls.key === "") add("key", "", "no key specified");
      else if (pair !== undefined) add("key", "redacted key data", pair);
    }
    if (tls.destinationCaCertificate === "" || tls.destinationCaCertificate === REMOVED) return;
    const destination = readCertificates(tls.destinationCaCertificate);
    const fault = typeof destination === "string" ? `failed to parse destination CA certificate: ${destination}` : blockFault(tls.destinationCaCertificate);
    if (fault !== undefined) add("destinationCACertificate", "redacted destination ca certificate data", fault);
  };
  certificateErrors(tls);
  return errors;
}
