/**
 * What istio-iptables is told. Names are those of its configuration; lists are comma-separated text, as there.
 *
 * @see Istio 1.18.7, tools/istio-iptables/pkg/config/config.go
 */
export interface SidecarOptions {
  readonly mode: "REDIRECT" | "TPROXY";
  readonly proxyPort: string;
  readonly inboundCapturePort: string;
  readonly inboundTunnelPort: string;
  readonly proxyUid: string;
  readonly proxyGid: string;
  readonly tproxyMark: string;
  readonly tproxyRouteTable: string;
  /** `*`, a list, or empty for none. */
  readonly inboundPortsInclude: string;
  /** Counts only where all ports are included. */
  readonly inboundPortsExclude: string;
  readonly outboundRangesInclude: string;
  readonly outboundRangesExclude: string;
  readonly outboundPortsInclude: string;
  readonly outboundPortsExclude: string;
  readonly ownerGroupsInclude: string;
  readonly ownerGroupsExclude: string;
  readonly virtualInterfaces: string;
  readonly excludeInterfaces: string;
  readonly redirectDns: boolean;
  /** All servers, not only those of resolv.conf. */
  readonly captureAllDns: boolean;
  readonly dnsServersV4: readonly string[];
  readonly dnsServersV6: readonly string[];
  readonly dropInvalid: boolean;
  readonly ipv6: boolean;
  readonly traceLogging: boolean;
}

/** What istio-iptables does where nothing is said: no port and no range is captured. */
export const sidecarDefaults: SidecarOptions = {
  mode: "REDIRECT",
  proxyPort: "15001",
  inboundCapturePort: "15006",
  inboundTunnelPort: "15008",
  proxyUid: "1337",
  proxyGid: "1337",
  tproxyMark: "1337",
  tproxyRouteTable: "133",
  inboundPortsInclude: "",
  inboundPortsExclude: "",
  outboundRangesInclude: "",
  outboundRangesExclude: "",
  outboundPortsInclude: "",
  outboundPortsExclude: "",
  ownerGroupsInclude: "*",
  ownerGroupsExclude: "",
  virtualInterfaces: "",
  excludeInterfaces: "",
  redirectDns: false,
  captureAllDns: false,
  dnsServersV4: [],
  dnsServersV6: [],
  dropInvalid: false,
  ipv6: false,
  traceLogging: false,
};
