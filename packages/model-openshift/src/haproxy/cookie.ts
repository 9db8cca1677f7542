import type { Backend, Server } from "./program.ts";
import type { Header } from "./sample.ts";

/** What HAProxy's log says of the persistence cookie: none configured, none sent, unknown value, valid. */
export type CookieState = "-" | "N" | "I" | "V";

export interface ReadCookie {
  readonly state: CookieState;
  readonly server?: Server;
  /** Headers without the persistence cookie: the pod never sees it. */
  readonly headers: readonly Header[];
}

/** Reads the persistence cookie; a valid one names the server, whatever its weight. */
export function readCookie(backend: Backend, headers: readonly Header[]): ReadCookie {
  const name = backend.cookie?.split(" ")[0];
  if (name === undefined) return { state: "-", headers };
  let state: CookieState = "N";
  let server: Server | undefined;
  const kept = headers.flatMap((header): readonly Header[] => {
    if (header[0] !== "cookie") return [header];
    const pairs = header[1].split(";").map((pair) => pair.trim());
    const others = pairs.filter((pair) => !pair.startsWith(`${name}=`));
    if (others.length === pairs.length) return [header];
    for (const pair of pairs) {
      if (server !== undefined || !pair.startsWith(`${name}=`)) continue;
      const value = pair.slice(name.length + 1);
      server = backend.servers.find((candidate) => candidate.cookie === value);
      state = server === undefined ? "I" : "V";
    }
    return others.length === 0 ? [] : [["cookie", others.join("; ")]];
  });
  return { state, headers: kept, ...(server !== undefined && { server }) };
}

/** The Set-Cookie line HAProxy adds when it chose the server itself. */
export function setCookie(backend: Backend, server: Server): string | undefined {
  if (backend.cookie === undefined || server.cookie === undefined) return undefined;
  const [name, ...options] = backend.cookie.split(" ");
  const attribute = options.indexOf("attr");
  return [
    `${name}=${server.cookie}`,
    "path=/",
    ...(options.includes("httponly") ? ["HttpOnly"] : []),
    ...(options.includes("secure") ? ["Secure"] : []),
    ...(attribute < 0 ? [] : [options[attribute + 1] ?? ""]),
  ].join("; ");
}
