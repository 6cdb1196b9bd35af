/** Records erasures, so that late events of an erased person or visitor are not stored. */

/**
 * SQL for whether one of the people or visitors of an event has been erased since the event happened. The parameters are SQL;
 * `''` is nobody.
 */
export function isErased(pixel: string, subjects: readonly string[], ts: string): string {
  const conditions = subjects.map(
    (subject) =>
      `EXISTS (SELECT 1 FROM erasures x WHERE x.pixel = ${pixel} AND x.who = ${subject} AND x.at >= ${ts})`,
  );
  return `(${conditions.join(' OR ')})`;
}
