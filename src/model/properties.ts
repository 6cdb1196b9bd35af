/**
 * Custom properties as they are stored: the text of a JSON object, in the order of the map; `''` if there are none. It is not made
 * by `JSON.stringify` of an object, which would lose the key `__proto__` and sort numeric keys.
 */
export function textOfProperties(properties: ReadonlyMap<string, string>): string {
  if (properties.size === 0) return '';
  const entries = [...properties].map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`);
  return `{${entries.join(',')}}`;
}
