/** Canonical text of an IPv4 or IPv6 address (`10.128.2.7`, `fd01::7`). */
export type Address = string;

/** Canonical lower-case MAC address (`0a:58:0a:80:02:07`). */
export type Mac = string;

export interface Ethernet {
  readonly src: Mac;
  readonly dst: Mac;
  readonly type: number;
}

export interface Arp {
  readonly op: 1 | 2;
  readonly sha: Mac;
  readonly spa: Address;
  readonly tha: Mac;
  readonly tpa: Address;
}

export interface Ip {
  readonly version: 4 | 6;
  readonly src: Address;
  readonly dst: Address;
  readonly ttl: number;
  readonly dscp: number;
}

export type TcpFlag = "syn" | "ack" | "fin" | "rst" | "psh";

export interface Tcp {
  readonly type: "tcp";
  readonly src: number;
  readonly dst: number;
  readonly flags: readonly TcpFlag[];
}
export interface Udp {
  readonly type: "udp";
  readonly src: number;
  readonly dst: number;
}
export interface Sctp {
  readonly type: "sctp";
  readonly src: number;
  readonly dst: number;
  readonly chunk: "init" | "init-ack" | "data" | "abort";
}
/** ICMP or ICMPv6 (told apart by the IP version). An error carries the packet it is about. */
export interface Icmp {
  readonly type: "icmp";
  readonly icmpType: number;
  readonly code: number;
  readonly id?: number;
  readonly about?: Packet;
  /** The next hop's MTU, in an error that says a packet is too big. */
  readonly mtu?: number;
  /** What neighbour discovery (types 135 and 136) is about. */
  readonly nd?: NeighbourDiscovery;
}
/** The body of a neighbour solicitation or advertisement, with its link-layer address options. */
export interface NeighbourDiscovery {
  readonly target: Address;
  /** Source link-layer address: the asker's. */
  readonly sll?: Mac;
  /** Target link-layer address: the answer. */
  readonly tll?: Mac;
}
export type L4 = Tcp | Udp | Sctp | Icmp;

/** The outer headers of a Geneve tunnel; the packet's other fields are the inner packet. Keys are OVN's. */
export interface Geneve {
  readonly src: Address;
  readonly dst: Address;
  /** Datapath tunnel key (VNI). */
  readonly vni: number;
  /** OVN option 0x0102/0x80: logical ingress port key (15 bit) and egress port key (16 bit). */
  readonly ingressPort: number;
  readonly egressPort: number;
}

/** What can be read from a TLS ClientHello, and what the client will show. */
export interface Tls {
  readonly sni?: string;
  readonly alpn: readonly string[];
  readonly version: "1.2" | "1.3";
  /** SPIFFE id or subject of the certificate that the client presents, if any. */
  readonly clientIdentity?: string;
}

/** An HTTP request as an L7 machine reads it. Header names are lower-case. */
export interface HttpRequest {
  readonly version: "1.0" | "1.1" | "2";
  readonly method: string;
  readonly scheme: "http" | "https";
  readonly authority: string;
  /** Path with query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A DHCP or DHCPv6 message. */
export interface Dhcp {
  readonly message: "discover" | "offer" | "request" | "ack" | "nak" | "decline" | "release" | "inform" | "solicit" | "advertise" | "confirm" | "reply" | "information-request";
  /** The client's hardware address. */
  readonly client: Mac;
  /** Address that the client asks for. */
  readonly requested?: Address;
  /** Address that the server gives. */
  readonly yours?: Address;
  /** Options by name, as the server's configuration writes them. */
  readonly options: Readonly<Record<string, string>>;
}

/** A question to a name server, or the answer. */
export interface DnsMessage {
  readonly name: string;
  readonly recordType: "A" | "AAAA" | "PTR" | "ANY";
  /** Absent in a question: addresses, for `PTR` names. */
  readonly answers?: readonly string[];
}

/** What is attached to a packet inside one kernel and never reaches the wire. */
export interface Local {
  /** Packet mark (`fwmark`). */
  readonly mark: number;
  /** Owner of the sending socket. */
  readonly uid?: number;
  readonly gid?: number;
}

/** One packet: immutable layers. Build with the builders in `builders.ts`, so that all have one shape. */
export interface Packet {
  readonly eth: Ethernet;
  readonly arp?: Arp;
  readonly ip?: Ip;
  readonly l4?: L4;
  readonly encap?: Geneve;
  readonly tls?: Tls;
  readonly http?: HttpRequest;
  readonly dhcp?: Dhcp;
  readonly dns?: DnsMessage;
  readonly local?: Local;
  /** Length on the wire in bytes. */
  readonly bytes: number;
}
