import { type Headers, headerOf, valuesOf, withHeader } from "./headers.ts";
import { flag, type Json, list, nanoseconds, numberOf, object, share, text, texts } from "./json.ts";
import { takesPart } from "./route-match.ts";
import type { Run } from "./run.ts";
import { headerMatches, stringMatches } from "./string-match.ts";

export interface FaultAnswer {
  readonly delayed: boolean;
  /** HTTP status to abort with. */
  readonly abort: number | undefined;
}

const GRPC_TO_HTTP = 200;

/** The fault filter: waits, then perhaps aborts. */
export function injectFault(run: Run, fault: Json, headers: Headers, cluster: string | undefined): FaultAnswer {
  const wanted = text(fault["upstream_cluster"]);
  if (wanted !== undefined && wanted !== "" && wanted !== cluster) return { delayed: false, abort: undefined };
  if (!list(fault["headers"]).every((matcher) => headerMatches(matcher, headers))) return { delayed: false, abort: undefined };
  const nodes = texts(fault["downstream_nodes"]);
  if (nodes.length > 0 && !nodes.includes(headerOf(headers, "x-envoy-downstream-service-node") ?? "")) return { delayed: false, abort: undefined };
  const delay = object(fault["delay"]);
  const fixed = nanoseconds(delay["fixed_delay"]) ?? (delay["header_delay"] === undefined ? undefined : milliseconds(headerOf(headers, "x-envoy-fault-delay-request")));
  const delayed = fixed !== undefined && fixed > 0 && takesPart("fault delay", share(delay["percentage"]), run.choose);
  if (delayed) run.wait(fixed);
  const abort = object(fault["abort"]);
  let status = numberOf(abort["http_status"]) ?? (abort["grpc_status"] === undefined ? undefined : GRPC_TO_HTTP);
  if (abort["header_abort"] !== undefined) {
    const asked = headerOf(headers, "x-envoy-fault-abort-request") ?? "";
    status = /^\d+$/.test(asked) && Number(asked) >= 200 && Number(asked) < 600 ? Number(asked) : undefined;
  }
  const aborted = status !== undefined && takesPart("fault abort", share(abort["percentage"]), run.choose);
  return { delayed, abort: aborted ? status : undefined };
}

const milliseconds = (value: string | undefined): number | undefined => (value !== undefined && /^\d+$/.test(value) ? Number(value) * 1e6 : undefined);

function originAllowed(policy: Json, origin: string): boolean {
  return list(policy["allow_origin_string_match"]).some((matcher) => stringMatches(matcher, origin) || matcher["exact"] === "*");
}

/** The cors filter: the headers of its own answer to a preflight, else `undefined`. */
export function corsPreflight(policy: Json, headers: Headers): Headers | undefined {
  const origin = headerOf(headers, "origin");
  if (origin === undefined || origin === "" || headerOf(headers, ":method") !== "OPTIONS") return undefined;
  if ((headerOf(headers, "access-control-request-method") ?? "") === "" || !originAllowed(policy, origin)) return undefined;
  let answer: Headers = [["access-control-allow-origin", origin]];
  const copy = (field: string, name: string): void => {
    const value = text(policy[field]);
    if (value !== undefined && value !== "") answer = withHeader(answer, name, value);
  };
  if (flag(policy["allow_credentials"])) answer = withHeader(answer, "access-control-allow-credentials", "true");
  copy("allow_methods", "access-control-allow-methods");
  copy("allow_headers", "access-control-allow-headers");
  copy("max_age", "access-control-max-age");
  return answer;
}

/** What cors adds to an upstream's answer. */
export function corsAnswer(policy: Json, request: Headers, answer: Headers): Headers {
  const [origin] = valuesOf(request, "origin");
  if (origin === undefined || origin === "" || !originAllowed(policy, origin)) return answer;
  const allowed = withHeader(answer, "access-control-allow-origin", origin);
  const credentials = flag(policy["allow_credentials"]) ? withHeader(allowed, "access-control-allow-credentials", "true") : allowed;
  const expose = text(policy["expose_headers"]);
  return expose === undefined || expose === "" ? credentials : withHeader(credentials, "access-control-expose-headers", expose);
}
