/**
 * The Cookie header, read and cut without splitting it into a map: a value is opaque, names may repeat, and two Cookie fields arrive joined by ", ".
 * A comma separates only where a name and "=" follow it, since values with commas are seen in the wild.
 */
const separator = /;[ \t]*|,[ \t]+(?=[\w!#$%&'*+.^`|~-]+=)/;

/** Values under this name, in order. More than `limit` of them are not looked at. */
export function cookieValues(header: string, name: string, limit = 8): string[] {
  if (!header.includes(name)) return [];
  const prefix = `${name}=`;
  const found: string[] = [];
  for (const pair of header.split(separator)) {
    if (pair.startsWith(prefix) && found.push(unquoted(pair.slice(prefix.length).trim())) >= limit) break;
  }
  return found;
}

/** The header without the cookies of this name; `''` where nothing is left. */
export function withoutCookie(header: string, name: string): string {
  if (!header.includes(name)) return header;
  const prefix = `${name}=`;
  return header
    .split(separator)
    .filter((pair) => pair !== '' && !pair.startsWith(prefix))
    .join('; ');
}

function unquoted(value: string): string {
  return value.length > 1 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
}
