import { hundredths, percent } from "./action.ts";
import { protoDuration } from "../cluster/traffic-policy.ts";
import type { Json } from "../types.ts";

const GRPC = ["OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED"];

interface Fault {
  readonly delay?: { readonly fixedDelay?: string; readonly percent?: number; readonly percentage?: { readonly value?: number } };
  readonly abort?: { readonly httpStatus?: number; readonly grpcStatus?: string; readonly percentage?: { readonly value?: number } };
}

/** The fault filter's configuration of one route (`route.go TranslateFault`); undefined where nothing is left to inject. */
export function faultConfig({ delay, abort }: Fault): Json | undefined {
  const delayed = delay?.fixedDelay === undefined ? undefined : { fixedDelay: protoDuration(delay.fixedDelay), percentage: delay.percentage === undefined ? hundredths(delay.percent ?? 0) : percent(delay.percentage.value ?? 0) };
  const share = abort?.percentage === undefined ? {} : { percentage: percent(abort.percentage.value ?? 0) };
  const status = abort?.grpcStatus !== undefined ? { grpcStatus: GRPC.indexOf(abort.grpcStatus) } : abort?.httpStatus !== undefined ? { httpStatus: abort.httpStatus } : undefined;
  if (delayed === undefined && status === undefined) return undefined;
  return { "@type": "type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault", ...(delayed === undefined ? {} : { delay: delayed }), ...(status === undefined ? {} : { abort: { ...status, ...share } }) };
}
