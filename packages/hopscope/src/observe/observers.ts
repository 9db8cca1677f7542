import type { Journey, Leg, Noted, Seen } from "@hopscope/core";
import type { Snapshot } from "@hopscope/model-kubernetes";
import { curlView } from "./curl-view.ts";
import { once } from "./edges.ts";
import { kernelViews } from "./kernel-views.ts";
import { graphViews } from "./mesh-views.ts";
import { envoyViews, routerView } from "./proxy-views.ts";
import { observabilityOf, type ObservabilitySettings } from "./settings.ts";

export { observabilityOf, type ObservabilitySettings };

/**
 * Says for every leg and request which tool would have seen it, which interval its number spans, and why not.
 *
 * @see Istio 1.18 standard metrics; Kiali 1.73 (a gateway reports only as source); HAProxy 2.6 manual 8.4; NetObserv eBPF agent (smoothed kernel RTT)
 */
export function observersOf(journey: Journey, snapshot: Snapshot): readonly Seen[] {
  const settings = observabilityOf(snapshot);
  const envoy = (leg: Leg): Noted | undefined => journey.observations.find(({ leg: index, fact }) => index === leg.id - 1 && fact.type === "envoy");
  const meshed = settings.mesh || journey.observations.some(({ fact }) => fact.type === "envoy");
  return once([
    ...journey.legs.flatMap((leg) => [
      ...kernelViews(leg, settings),
      ...(leg.protocol === "udp" || leg.protocol === "icmp" ? [] : [...envoyViews(leg, envoy(leg), journey, settings), ...routerView(leg, journey, settings)]),
    ]),
    ...(meshed ? graphViews(journey, snapshot, settings) : []),
    curlView(journey),
  ]);
}
