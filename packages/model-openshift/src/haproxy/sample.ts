import { addressIn } from "./addresses.ts";

/** One header line: name in lower case, and value. */
export type Header = readonly [name: string, value: string];

/** What samples can read while rules run. */
export interface SampleContext {
  readonly src: string;
  readonly dstPort: number;
  /** The frontend has ended TLS. */
  readonly tls: boolean;
  readonly alpn: string;
  readonly clientSubject: string | undefined;
  readonly request: readonly Header[];
  readonly response: readonly Header[];
}

/** A piece of a log-format string. */
export type Fragment =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "sample"; readonly fetch: string; readonly argument: string; readonly converters: readonly string[] }
  | { readonly type: "variable"; readonly name: string };

const VARIABLES = new Set(
  "B CC CS H HM HP HPO HQ HU HV ID ST T Ta Tc Td TD Th Ti Tl TL Tq Tr TR Ts Tt Tu Tw U ac b bc bi bp bq ci cp f fc fi fp ft hr hrl hs hsl lc ms o pid r rc rt s sc si sp sq sslc sslv t trg trl ts tsc".split(" "),
);
/** Names of sample fetches of HAProxy 2.6 that a header action or the template may use. */
const FETCH =
  /^(req|res|hdr|shdr|fhdr|cook|scook|base|base32|path|pathq|url|urlp|url_param|url32|method|status|src|dst|fc|bc|be|fe|srv|so|rand|date|date_us|hostname|pid|proc|nbproc|nbproc|thread|nbthread|uuid|unique-id|var|env|str|bool|int|ipv4|ipv6|bin|meth|always_true|always_false|ssl|http|http_auth|http_auth_group|capture|cpu_calls|lat_ns_avg|queue|avg_queue|connslots|nbsrv|table|sc|sc0|sc1|sc2|internal|payload|wait_end|distcc|rdp_cookie|request_date|query|last_rule_file|last_rule_line|txn|act_conn|hdr_cnt|hdr_ip|hdr_len|hdr_val|prio_class|prio_offset|quic_enabled|stopping)([._].*)?$/;
const CONVERTERS = new Set(
  "lower upper base64 b64dec ub64dec ub64enc hex hex2i add and bool bytes concat cpl crc32 crc32c cut_crlf debug digest div djb2 even field fix_is_valid fix_tag_value http_date iif in_table ipmask json json_query jwt_header_query jwt_payload_query jwt_verify language length ltime ltrim map map_beg map_dir map_dom map_end map_int map_ip map_reg map_reg_int map_regm map_str map_str_int map_sub mod mqtt_field_value mqtt_is_valid mul neg not odd or protobuf regsub rtrim sdbm secure_memcmp set-var sha1 sha2 srv_queue strcmp sub table_conn_cnt ungrpc unset-var url_dec url_enc utime word wt6 xor xxh3 xxh32 xxh64 hmac param".split(" "),
);

const TOKEN = /%%|%(?:\{[^}]*\})?\[((?:[^[\]]|\[[^\]]*\])*)\]|%(?:\{[^}]*\})?([A-Za-z]+)|%/g;

/** Splits `name(arg),conv(arg),conv` at commas outside of parentheses. */
function parts(expression: string): readonly string[] {
  const out: string[] = [];
  let depth = 0;
  let start = 0;
  for (let index = 0; index < expression.length; index++) {
    const char = expression[index];
    if (char === "(") depth++;
    else if (char === ")") depth = Math.max(0, depth - 1);
    else if (char === "," && depth === 0) {
      out.push(expression.slice(start, index));
      start = index + 1;
    }
  }
  out.push(expression.slice(start));
  return out;
}

const named = (part: string): { readonly name: string; readonly argument: string } => {
  const open = part.indexOf("(");
  return open < 0 ? { name: part, argument: "" } : { name: part.slice(0, open), argument: part.slice(open + 1, part.lastIndexOf(")")) };
};

/** Parses a log-format string; a text result is the complaint that HAProxy would stop at. */
export function parseFormat(format: string): readonly Fragment[] | string {
  const fragments: Fragment[] = [];
  let end = 0;
  for (const match of format.matchAll(TOKEN)) {
    if (match.index > end) fragments.push({ type: "text", text: format.slice(end, match.index) });
    end = match.index + match[0].length;
    const [whole, expression, variable] = match;
    if (whole === "%%") {
      fragments.push({ type: "text", text: "%" });
    } else if (expression !== undefined) {
      const [fetch, ...converters] = parts(expression.trim());
      const { name, argument } = named(fetch ?? "");
      if (!FETCH.test(name)) return `unknown fetch method '${name}'`;
      const unknown = converters.map((converter) => named(converter).name).find((converter) => !CONVERTERS.has(converter));
      if (unknown !== undefined) return `unknown converter '${unknown}'`;
      fragments.push({ type: "sample", fetch: name, argument, converters });
    } else if (variable !== undefined && VARIABLES.has(variable)) {
      fragments.push({ type: "variable", name: variable });
    } else {
      return `no such format variable '${variable ?? ""}'; a percent sign is written "%%"`;
    }
  }
  if (end < format.length) fragments.push({ type: "text", text: format.slice(end) });
  return fragments;
}

/** Values of a header, each line split at commas outside of quotes. */
function headerValues(headers: readonly Header[], name: string): readonly string[] {
  const wanted = name.toLowerCase();
  return headers.filter(([key]) => key === wanted).flatMap(([, value]) => value.match(/(?:"(?:\\.|[^"\\])*"|[^,])+/g)?.map((item) => item.trim()) ?? [""]);
}

/** Reads one sample; `undefined` where it has no value, or where this model cannot tell it. */
function readSample(fetch: string, argument: string, context: SampleContext): string | undefined {
  const name = argument.split(",")[0] ?? "";
  switch (fetch) {
    case "req.hdr":
    case "hdr":
      return headerValues(context.request, name).at(-1);
    case "res.hdr":
      return headerValues(context.response, name).at(-1);
    case "src":
      return context.src;
    case "dst_port":
      return String(context.dstPort);
    case "ssl_fc":
      return context.tls ? "1" : "0";
    case "ssl_fc_alpn":
      return context.alpn === "" ? undefined : context.alpn;
    case "ssl_c_s_dn":
      return argument === "" ? context.clientSubject : undefined;
    case "ssl_c_verify":
      return context.tls ? "0" : undefined;
    default:
      return undefined;
  }
}

/** Samples that {@link readSample} knows; others depend on what is not modelled. */
export const KNOWN_SAMPLES: ReadonlySet<string> = new Set(["req.hdr", "hdr", "res.hdr", "src", "dst_port", "ssl_fc", "ssl_fc_alpn", "ssl_c_s_dn", "ssl_c_verify"]);

const base64 = (value: string): string => btoa(String.fromCharCode(...new TextEncoder().encode(value)));

/** Text of a format for one message; a sample without value leaves nothing. */
export function expand(fragments: readonly Fragment[], context: SampleContext): string {
  return fragments
    .map((fragment) => {
      if (fragment.type === "text") return fragment.text;
      if (fragment.type === "variable") return "";
      const value = readSample(fragment.fetch, fragment.argument, context);
      if (value === undefined) return "";
      return fragment.converters.reduce((current, converter) => {
        switch (converter) {
          case "lower":
            return current.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
          case "upper":
            return current.replace(/[a-z]/g, (letter) => letter.toUpperCase());
          case "base64":
            return base64(current);
          default:
            return current;
        }
      }, value);
    })
    .join("");
}

/**
 * Counters of a client's connections and requests, as they stand when one request comes alone: the connection
 * counts itself, the request does not yet.
 */
const ALONE: Readonly<Record<string, number>> = { src_conn_cur: 1, src_conn_rate: 1, src_http_req_rate: 0 };

/** Whether a test's result depends on what else the client has sent. */
export const countsTraffic = (test: readonly string[]): boolean => Object.hasOwn(ALONE, test[0] ?? "");

/** Whether a named access list or an anonymous test holds; `undefined` where this model cannot tell. */
export function holds(test: readonly string[], context: SampleContext, lists: Readonly<Record<string, readonly string[]>>): boolean | undefined {
  const { name, argument } = named(test[0] ?? "");
  const rest = test.slice(1);
  if (name === "src" && rest[0] !== "-m") {
    const items = rest[0] === "-f" ? (lists[rest[1] ?? ""] ?? []) : rest;
    return items.some((item) => addressIn(context.src, item));
  }
  if (name === "hdr_len") {
    const values = context.request.filter(([key]) => key === argument.toLowerCase()).map(([, value]) => value.length);
    return values.some((length) => rest.includes(String(length)));
  }
  const counted = ALONE[name];
  if (counted !== undefined) return rest[0] === "ge" ? counted >= Number(rest[1]) : undefined;
  if (!KNOWN_SAMPLES.has(name)) return undefined;
  const value = readSample(name, argument, context);
  if (rest[0] === "-m" && rest[1] === "found") return value !== undefined;
  if (rest[0] === "-m" && rest[1] === "sub") return value !== undefined && rest.slice(2).some((item) => value.includes(item));
  if (rest[0] === "-i") return value !== undefined && rest.slice(1).some((item) => item.toLowerCase() === value.toLowerCase());
  return rest.length === 0 ? value === "1" : value !== undefined && rest.includes(value);
}
