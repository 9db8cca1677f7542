import type { Downstream } from "./downstream.ts";
import { flag, type Json, text } from "./json.ts";
import type { Admission } from "./machine.ts";
import type { Run } from "./run.ts";
import { tlsContextOf } from "./tls.ts";

const asksCertificate = (chain: Json): boolean => flag(tlsContextOf(chain["transport_socket"], "DownstreamTlsContext")?.["require_client_certificate"]);

/** Reports a client without a certificate where every chain that it could take asks for one. */
export function reportRefusedTls(run: Run, admission: Admission, downstream: Downstream): void {
  if (downstream.tls?.peer !== undefined) return;
  const { chain, handshake, picked } = admission;
  const listener = text(picked.listener["name"]) ?? "";
  const asking = chain.type === "none" ? chain.lost.find(asksCertificate) : handshake?.type === "failed" && asksCertificate(chain.chain) ? chain.chain : undefined;
  if (asking === undefined) return;
  const how = downstream.tls === undefined ? "in plaintext" : "without a client certificate";
  run.finding(
    {
      code: "mesh/mtls-required",
      severity: "error",
      problem: `a client at ${downstream.source.address} connects ${how} to port ${picked.destination.port}, where listener "${listener}" takes mutual TLS only`,
      fix: "bring the client into the mesh (inject a sidecar), or set the PeerAuthentication of this workload or port to PERMISSIVE",
    },
    asking,
  );
}
