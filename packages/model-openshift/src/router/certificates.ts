import { createPrivateKey, createPublicKey, X509Certificate, type KeyObject } from "node:crypto";

/** What the loader leaves of a text with a private key in it: nothing can be said of it, so it is taken as good. */
export const REMOVED = "<removed>";

interface Block {
  readonly kind: string;
  readonly pem: string;
}

const PEM = /-----BEGIN ([A-Z0-9 ]+)-----\s[\s\S]*?-----END \1-----/g;

/** The PEM blocks of a text whose inside is base64, as Go's decoder finds them; other text is passed over. */
export const pemBlocks = (text: string): readonly Block[] =>
  [...text.matchAll(PEM)]
    .map((match) => ({ kind: match[1] ?? "", pem: match[0] }))
    .filter(({ pem }) => /^-----BEGIN [^\n]*-----\s*([\w-]+:[^\n]*\s+)*[A-Za-z0-9+/=\s]*-----END/.test(pem));

const attempt = <T>(make: () => T): T | undefined => {
  try {
    return make();
  } catch {
    return undefined;
  }
};

const NO_CERTIFICATE = "data does not contain any valid RSA or ECDSA certificates";

/** The certificates of a text, or what Go's parser says of it. */
export function readCertificates(text: string): readonly X509Certificate[] | string {
  const found = pemBlocks(text).filter(({ kind }) => kind === "CERTIFICATE");
  if (found.length === 0) return NO_CERTIFICATE;
  const read = found.map(({ pem }) => attempt(() => new X509Certificate(pem)));
  const good = read.filter((certificate) => certificate !== undefined);
  return good.length === read.length ? good : "x509: malformed certificate";
}

const KNOWN = new Set(["RSA PRIVATE KEY", "ECDSA PRIVATE KEY", "EC PRIVATE KEY", "PRIVATE KEY", "PUBLIC KEY", "RSA PUBLIC KEY", "DSA PUBLIC KEY", "ECDSA PUBLIC KEY", "CERTIFICATE", "EC PARAMETERS"]);
const isKey = (kind: string): boolean => kind.endsWith("PRIVATE KEY");

/** What is wrong with the PEM blocks of a field: an unknown kind, or one that does not parse. */
export function blockFault(text: string): string | undefined {
  if (text === REMOVED) return undefined;
  for (const { kind, pem } of pemBlocks(text)) {
    if (!KNOWN.has(kind)) return `unrecognized PEM block ${kind}`;
    if (isKey(kind) && attempt(() => createPrivateKey(pem)) === undefined) return `block ${kind} is not valid`;
    if (kind === "CERTIFICATE" && attempt(() => new X509Certificate(pem)) === undefined) return "x509: malformed certificate";
    if (kind.endsWith("PUBLIC KEY") && attempt(() => createPublicKey(pem)) === undefined) return "asn1: structure error: malformed public key";
  }
  return undefined;
}

const commonName = (certificate: X509Certificate): string => /(?:^|\n)CN=([^\n]*)/.exec(certificate.subject)?.[1] ?? "";
const SERVER_USE = new Set(["1.3.6.1.5.5.7.3.1", "2.5.29.37.0"]);

/**
 * Why a certificate is not signed by one of the authorities given with it.
 *
 * @see Go crypto/x509 Certificate.Verify; openshift/router release-4.14 validateCertificatePEM
 */
export function chainFault(certificate: X509Certificate, authorities: readonly X509Certificate[]): string | undefined {
  const usage = certificate.keyUsage as readonly string[] | undefined;
  if (usage !== undefined && usage.length > 0 && !usage.some((oid) => SERVER_USE.has(oid))) {
    return "error verifying certificate: x509: certificate specifies an incompatible key usage";
  }
  if (authorities.some((authority) => authority.fingerprint256 === certificate.fingerprint256)) return undefined;
  const named = authorities.filter((authority) => authority.subject === certificate.issuer);
  if (named.some((authority) => authority.ca && attempt(() => certificate.verify(authority.publicKey)) === true)) return undefined;
  const [first] = named;
  const unknown = "error verifying certificate: x509: certificate signed by unknown authority";
  if (first === undefined) return unknown;
  const cause = !first.ca
    ? "x509: invalid signature: parent certificate cannot sign this kind of certificate"
    : first.publicKey.asymmetricKeyType === "ec"
      ? "x509: ECDSA verification failure"
      : "crypto/rsa: verification error";
  return `${unknown} (possibly because of ${JSON.stringify(cause)} while trying to verify candidate authority certificate ${JSON.stringify(commonName(first))})`;
}

/** Why a certificate and the keys given with it are no pair, in the words of Go's `tls.X509KeyPair`. */
export function pairFault(certificate: string, keys: readonly string[]): string | undefined {
  const leaf = readCertificates(certificate);
  if (typeof leaf === "string") return "tls: failed to find any PEM data in certificate input";
  const texts = keys.flatMap(pemBlocks).filter(({ kind }) => isKey(kind));
  const [first] = texts;
  if (first === undefined) return "tls: failed to find any PEM data in key input";
  const key: KeyObject | undefined = attempt(() => createPrivateKey(first.pem));
  const [own] = leaf;
  if (key === undefined || own === undefined) return "tls: failed to parse private key";
  if (key.asymmetricKeyType !== own.publicKey.asymmetricKeyType) return "tls: private key type does not match public key type";
  return own.checkPrivateKey(key) ? undefined : "tls: private key does not match public key";
}
