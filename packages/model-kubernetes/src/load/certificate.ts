import { X509Certificate } from "node:crypto";

/** The public facts of one certificate. */
export interface CertificateFacts {
  readonly subject: string;
  readonly issuer: string;
  /** DNS names, addresses and URIs, as `DNS:shop.example.com`. */
  readonly subjectAltNames: readonly string[];
  readonly notBefore: string;
  readonly notAfter: string;
  readonly isAuthority: boolean;
}

const PEM = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;
const MOST = 20;

/** The certificates in a PEM text, at most the first 20; what cannot be read is left out. */
export function certificatesIn(pem: string): readonly CertificateFacts[] {
  const facts: CertificateFacts[] = [];
  for (const [text] of pem.matchAll(PEM)) {
    if (facts.length === MOST) break;
    const certificate = read(text);
    if (certificate !== undefined) facts.push(certificate);
  }
  return facts;
}

function read(text: string): CertificateFacts | undefined {
  try {
    const certificate = new X509Certificate(text);
    return {
      subject: oneLine(certificate.subject),
      issuer: oneLine(certificate.issuer),
      subjectAltNames: (certificate.subjectAltName ?? "").split(", ").filter((name) => name !== ""),
      notBefore: isoTime(certificate.validFrom),
      notAfter: isoTime(certificate.validTo),
      isAuthority: certificate.ca,
    };
  } catch {
    return undefined;
  }
}

const oneLine = (name: string | undefined): string => (name ?? "").split("\n").join(", ");

// node prints `Nov 24 10:00:00 2026 GMT`.
const isoTime = (text: string): string => {
  const time = Date.parse(text);
  return Number.isNaN(time) ? text : new Date(time).toISOString();
};
