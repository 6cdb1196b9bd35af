/**
 * Stores click ids, sealed, from the landing until a purchase: the latest click of each alias of a person for each parameter. They are kept under the
 * consent of the visitor, and are forgotten when it is withdrawn.
 */
import { CLICK_DAYS } from '../model/conversion.ts';
import { chunksOf } from './batch-rows.ts';
import { isErased } from './erasures.ts';
import type { ClickKey } from './sealed-clicks.ts';
import { hasWithdrawn } from './withdrawals.ts';

/** A click of one alias, sealed. */
export interface ClickRow extends ClickKey {
  readonly click: string;
  /** When the visitor landed, in epoch milliseconds: the time of the event of that landing, too. */
  readonly at: number;
  /** The id of that event. */
  readonly event: string;
}

const [PIXEL = '', PERSON = '', PARAMETER = '', CLICK = '', AT = '', EVENT = ''] = [0, 1, 2, 3, 4, 5].map(
  (index) => `j.value ->> ${index}`,
);

/** Keeps the rows of `?1` whose events are stored, whose people have neither withdrawn nor been erased since, and whose pixels have a destination that is on. */
const KEEP = `
  INSERT INTO clicks (pixel, person, parameter, click, at)
  SELECT ${PIXEL}, ${PERSON}, ${PARAMETER}, ${CLICK}, ${AT}
  FROM json_each(?1) j
  WHERE ${AT} > ?2
    AND EXISTS (SELECT 1 FROM destinations d WHERE d.pixel = ${PIXEL} AND d.state <> 'off')
    AND EXISTS (SELECT 1 FROM events e WHERE e.pixel = ${PIXEL} AND e.ts = ${AT} AND e.id = ${EVENT})
    AND NOT ${hasWithdrawn(PIXEL, PERSON, AT)} AND NOT ${isErased(PIXEL, [PERSON], AT)}
  ON CONFLICT (pixel, person, parameter) DO UPDATE SET click = excluded.click, at = excluded.at
  WHERE excluded.at > clicks.at`;

/** The statements that keep clicks. Run them after the events of the same transaction. */
export function keepClicks(db: D1Database, clicks: readonly ClickRow[], now: number): D1PreparedStatement[] {
  const rows = clicks.map(({ pixel, person, parameter, click, at, event }) => [
    pixel,
    person,
    parameter,
    click,
    at,
    event,
  ]);
  const since = now - CLICK_DAYS * 86_400_000;
  return chunksOf(rows, 0).map(({ json }) => db.prepare(KEEP).bind(json, since));
}
