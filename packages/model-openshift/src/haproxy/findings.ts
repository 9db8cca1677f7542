import type { Finding, Origin } from "@hopscope/core";
import { lookup } from "./lookup.ts";
import type { Backend, HaproxyProgram, RouteStatus } from "./program.ts";

/** Number of single-character changes between two texts. */
function distance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i++) {
    const next = [i];
    for (let j = 1; j <= right.length; j++) {
      next.push(Math.min((next[j - 1] ?? 0) + 1, (row[j] ?? 0) + 1, (row[j - 1] ?? 0) + (left[i - 1] === right[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[right.length] ?? 0;
}

const described = (status: RouteStatus): string => status.origin.object;

/** The admitted host that differs least from the one asked for, if it is near enough to be meant. */
function nearest(program: HaproxyProgram, host: string): RouteStatus | undefined {
  const ranked = program.status
    .filter((status) => status.admitted === true)
    .map((status) => ({ status, off: distance(host, status.host) }))
    .toSorted((left, right) => left.off - right.off);
  const best = ranked[0];
  return best !== undefined && best.off <= Math.max(3, host.length / 3) ? best.status : undefined;
}

interface Explained {
  readonly why: string;
  readonly fix: string;
}

function explain(program: HaproxyProgram, base: string, plain: boolean): Explained {
  const slash = base.indexOf("/");
  const name = (slash < 0 ? base : base.slice(0, slash)).replace(/(:[0-9]+)?$/, "").replace(/\.$/, "");
  const path = slash < 0 ? "" : base.slice(slash);
  const other = lookup(program.maps[plain ? "os_edge_reencrypt_be.map" : "os_http_be.map"], base);
  if (other !== undefined) {
    return plain
      ? { why: `${other.origin.object} serves it over TLS only`, fix: `ask https://${base}, or set spec.tls.insecureEdgeTerminationPolicy of ${other.origin.object} to Redirect or Allow` }
      : { why: `${other.origin.object} serves it over plain HTTP only`, fix: `ask http://${base}, or give ${other.origin.object} a spec.tls` };
  }
  const pass = lookup(program.maps["os_sni_passthrough.map"], name);
  if (pass !== undefined) {
    return { why: `${pass.origin.object} passes TLS through to its pods by server name`, fix: `ask https://${base} with the server name "${name}"` };
  }
  const same = program.status.filter((status) => status.host === name);
  const refused = same.find((status) => status.admitted === false);
  const admitted = same.find((status) => status.admitted === true);
  if (admitted !== undefined) {
    return { why: `${described(admitted)} has this host, but no route covers the path "${path}"`, fix: `ask for a path that ${described(admitted)} covers, or add a Route for "${name}" with spec.path "${path}"` };
  }
  if (refused !== undefined) {
    return { why: `${described(refused)} has this host and is not admitted (${refused.reason}: ${refused.message})`, fix: `mend ${described(refused)}: ${refused.reason}${refused.owner === undefined ? "" : `, the host belongs to ${refused.owner.object}`}` };
  }
  const unseen = same.find((status) => status.admitted === undefined);
  if (unseen !== undefined) {
    return { why: `${described(unseen)} has this host, but lies outside of the selectors of the IngressController "${program.controller}"`, fix: `ask the router whose IngressController selects ${described(unseen)}, or change the selectors or labels` };
  }
  const near = nearest(program, name);
  return near === undefined
    ? { why: `no Route has the host "${name}"`, fix: `create a Route with spec.host "${name}"` }
    : { why: `no Route has the host "${name}"; the nearest is "${near.host}" of ${described(near)}`, fix: `ask for "${near.host}", or create a Route with spec.host "${name}"` };
}

/** Why the router knows no backend for a request, and what would be right. */
export function noRouteFinding(program: HaproxyProgram, base: string, plain: boolean): Finding {
  const { why, fix } = explain(program, base, plain);
  return {
    code: "router/no-route-for-host",
    severity: "error",
    origin: program.origin,
    problem: `the router "${program.controller}" has no route for ${plain ? "http" : "https"}://${base}: ${why}`,
    fix,
  };
}

/** Why a backend has no server, one finding for each Service that fails it. */
export function emptyBackendFindings(backend: Backend): readonly Finding[] {
  const route = backend.origin.object;
  const finding = (code: string, origin: Origin, problem: string, fix: string): Finding => ({ code, severity: "error", origin, problem, fix });
  const found = backend.services.flatMap((service): readonly Finding[] => {
    const named = `Service ${route.replace(/^Route /, "").split("/")[0] ?? ""}/${service.name}`;
    if (service.service === undefined && service.endpoints.length === 0) {
      return [finding("kubernetes/service-without-endpoints", service.origin, `${route} leads to ${named}, which does not exist`, `create ${named}, or correct the name in ${service.origin.path ?? "the Route"}`)];
    }
    if (service.endpoints.length === 0) {
      return [
        finding(
          "kubernetes/service-without-endpoints",
          service.service ?? service.origin,
          `${named} has no ready endpoint, so ${route} has no server`,
          `make the selector of ${named} match running pods, and the pods ready`,
        ),
      ];
    }
    if (service.servers === 0) {
      const ports = [...new Set(service.endpoints.map(({ port, portName }) => (portName === "" ? String(port) : `${portName} (${port})`)))].join(", ");
      return [
        finding(
          "router/target-port-matches-nothing",
          { ...backend.origin, path: "spec.port.targetPort" },
          `the target port of ${route} is neither the name nor the number of a port of the pods behind ${named}`,
          `set spec.port.targetPort to one of ${ports}`,
        ),
      ];
    }
    return [];
  });
  if (found.length > 0 || backend.services.some((service) => service.weight > 0)) return found;
  return [finding("router/all-weights-zero", { ...backend.origin, path: "spec.to.weight" }, `all Services of ${route} have the weight 0`, "give at least one Service a weight above 0")];
}
