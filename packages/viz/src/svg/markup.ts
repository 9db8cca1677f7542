import { plain } from "../format.ts";

export type Attributes = Readonly<Record<string, string | number | undefined>>;

/** Text as XML character data: cluster text can never become markup. Line breaks stay. */
export const escapeXml = (text: string): string =>
  text
    .split("\n")
    .map((line) => plain(line).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`))
    .join("\n");

/** One element as text. Attribute values and text are escaped; `children` are elements already made. */
export function element(name: string, attributes: Attributes, children: readonly string[] = []): string {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${escapeXml(typeof value === "number" ? String(Math.round(value * 100) / 100) : String(value))}"`)
    .join("");
  return children.length === 0 ? `<${name}${written}/>` : `<${name}${written}>${children.join("")}</${name}>`;
}
