/**
 * Custom properties as the store keeps them: the text of a JSON object in the order given; `''` when there are none. Written
 * by hand, since an object cannot hold every key (`__proto__` would vanish) and would sort some.
 */
export function textOfProperties(properties: ReadonlyMap<string, string>): string {
  if (properties.size === 0) return '';
  const entries = [...properties].map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`);
  return `{${entries.join(',')}}`;
}
