import { isPassthrough } from "../gateway/servers.ts";
import { isHttp, isTls, knownProtocol, parseProtocol } from "../mesh/protocol.ts";
import type { ServiceEntrySpec } from "../mesh/service-entries.ts";
import type { ServerTls } from "../cluster/tls-context.ts";
import type { Labels } from "../types.ts";
import { badServerTls } from "./destination-rule.ts";
import type { Problems } from "./names.ts";
import { badAddress, badExportTo, badName, badPort, badPortName, badProtocol, badSelector, badSelectorLabels, badSubnet, badWildcard, each, isAddress, isLabel, when } from "./names.ts";
import { badDestination } from "./virtual-service.ts";
import type { Destination } from "../route/virtual-service.ts";

const UNIX = "unix://";

function badHostPart(host: string, gateway: boolean): Problems {
  const wrong = badWildcard(host);
  return [
    ...when(host !== "*" && !host.includes("."), "short names (non FQDN) are not allowed"), ...(wrong.length > 0 && !(gateway && isAddress(host)) ? wrong : []),
    ...when(host !== "*" && host.startsWith("*") && !host.startsWith("*."), `partial wildcard "${host}" not allowed`),
  ];
}

function badScopedHost(text: string, gateway: boolean): Problems {
  const slash = text.indexOf("/");
  if (slash < 0) return gateway ? badHostPart(text, true) : ["host must be of form namespace/dnsName"];
  const [namespace, host] = [text.slice(0, slash), text.slice(slash + 1)];
  const known = ["*", "."].includes(namespace) || (!gateway && namespace === "~") || isLabel(namespace);
  return [...when(namespace === "" || host === "", "config namespace and dnsName in host entry cannot be empty"), ...when(!known, `invalid namespace value "${namespace}" in ${gateway ? "gateway" : "sidecar"}`), ...badHostPart(host, gateway)];
}

interface Port { readonly number?: number; readonly name?: string; readonly protocol?: string }
interface Server { readonly port?: Port; readonly hosts?: readonly string[]; readonly bind?: string; readonly tls?: ServerTls }

function badServerPort(port: Port | undefined): Problems {
  if (port === undefined) return ["port is required"];
  return [
    ...when(knownProtocol(port.protocol ?? "") === undefined, `invalid protocol "${port.protocol ?? ""}", supported protocols are HTTP, HTTP2, GRPC, GRPC-WEB, MONGO, REDIS, MYSQL, TCP`),
    ...((port.number ?? 0) > 0 ? badPort(port.number ?? 0) : []), ...when((port.name ?? "") === "", `port name must be set: number:${port.number ?? 0}  protocol:"${port.protocol ?? ""}"`),
  ];
}

function badServer(server: Server): Problems {
  const portProblems = badServerPort(server.port);
  const protocol = parseProtocol(server.port?.protocol ?? "");
  const { tls, bind = "" } = server;
  const certificates = (tls?.caCertificates ?? "") + (tls?.privateKey ?? "") + (tls?.serverCertificate ?? "");
  const passes = tls === undefined || tls.mode === undefined || isPassthrough({ tls });
  const mismatch = portProblems.length > 0 ? [] : isTls(protocol)
    ? when(tls === undefined, "server must have TLS settings for HTTPS/TLS protocols")
    : tls === undefined ? [] : isHttp(protocol)
      ? when(!passes || certificates !== "", "server cannot have TLS settings for plain text HTTP ports")
      : ["server cannot have TLS settings for non HTTPS/TLS ports"];
  return [
    ...((server.hosts ?? []).length === 0 ? ["server config must contain at least one host"] : each(server.hosts, (host) => badScopedHost(host, true))),
    ...portProblems, ...(bind === "" || bind.startsWith(UNIX) ? [] : badAddress(bind)), ...badServerTls(tls), ...mismatch,
  ];
}

/** What istiod's admission refuses in a Gateway. @see istio 1.18 pkg/config/validation/validation.go ValidateGateway */
export function badGateway(spec: { readonly servers?: readonly Server[] }, name: string): Problems {
  const names = (spec.servers ?? []).map(({ port }) => port?.name ?? "");
  return [
    ...when(!isLabel(name), `invalid gateway name: "${name}"`), ...when((spec.servers ?? []).length === 0, "gateway must have at least one server"), ...each(spec.servers, badServer),
    ...names.filter((entry, index) => names.indexOf(entry) !== index).map((entry) => `port names in servers must be unique: duplicate name ${entry}`),
  ];
}

function badEndpoints(spec: ServiceEntrySpec): Problems {
  const endpoints = (spec.endpoints ?? []) as readonly { readonly address?: string; readonly ports?: Readonly<Record<string, number>>; readonly labels?: Labels }[];
  const hosts = spec.hosts ?? [];
  const named = new Set((spec.ports ?? []).map(({ name }) => name ?? ""));
  const ports = (all: Readonly<Record<string, number>> | undefined): Problems =>
    Object.entries(all ?? {}).flatMap(([name, port]) => [...when(!named.has(name), `endpoint port ${port} is not defined by the service entry`), ...badPortName(name), ...badPort(port)]);
  switch (spec.resolution ?? "NONE") {
    default: return [`unsupported resolution type ${String(spec.resolution)}`];
    case "NONE": return when(endpoints.length > 0, "no endpoints should be provided for resolution type none");
    case "STATIC": return [
      ...each(endpoints, ({ address = "", ports: own, labels }) => [
        ...(address.startsWith(UNIX) ? when(Object.keys(own ?? {}).length > 0, `unix endpoint ${address} must not include ports`) : [...badAddress(address), ...ports(own)]), ...badSelectorLabels(labels),
      ]),
      ...when(endpoints.some(({ address = "" }) => address.startsWith(UNIX)) && (spec.ports ?? []).length !== 1, "exactly 1 service port required for unix endpoints"),
    ];
    case "DNS": case "DNS_ROUND_ROBIN": return [
      ...(endpoints.length > 0 ? [] : each(hosts, (host) => when(badName(host).length > 0, `hosts must be FQDN if no endpoints are provided for resolution mode ${spec.resolution ?? ""}`))),
      ...when(spec.resolution === "DNS_ROUND_ROBIN" && endpoints.length > 1, "there must only be 0 or 1 endpoint for resolution mode DNS_ROUND_ROBIN"),
      ...each(endpoints, ({ address = "", ports: own, labels }) => [...when(!isAddress(address) && badName(address).length > 0, `endpoint address "${address}" is not a valid FQDN or an IP address`), ...badSelectorLabels(labels), ...ports(own)]),
    ];
  }
}

/** What istiod's admission refuses in a ServiceEntry. @see istio 1.18 pkg/config/validation/validation.go ValidateServiceEntry */
export function badServiceEntry(spec: ServiceEntrySpec, namespace: string): Problems {
  const { hosts = [], addresses = [], ports = [], resolution = "NONE" } = spec;
  const selector = badSelector(spec.workloadSelector?.labels);
  if (selector.length > 0) return selector;
  return [
    ...when(spec.workloadSelector !== undefined && spec.endpoints !== undefined, "only one of WorkloadSelector or Endpoints is allowed in Service Entry"), ...when(hosts.length === 0, "service entry must have at least one host"),
    ...each(hosts, (host) => (host === "*" ? [`invalid host ${host}`] : badWildcard(host))), ...each(addresses, badSubnet),
    ...when(addresses.some((address) => address.includes("/")) && resolution !== "NONE" && resolution !== "STATIC", "CIDR addresses are allowed only for NONE/STATIC resolution types"),
    ...each(ports, ({ name = "", number, protocol, targetPort = 0 }, index) => [
      ...when(ports.slice(0, index).some((other) => (other.name ?? "") === name), `service entry port name "${name}" already defined`), ...when(ports.slice(0, index).some((other) => other.number === number), `service entry port ${number} already defined`),
      ...(targetPort === 0 ? [] : badPort(targetPort)), ...badPortName(name), ...badProtocol(protocol), ...badPort(number),
    ]),
    ...badEndpoints(spec),
    ...when(resolution !== "NONE" && hosts.length > 1 && ports.some(({ protocol }) => !isHttp(parseProtocol(protocol ?? "")) && !isTls(parseProtocol(protocol ?? ""))), "multiple hosts provided with non-HTTP, non-TLS ports"),
    ...badExportTo(namespace, spec.exportTo, { serviceEntry: true }),
  ];
}

interface SidecarSpec {
  readonly workloadSelector?: { readonly labels?: Labels };
  readonly ingress?: readonly { readonly port?: Port; readonly bind?: string; readonly defaultEndpoint?: string; readonly tls?: ServerTls }[];
  readonly egress?: readonly { readonly port?: Port; readonly bind?: string; readonly captureMode?: string; readonly hosts?: readonly string[] }[];
  readonly outboundTrafficPolicy?: { readonly mode?: string; readonly egressProxy?: Destination };
}

function badDefaultEndpoint(text: string): Problems {
  if (text === "" || text.startsWith(UNIX)) return [];
  const colon = text.lastIndexOf(":");
  if (colon < 0) return [`address ${text}: missing port in address`];
  const [host, port] = [text.slice(0, colon).replace(/^\[|\]$/g, ""), text.slice(colon + 1)];
  return [
    ...when(!["", "127.0.0.1", "0.0.0.0", "::1", "::"].includes(host), "sidecar: defaultEndpoint must be of form 127.0.0.1:<port>,0.0.0.0:<port>,[::1]:port,[::]:port,unix://filepath or unset"),
    ...(/^\d+$/.test(port) ? badPort(Number(port)) : [`sidecar: defaultEndpoint port (${port}) is not a number`]),
  ];
}

const badListenerPort = (port: Port, bind: string): Problems => [
  ...((port.name ?? "") === "" ? [] : badPortName(port.name)), ...badProtocol(port.protocol), ...badPort(port.number ?? 0), ...(bind === "" ? [] : badAddress(bind)),
];

function badEgress(egress: NonNullable<SidecarSpec["egress"]>): Problems {
  const numbers = egress.map(({ port }) => port?.number ?? 0);
  return each(egress, ({ port, bind = "", hosts = [] }, index) => [
    ...when(port === undefined && index < egress.length - 1, "sidecar: the egress listener with empty port should be the last listener in the list"),
    ...(port === undefined ? [] : (port.number ?? 0) === 0 ? [...badProtocol(port.protocol), ...when(!bind.startsWith(UNIX), "sidecar: ports with 0 value must have a unix domain socket bind address")] : badListenerPort(port, bind)),
    ...when((port?.number ?? 0) > 0 && numbers.indexOf(port?.number ?? 0) < index, "sidecar: ports on IP bound listeners must be unique"),
    ...(hosts.length === 0 ? ["sidecar: egress listener must contain at least one host"] : each(hosts, (host) => badScopedHost(host, false))),
  ]);
}

/** What istiod's admission refuses in a Sidecar. @see istio 1.18 pkg/config/validation/validation.go ValidateSidecar */
export function badSidecar(spec: SidecarSpec): Problems {
  const { ingress = [], egress = [], outboundTrafficPolicy: policy } = spec;
  const selector = badSelector(spec.workloadSelector?.labels);
  if (selector.length > 0) return selector;
  if (ingress.length + egress.length === 0 && policy === undefined) return ["sidecar: empty configuration provided"];
  const numbers = ingress.map(({ port }) => port?.number ?? 0);
  return [
    ...each(ingress, ({ port, bind = "", defaultEndpoint = "", tls }, index) => (port === undefined ? ["sidecar: port is required for ingress listeners"] : [
      ...badListenerPort(port, bind), ...when(numbers.indexOf(port.number ?? 0) < index, "sidecar: ports on IP bound listeners must be unique"), ...badDefaultEndpoint(defaultEndpoint),
      ...(tls === undefined ? [] : [
        ...when((tls.subjectAltNames ?? []).length > 0, "sidecar: subjectAltNames is not supported in ingress tls"), ...when(tls.httpsRedirect === true, "sidecar: httpsRedirect is not supported"),
        ...when((tls.credentialName ?? "") !== "", "sidecar: credentialName is not currently supported"),
        ...when(tls.mode === "ISTIO_MUTUAL" || tls.mode === "AUTO_PASSTHROUGH", `configuration is invalid: cannot set mode to ${tls.mode ?? ""} in sidecar ingress tls`),
        ...when(!isTls(parseProtocol(port.protocol ?? "")), "server cannot have TLS settings for non HTTPS/TLS ports"), ...badServerTls(tls),
      ]),
    ])),
    ...badEgress(egress),
    ...(policy?.egressProxy === undefined ? [] : policy.mode !== "ALLOW_ANY" ? ["sidecar: egress_proxy must be set only with ALLOW_ANY outbound_traffic_policy mode"] : [
      ...badName(policy.egressProxy.host), ...(policy.egressProxy.port === undefined ? ["sidecar: egress_proxy port must be non-nil"] : badDestination(policy.egressProxy)),
    ]),
  ];
}

/** What istiod's admission refuses in a WorkloadEntry. @see istio 1.18 pkg/config/validation/validation.go validateWorkloadEntry */
export function badWorkloadEntry(spec: { readonly address?: string; readonly ports?: Readonly<Record<string, number>>; readonly labels?: Labels }): Problems {
  const { address = "", ports = {} } = spec;
  if (address === "") return ["address must be set"];
  const unix = address.startsWith(UNIX);
  return [
    ...when(unix && Object.keys(ports).length > 0, `unix endpoint ${address} must not include ports`), ...when(!unix && !isAddress(address) && badName(address).length > 0, `endpoint address "${address}" is not a valid FQDN or an IP address`),
    ...badSelectorLabels(spec.labels), ...Object.entries(ports).flatMap(([name, port]) => [...badPortName(name), ...badPort(port)]),
  ];
}
