import { affinityDefaultFlows } from "./affinity.ts";
import { resolveDefaultFlows, resolvePortFlows } from "./arp-resolve.ts";
import type { Build, RouterDatapath, RouterPort } from "./model.ts";
import { policyFlows } from "./policies.ts";
import { neighbourFlows, portAdmissionFlows, portNeighbourFlows, routerAdmissionFlows } from "./router-admission.ts";
import { portInputFlows, routerInputFlows } from "./router-ip-input.ts";
import { forceSnatPortFlows, natFlows } from "./router-nat.ts";
import { advertisementDefaultFlows, advertisementFlows } from "./router-nd-ra.ts";
import { addressRequestFlows, deliveryFlows, gatewayRedirectFlows, multicastRouteFlows, packetLengthFlows } from "./router-output.ts";
import { connectedRouteFlows, staticRouteFlows } from "./routes.ts";

/** All flows of one router except those of its load balancers and of what is plugged into its switches. */
export function routerFlows(build: Build, router: RouterDatapath): void {
  routerAdmissionFlows(build, router);
  neighbourFlows(build, router);
  routerInputFlows(build, router);
  natFlows(build, router);
  affinityDefaultFlows(build, router);
  advertisementDefaultFlows(build, router);
  staticRouteFlows(build, router);
  multicastRouteFlows(build, router);
  policyFlows(build, router);
  resolveDefaultFlows(build, router);
  packetLengthFlows(build, router);
  gatewayRedirectFlows(build, router);
  addressRequestFlows(build, router);
  for (const port of router.ports as RouterPort[]) {
    portAdmissionFlows(build, port);
    portNeighbourFlows(build, port);
    portInputFlows(build, port);
    forceSnatPortFlows(build, port);
    connectedRouteFlows(build, port);
    advertisementFlows(build, port);
    resolvePortFlows(build, port);
    deliveryFlows(build, port);
  }
}
