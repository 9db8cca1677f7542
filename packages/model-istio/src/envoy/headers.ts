/** Header lines in order; names are lower-case, pseudo-headers (`:path`) among them. */
export type Headers = readonly (readonly [name: string, value: string])[];

export const valuesOf = (headers: Headers, name: string): readonly string[] => headers.filter(([key]) => key === name).map(([, value]) => value);
export const headerOf = (headers: Headers, name: string): string | undefined => headers.find(([key]) => key === name)?.[1];
export const withoutHeader = (headers: Headers, name: string): Headers => headers.filter(([key]) => key !== name);
export const withHeader = (headers: Headers, name: string, value: string): Headers => {
  const at = headers.findIndex(([key]) => key === name);
  return at < 0 ? [...headers, [name, value]] : headers.flatMap((line, index) => (index === at ? [[name, value] as const] : line[0] === name ? [] : [line]));
};
export const addHeader = (headers: Headers, name: string, value: string): Headers => [...headers, [name, value]];

/** Joins a new value to an existing header's value, as Envoy does for the headers that it knows itself. */
export const appendHeader = (headers: Headers, name: string, value: string, separator = ","): Headers => {
  const old = headerOf(headers, name);
  return withHeader(headers, name, old === undefined || old === "" ? value : `${old}${separator}${value}`);
};

/** Headers as a plain record; several lines of one name are joined with a comma. */
export function recordOf(headers: Headers): Readonly<Record<string, string>> {
  const result: Record<string, string> = {};
  for (const [name, value] of headers) result[name] = result[name] === undefined ? value : `${result[name]},${value}`;
  return result;
}
