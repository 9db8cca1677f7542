import { flag, type Json, text } from "./json.ts";

export type NormalPath =
  | { readonly type: "path"; readonly path: string }
  | { readonly type: "reject" }
  | { readonly type: "redirect"; readonly path: string };

const cut = (path: string): readonly [path: string, query: string] => {
  const at = path.indexOf("?");
  return at < 0 ? [path, ""] : [path.slice(0, at), path.slice(at)];
};

/** The path without its query and fragment. */
export const pathOnly = (path: string): string => /^[^?#]*/.exec(path)?.[0] ?? "";
export const replacePath = (whole: string, path: string): string => path + whole.slice(pathOnly(whole).length);

function canonical(path: string): string | undefined {
  let text = "";
  for (let i = 0; i < path.length; i++) {
    const char = path[i] ?? "";
    const hex = char === "%" ? /^[0-9a-fA-F]{2}/.exec(path.slice(i + 1))?.[0] : undefined;
    if (hex === undefined) text += char === "\\" ? "/" : /["<>^`{|}]/.test(char) ? `%${char.charCodeAt(0).toString(16).toUpperCase()}` : char;
    else {
      const decoded = String.fromCharCode(Number.parseInt(hex, 16));
      if (decoded === "\0") return undefined;
      text += /[A-Za-z0-9\-._~]/.test(decoded) ? decoded : `%${hex}`;
      i += 2;
    }
  }
  const out: string[] = [];
  const segments = text.split("/").slice(1);
  segments.forEach((segment, index) => {
    const last = index === segments.length - 1;
    if (segment === "." || segment === "..") {
      if (segment === "..") out.pop();
      if (last) out.push("");
    } else out.push(segment);
  });
  return `/${out.join("/")}`;
}

/** Joins the parts between slashes; a path of slashes alone keeps two. */
function merged(path: string): string {
  if (!path.includes("//")) return path;
  return `${path.startsWith("/") ? "/" : ""}${path.split("/").filter((part) => part !== "").join("/")}${path.endsWith("/") ? "/" : ""}`;
}

/**
 * Normalises a request's path as the connection manager is told to; the query is never touched.
 *
 * @see Envoy 1.26, source/common/http/path_utility.cc, conn_manager_utility.cc
 */
export function normalisePath(manager: Json, whole: string): NormalPath {
  if (whole.includes("#")) return { type: "reject" };
  let [path] = cut(whole);
  const [, query] = cut(whole);
  const action = text(manager["path_with_escaped_slashes_action"]) ?? "KEEP_UNCHANGED";
  let redirect = false;
  if (!action.endsWith("KEEP_UNCHANGED") && !action.endsWith("IMPLEMENTATION_SPECIFIC_DEFAULT") && /%(2f|5c)/i.test(path)) {
    if (action === "REJECT_REQUEST") return { type: "reject" };
    redirect = action === "UNESCAPE_AND_REDIRECT";
    path = path.replace(/%2f/gi, "/").replace(/%5c/gi, "\\");
  }
  if (flag(manager["normalize_path"])) {
    const normal = canonical(path);
    if (normal === undefined) return { type: "reject" };
    path = normal;
  }
  if (flag(manager["merge_slashes"])) path = merged(path);
  return { type: redirect ? "redirect" : "path", path: path + query };
}

/** Where a host's port begins (at the colon), or -1. */
export function portStart(host: string): number {
  const at = host.lastIndexOf(":");
  return at < 0 || host.lastIndexOf("]") > at ? -1 : at;
}

/** The authority after the manager's options on port and trailing dot. */
export function normaliseHost(manager: Json, host: string, localPort: number): string {
  let result = host;
  const at = portStart(result);
  const port = at < 0 ? "" : result.slice(at + 1);
  if (/^\d+$/.test(port) && (flag(manager["strip_any_host_port"]) || (flag(manager["strip_matching_host_port"]) && Number(port) === localPort))) result = result.slice(0, at);
  if (flag(manager["strip_trailing_host_dot"]) && result.endsWith(".")) result = result.slice(0, -1);
  return result;
}
