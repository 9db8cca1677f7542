import { fullMatch, replaceAll } from "./regex.ts";

const SEGMENT = "[a-zA-Z0-9\\-._~%!$&'()+,;:@=]+";
const ANY = "[a-zA-Z0-9\\-._~%!$&'()+,;:@=/]*";
const escape = (literal: string): string => literal.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
const glob = (pattern: string): string =>
  pattern
    .split(/(\*\*|\*)/)
    .map((part) => (part === "**" ? ANY : part === "*" ? SEGMENT : escape(part)))
    .join("");

/** Turns a path template (`/{country}/*`, `/{name=**}`) to a regular expression and the names of its groups. */
function compile(template: string): { readonly regex: string; readonly names: readonly string[] } {
  const names: string[] = [];
  const regex = template
    .split(/(\{[^}]*\})/)
    .map((part) => {
      if (!part.startsWith("{")) return glob(part);
      const [name = "", pattern = "*"] = part.slice(1, -1).split("=");
      names.push(name);
      return `(${glob(pattern)})`;
    })
    .join("");
  return { regex, names };
}

/**
 * Whether a path fits a URI template.
 * @see Envoy 1.26, source/extensions/path/match/uri_template
 */
export const templateMatches = (template: string, path: string): boolean => fullMatch(compile(template).regex, path);

/** Rewrites a path by naming the variables of the template that matched it. */
export function templateRewrite(template: string, rewrite: string, path: string): string {
  const { regex, names } = compile(template);
  const substitution = rewrite.replace(/\{([^}]*)\}/g, (_, name: string) => `\\${names.indexOf(name) + 1}`);
  return replaceAll(`^${regex}$`, substitution, path);
}
