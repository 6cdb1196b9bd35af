/** The SQL of unions. */

/** Unites terms. D1 allows five terms in a UNION, but each term may be a UNION itself. */
export function unionAll(terms: readonly string[]): string {
  if (terms.length <= 5) return terms.join('\n  UNION ALL\n  ');
  const size = Math.max(5, Math.ceil(terms.length / 5));
  const groups: string[] = [];
  for (let at = 0; at < terms.length; at += size) {
    groups.push(`SELECT * FROM (\n  ${unionAll(terms.slice(at, at + size))})`);
  }
  return unionAll(groups);
}
