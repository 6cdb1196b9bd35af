/** The SQL of who was there on a local day, and on which kinds of device. */
import { deviceBit } from '../model/device.ts';
import { ENGAGEMENT } from '../model/event.ts';
import { isThere } from './kept-rows.sql.ts';
import { STRETCHES } from './stretches.sql.ts';

/**
 * The people of pixel `?1` on the days of the stretches of `source`, by the alias that their events have, with the devices
 * they had.
 */
export const peopleOf = (source: string): string => `
  SELECT s.bucket, s.day, e.person, sum(DISTINCT ${deviceBit('e.device')}) AS devices
  FROM ${source} s
  CROSS JOIN events e ON e.pixel = ?1 AND e.ts >= s.starts_at AND e.ts < s.ends_at
    AND e.person <> '' AND e.name <> '${ENGAGEMENT}'
  GROUP BY s.bucket, s.day, e.person`;

/**
 * Writes who was there on day `?3` of pixel `?1`, of the segments `?2`, where that has changed. A row of who is there no more
 * gets no devices, and goes with the next clean-up.
 */
export const ROLL_UP_PEOPLE = `
  WITH ${STRETCHES}
  INSERT INTO person_days (pixel, day, person, devices)
  SELECT ?1, ?3, person, max(devices)
  FROM (
    SELECT person, devices FROM (${peopleOf('stretch')})
    UNION ALL
    SELECT person, 0 FROM person_days WHERE pixel = ?1 AND day = ?3)
  WHERE ${isThere('?3')}
  GROUP BY person
  ON CONFLICT (pixel, day, person) DO UPDATE SET devices = excluded.devices
  WHERE devices <> excluded.devices`;
