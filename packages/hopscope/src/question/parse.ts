import { type Diagnostic, InputError } from "@hopscope/core";

/** Who sends, as the user names it. */
export type EndpointName =
  | { readonly type: "external"; readonly address: string }
  | { readonly type: "node"; readonly name: string }
  | { readonly type: "pod" | "deploy" | "svc"; readonly namespace: string; readonly name: string; readonly port?: number };

/** What is asked for. */
export type Target =
  | { readonly type: "url"; readonly scheme: "http" | "https" | "tcp"; readonly host: string; readonly port: number; readonly path: string }
  | { readonly type: "endpoint"; readonly endpoint: EndpointName; readonly port: number };

const ADDRESS = /^(\d{1,3}(\.\d{1,3}){3}|[0-9a-fA-F:]*:[0-9a-fA-F:.]*)$/;

/** True for the text of an IPv4 or IPv6 address. */
export function isAddress(text: string): boolean {
  return ADDRESS.test(text) && (text.includes(":") ? text.split("::").length <= 2 : text.split(".").every((part) => Number(part) <= 255));
}

const bad = (flag: string, text: string, problem: string, expected: string): InputError => {
  const diagnostic: Diagnostic = { code: "input/endpoint-syntax", severity: "error", origin: { object: `${flag} "${text}"` }, problem, expected };
  return new InputError([diagnostic]);
};

const FORMS = "external/IP, node/NAME, pod/NS/NAME, deploy/NS/NAME or svc/NS/NAME";

/**
 * Reads `external/IP`, `node/NAME`, `pod/NS/NAME`, `deploy/NS/NAME`, `svc/NS/NAME`.
 *
 * @throws {@link InputError} with code `input/endpoint-syntax`
 */
export function parseEndpoint(text: string, flag = "--from"): EndpointName {
  const [kind, ...parts] = text.split("/");
  const [first = "", second = ""] = parts;
  if (kind === "external" && parts.length === 1) {
    if (!isAddress(first)) throw bad(flag, text, `"${first}" is not an IP address`, "external/IP, such as external/172.21.6.102");
    return { type: "external", address: first.toLowerCase() };
  }
  if (kind === "node" && parts.length === 1 && first !== "") return { type: "node", name: first };
  if ((kind === "pod" || kind === "deploy" || kind === "svc") && parts.length === 2 && first !== "" && second !== "") {
    return { type: kind, namespace: first, name: second };
  }
  throw bad(flag, text, "names no endpoint", FORMS);
}

/**
 * Reads a URL (`http`, `https`, `tcp`) or `<endpoint>:<port>`.
 *
 * @throws {@link InputError} with code `input/endpoint-syntax`
 */
export function parseTarget(text: string): Target {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme !== undefined) {
    if (scheme !== "http" && scheme !== "https" && scheme !== "tcp") throw bad("--to", text, `scheme "${scheme}" is not simulated`, "http://, https:// or tcp://");
    let url: URL;
    try {
      url = new URL(text.replace(/^tcp:/i, "http:"));
    } catch {
      throw bad("--to", text, "is not a URL", "http://HOST[:PORT]/PATH");
    }
    const host = url.hostname.replace(/^\[|\]$/g, "");
    const explicit = /^[^/]*\/\/[^/?#]*:(\d+)(?:[/?#]|$)/.exec(text)?.[1];
    if (scheme === "tcp" && explicit === undefined) throw bad("--to", text, "has no port", "tcp://HOST:PORT");
    const port = explicit === undefined ? (scheme === "https" ? 443 : 80) : Number(explicit);
    if (port === 0) throw bad("--to", text, "port 0 is no port", "a port from 1 to 65535");
    return { type: "url", scheme, host, port, path: `${url.pathname}${url.search}` };
  }
  const split = /^(.*):(\d{1,5})$/.exec(text);
  if (split === null || Number(split[2]) > 65535 || Number(split[2]) === 0) throw bad("--to", text, "names neither a URL nor an endpoint with a port", `http://HOST/PATH, or ${FORMS} followed by :PORT`);
  return { type: "endpoint", endpoint: parseEndpoint(split[1] ?? "", "--to"), port: Number(split[2]) };
}
