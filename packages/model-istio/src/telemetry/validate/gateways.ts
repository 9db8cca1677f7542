import { anyWorkload, type MeshObject, type Scene } from "./mesh-objects.ts";
import { check, type Report, say } from "./report.ts";

interface GatewayHost {
  readonly gateway: MeshObject;
  readonly path: string;
  readonly port: number;
  readonly name: string;
  readonly target: string;
}

function hostsOf(gateway: MeshObject): readonly GatewayHost[] {
  return (gateway.spec.servers ?? []).flatMap(({ hosts = [], port }, server) => hosts.map((host, index): GatewayHost => {
    const [target = "", name] = host.split("/");
    return { gateway, path: `spec/servers[${server}]/hosts[${index}]`, port: port?.number ?? 0, name: (name ?? host).toLowerCase(), target: name === undefined ? "*" : target === "." ? gateway.namespace : target };
  }));
}

const pattern = (host: string): ((other: string) => boolean) => {
  // A star stands for repetitions of what is before it, as in a regular expression: Kiali does not translate it.
  try {
    const regular = new RegExp(`^${host.replaceAll(".", "\\.")}$`);
    return (other) => regular.test(other);
  } catch {
    return () => false;
  }
};

function clash(a: GatewayHost, b: GatewayHost): boolean {
  if (!(a.target === "*" || b.target === "*" || a.target === b.target) || a.port !== b.port) return false;
  return a.name === "*" || b.name === "*" || pattern(a.name)(b.name) || pattern(b.name)(a.name);
}

/** @see Kiali 1.73, business/checkers/gateways */
export function checkGateways(scene: Scene, report: Report): void {
  const key = ({ spec }: MeshObject): string => JSON.stringify(Object.entries(spec.selector ?? {}).sort());
  const before: GatewayHost[] = [];
  const subject = ({ namespace, name }: MeshObject): Parameters<typeof say>[1] => ({ kind: "gateway", namespace, name });
  for (const gateway of scene.gateways) {
    for (const host of hostsOf(gateway)) {
      const same = before.filter((other) => key(other.gateway) === key(gateway) && clash(other, host));
      const others = new Map(same.filter(({ gateway: other }) => other !== gateway).reverse().map((other) => [other.gateway, other]));
      for (const other of others.values()) say(report, subject(other.gateway), true, [check("KIA0301", other.path)]);
      if (same.length > 0) say(report, subject(gateway), true, [check("KIA0301", host.path)]);
      before.push(host);
    }
  }
  for (const gateway of scene.gateways) {
    const found = anyWorkload(scene, gateway.spec.selector ?? {});
    say(report, subject(gateway), found, found ? [] : [check("KIA0302", "spec/selector")]);
  }
}
