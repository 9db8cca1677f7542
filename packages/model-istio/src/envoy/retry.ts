import { type Json, nanoseconds, numberOf, object, text, values } from "./json.ts";
import type { AttemptResult } from "./run.ts";

/** A RetryPolicy as the router keeps it. */
export interface RetryPolicy {
  readonly conditions: ReadonlySet<string>;
  readonly retries: number;
  readonly codes: readonly number[];
  readonly backOff: number;
  readonly maximum: number;
  readonly avoidTried: boolean;
}

/** The retry policy of a route, else of its virtual host. */
export function retryPolicy(action: Json, virtualHost: Json): RetryPolicy | undefined {
  const policy = action["retry_policy"] ?? virtualHost["retry_policy"];
  if (policy === undefined) return undefined;
  const fields = object(policy);
  const base = nanoseconds(object(fields["retry_back_off"])["base_interval"]) ?? 25e6;
  return {
    conditions: new Set((text(fields["retry_on"]) ?? "").split(",").map((item) => item.trim()).filter((item) => item !== "")),
    retries: numberOf(fields["num_retries"]) ?? 1,
    codes: values(fields["retriable_status_codes"]).map(numberOf).filter((code) => code !== undefined),
    backOff: base,
    maximum: nanoseconds(object(fields["retry_back_off"])["max_interval"]) ?? base * 10,
    avoidTried: values(fields["retry_host_predicate"]).some((item) => (text(object(item)["name"]) ?? "").endsWith("previous_hosts")),
  };
}

const GRPC: Readonly<Record<string, string>> = { "1": "cancelled", "4": "deadline-exceeded", "8": "resource-exhausted", "13": "internal", "14": "unavailable" };

/**
 * Whether a policy wants another attempt after this end of one.
 * @see Envoy 1.26, source/common/router/retry_state_impl.cc
 */
export function wouldRetry(policy: RetryPolicy, result: AttemptResult): boolean {
  const on = (...names: readonly string[]): boolean => names.some((name) => policy.conditions.has(name));
  switch (result.type) {
    case "connect-failure":
      return on("connect-failure", "5xx", "gateway-error", "reset", "reset-before-request");
    case "reset":
      return on("5xx", "gateway-error", "reset");
    case "timeout":
      return on("5xx", "gateway-error", "reset");
    case "response": {
      const { status } = result;
      if (status >= 500 && on("5xx")) return true;
      if (status >= 502 && status <= 504 && on("gateway-error")) return true;
      if (status === 409 && on("retriable-4xx")) return true;
      if (on("retriable-status-codes") && policy.codes.includes(status)) return true;
      const grpc = result.headers.find(([name]) => name === "grpc-status")?.[1];
      return grpc !== undefined && on(GRPC[grpc] ?? "-");
    }
    default:
      return false;
  }
}

/** Mean of the jittered back-off before retry `count` (from 1): uniform from 0 to base·(2^n - 1), capped. */
export const backOff = (policy: RetryPolicy, count: number): number => Math.min(policy.maximum, policy.backOff * (2 ** count - 1)) / 2;
