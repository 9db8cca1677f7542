/** `spec` of a `hopscope/v1` Cluster document. Every field is optional in the file; the loader completes it. */
export interface ClusterSpec {
  readonly name: string;
  readonly platform: {
    readonly openshift?: string;
    readonly ovn?: string;
    readonly mesh?: { readonly flavour: "ossm" | "istio"; readonly version: string };
  };
  readonly network: {
    readonly pods: readonly string[];
    readonly services: readonly string[];
    readonly gatewayMode: "shared" | "local";
    readonly interconnect: boolean;
  };
  readonly ingress: readonly { readonly controller: string; readonly vip: string }[];
  readonly outside: {
    readonly hosts: readonly OutsideHost[];
    readonly dns: readonly { readonly name: string; readonly addresses: readonly string[] }[];
  };
  readonly applications: readonly ApplicationSpec[];
  readonly latency: { readonly profile?: string };
}

export interface OutsideHost {
  readonly name: string;
  readonly addresses: readonly string[];
  readonly listens: readonly Listen[];
  /** The document says nothing of what listens here (an empty `listens` says that nothing does). */
  readonly listensUnknown?: true;
}

export interface Listen {
  readonly port: number;
  readonly application: "http" | "https" | "tcp" | "udp" | "grpc";
  /** Think time; nanoseconds. */
  readonly latency?: { readonly p50: number; readonly p99: number };
}

/** `listens: []` says that nothing listens. */
export interface ApplicationSpec {
  readonly select: { readonly namespace?: string; readonly labels?: Readonly<Record<string, string>> };
  readonly listens: readonly Listen[];
}
