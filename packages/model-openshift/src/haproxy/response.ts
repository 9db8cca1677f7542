import { setCookie } from "./cookie.ts";
import type { ClientRequest, Handling } from "./machine.ts";
import type { HaproxyProgram, Server } from "./program.ts";
import { applyRules } from "./rules.ts";
import type { Header, SampleContext } from "./sample.ts";

/**
 * Headers of a server's response as the client gets them: the route's rules, then the IngressController's, then the
 * persistence cookie where HAProxy chose the server itself.
 */
export function responseHeaders(program: HaproxyProgram, handled: Handling, request: Omit<ClientRequest, "http">, server: Server, headers: readonly Header[]): readonly Header[] {
  const { action } = handled;
  if (action.type !== "forward") return headers;
  const context: SampleContext = {
    src: request.src,
    dstPort: request.port,
    tls: handled.frontend !== "public",
    alpn: handled.alpn,
    clientSubject: request.tls?.clientSubject,
    request: action.request.headers,
    response: headers,
  };
  const scope = { acls: [], lists: program.lists, response: true };
  const cookie = action.pinned === server ? undefined : setCookie(action.backend, server);
  const own = applyRules(action.backend.httpResponse, { headers, path: "" }, context, scope);
  const last = applyRules(program.frontendResponse, { headers: own.headers, path: "" }, context, scope);
  return cookie === undefined ? last.headers : [...last.headers, ["set-cookie", cookie]];
}
