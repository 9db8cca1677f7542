import type { Endpoint } from "./endpoint.ts";
import type { PortId, Stage, StageId } from "./stage.ts";

/** `a` and `b` are `[stage, port]`; packets pass both ways. */
export interface Link {
  readonly a: readonly [StageId, PortId];
  readonly b: readonly [StageId, PortId];
}

/** Stages joined by links, and the endpoints that stages deliver to. */
export interface Network {
  readonly stages: ReadonlyMap<StageId, Stage>;
  readonly links: readonly Link[];
  readonly endpoints: ReadonlyMap<string, Endpoint>;
}
