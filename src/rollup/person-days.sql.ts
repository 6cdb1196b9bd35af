/** The SQL that stores the people of a local day, and their kinds of device. */
import { peopleOf } from '../sql/people.ts';
import { STRETCHES } from '../sql/stretches.ts';
import { isThere } from './stored-rows.sql.ts';

/**
 * Stores the people of day `:day` of pixel `:pixel`, whose segments are `:stretches`. It writes only rows that have changed. If a
 * person no longer has events on that day, the row gets 0 devices, and the next clean-up deletes it.
 */
export const ROLL_UP_PEOPLE = `
  WITH ${STRETCHES}
  INSERT INTO person_days (pixel, day, person, devices)
  SELECT :pixel, :day, person, max(devices)
  FROM (
    SELECT person, devices FROM (${peopleOf('stretch')})
    UNION ALL
    SELECT person, 0 FROM person_days WHERE pixel = :pixel AND day = :day)
  WHERE ${isThere()}
  GROUP BY person
  ON CONFLICT (pixel, day, person) DO UPDATE SET devices = excluded.devices
  WHERE devices <> excluded.devices`;
