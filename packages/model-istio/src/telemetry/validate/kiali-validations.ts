import type { Snapshot } from "@hopscope/model-kubernetes";
import { checkDestinationRules } from "./destination-rules.ts";
import { checkGatewayApi } from "./gateway-api.ts";
import { checkGateways } from "./gateways.ts";
import { type MeshSettings, scenesOf } from "./mesh-objects.ts";
import { newReport, type Validation } from "./report.ts";
import { checkAuthorization, checkPeerAuthentications, checkRequestAuthentications } from "./security.ts";
import { checkServiceEntries } from "./service-entries.ts";
import { checkServices } from "./services.ts";
import { checkSidecars } from "./sidecars.ts";
import { checkVirtualServices } from "./virtual-services.ts";

/**
 * What Kiali says of the mesh's objects: each namespace is validated on its own, and an object's answer is that of its
 * own namespace. Of Services only those are listed of which something is said.
 *
 * @see Kiali 1.73, business/istio_validations.go
 * @example
 * kialiValidations(snapshot, { istioNamespace: "istio-system" }).filter(({ valid }) => !valid)
 */
export function kialiValidations(snapshot: Pick<Snapshot, "resources">, settings: MeshSettings): readonly Validation[] {
  return scenesOf(snapshot, settings).flatMap((scene) => {
    const report = newReport();
    checkVirtualServices(scene, report);
    checkDestinationRules(scene, report);
    checkGateways(scene, report);
    checkPeerAuthentications(scene, report);
    checkServiceEntries(scene, report);
    checkAuthorization(scene, report);
    checkSidecars(scene, report);
    checkRequestAuthentications(scene, report);
    checkGatewayApi(snapshot, scene, report);
    checkServices(snapshot, scene, report);
    return [...report.all.values()].filter(({ namespace }) => namespace === scene.namespace);
  });
}
