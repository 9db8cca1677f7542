import type { SocketAddress } from "@hopscope/core";
import { addHeader, type Headers, headerOf, valuesOf, withHeader, withoutHeader } from "./headers.ts";
import { flag, type Json, list, object, text, texts } from "./json.ts";
import { printSocket } from "./address.ts";

/** What a header's format string may name. */
export interface FormatFacts {
  readonly headers: Headers;
  readonly source: SocketAddress;
  readonly direct: SocketAddress;
  readonly local: SocketAddress;
  readonly protocol: string;
  readonly sni: string;
  readonly route: string;
  readonly chain: string;
  readonly cluster: string;
  readonly peer: string | undefined;
}

function command(name: string, argument: string, facts: FormatFacts): string | undefined {
  if (name === "REQ") {
    const [first = "", second] = argument.split("?");
    const found = valuesOf(facts.headers, first.toLowerCase());
    const other = found.length > 0 || second === undefined ? found : valuesOf(facts.headers, second.toLowerCase());
    return other[0] ?? "";
  }
  const known: Readonly<Record<string, string>> = {
    ROUTE_NAME: facts.route,
    PROTOCOL: facts.protocol,
    REQUESTED_SERVER_NAME: facts.sni,
    FILTER_CHAIN_NAME: facts.chain,
    UPSTREAM_CLUSTER: facts.cluster,
    UPSTREAM_HOST: "",
    DOWNSTREAM_LOCAL_ADDRESS: printSocket(facts.local),
    DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT: facts.local.address,
    DOWNSTREAM_LOCAL_PORT: String(facts.local.port),
    DOWNSTREAM_REMOTE_ADDRESS: printSocket(facts.source),
    DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT: facts.source.address,
    DOWNSTREAM_REMOTE_PORT: String(facts.source.port),
    DOWNSTREAM_DIRECT_REMOTE_ADDRESS: printSocket(facts.direct),
    DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT: facts.direct.address,
    DOWNSTREAM_PEER_URI_SAN: facts.peer ?? "",
  };
  return known[name];
}

/** Expands a format string; a command that is not known stays as it is written. */
export function format(pattern: string, facts: FormatFacts): string {
  return pattern.replace(/%%|%([A-Z_]+)(?:\(([^)]*)\))?(?::(\d+))?%/g, (whole, name: string | undefined, argument: string | undefined, length: string | undefined) => {
    if (whole === "%%" || name === undefined) return "%";
    const value = command(name, argument ?? "", facts);
    if (value === undefined) return whole;
    return length === undefined ? value : value.slice(0, Number(length));
  });
}

const actionOf = (option: Json): string => {
  const named = text(option["append_action"]);
  if (named !== undefined) return named;
  return option["append"] === false || object(option["append"])["value"] === false ? "OVERWRITE_IF_EXISTS_OR_ADD" : "APPEND_IF_EXISTS_OR_ADD";
};

/** Adds HeaderValueOptions; all values are made from the headers as they were before the first. */
function addHeaders(headers: Headers, options: readonly Json[], facts: FormatFacts): Headers {
  const overwrite: (readonly [string, string])[] = [];
  const add: (readonly [string, string])[] = [];
  for (const option of options) {
    const header = object(option["header"]);
    const key = (text(header["key"]) ?? "").toLowerCase();
    const value = format(text(header["value"]) ?? "", facts);
    if (value === "" && !flag(option["keep_empty_value"])) continue;
    const action = actionOf(option);
    const present = headerOf(headers, key) !== undefined;
    if (action === "APPEND_IF_EXISTS_OR_ADD" || (action === "ADD_IF_ABSENT" && !present)) add.push([key, value]);
    else if (action === "OVERWRITE_IF_EXISTS_OR_ADD" || (action === "OVERWRITE_IF_EXISTS" && present)) overwrite.push([key, value]);
  }
  const written = overwrite.reduce((all, [key, value]) => withHeader(all, key, value), headers);
  return add.reduce((all, [key, value]) => addHeader(all, key, value), written);
}

/**
 * Applies the header operations of several levels, in the order given; in each level removals come first.
 *
 * @see Envoy 1.26, source/common/router/header_parser.cc
 */
export function mutateHeaders(headers: Headers, levels: readonly Json[], side: "request" | "response", facts: FormatFacts): Headers {
  return levels.reduce((all, level) => {
    const removed = texts(level[`${side}_headers_to_remove`]).reduce((rest, name) => withoutHeader(rest, name.toLowerCase()), all);
    return addHeaders(removed, list(level[`${side}_headers_to_add`]), { ...facts, headers: side === "request" ? removed : facts.headers });
  }, headers);
}

/** Applies the `mutations` of a header_mutation filter, in their order. */
export function applyMutations(headers: Headers, mutations: readonly Json[], facts: FormatFacts): Headers {
  return mutations.reduce((all, mutation) => {
    const remove = text(mutation["remove"]);
    if (remove !== undefined) return withoutHeader(all, remove.toLowerCase());
    return addHeaders(all, [object(mutation["append"])], { ...facts, headers: all });
  }, headers);
}
