import type { Finding, Journey } from "@hopscope/core";
import { compileRouter } from "@hopscope/model-openshift";
import { objectName, podsOf, type Snapshot } from "@hopscope/model-kubernetes";
import { routerOf } from "../network/roles.ts";
import { codes } from "../codes/codes.ts";

type Status = ReturnType<typeof compileRouter>["status"];

const known = new WeakMap<Snapshot, Map<string, Status>>();

function statusOf(snapshot: Snapshot, controller: string): Status {
  const made = known.get(snapshot) ?? new Map<string, Status>();
  known.set(snapshot, made);
  const status = made.get(controller) ?? compileRouter(snapshot, { controller }).status;
  made.set(controller, status);
  return status;
}

/** Routes for the host that was asked for which the router on the way did not admit, so that they decide nothing. */
export function routeFindings(snapshot: Snapshot, journey: Journey): readonly Finding[] {
  const routers = new Set(journey.observations.filter(({ fact }) => fact.type === "haproxy").map(({ object }) => object));
  const controllers = new Set(podsOf(snapshot).filter((pod) => routers.has(objectName(pod))).flatMap((pod) => routerOf(pod) ?? []));
  const hosts = new Set([...journey.requests.map(({ authority }) => authority), hostIn(journey.question.to)].map((authority) => authority.replace(/:\d+$/, "").toLowerCase()));
  return [...controllers].flatMap((controller) =>
    statusOf(snapshot, controller)
      .filter(({ admitted, host, wildcardPolicy }) => !admitted && [...hosts].some((asked) => asked === host || (wildcardPolicy === "Subdomain" && asked.endsWith(host.slice(host.indexOf("."))))))
      .map(({ namespace, name, reason, message, origin }): Finding => ({
        code: "router/route-not-admitted",
        severity: journey.verdict.type === "delivered" ? "warning" : "error",
        origin,
        problem: `the router "${controller}" does not admit Route ${namespace}/${name} (${reason}): ${message}`,
        fix: codes["router/route-not-admitted"]?.act ?? "",
      })),
  );
}

const hostIn = (target: string): string => /^[a-z]+:\/\/(\[[^\]]*\]|[^/?#]*)/i.exec(target)?.[1] ?? "";
