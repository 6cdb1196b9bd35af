/** The SQL that writes who was there on a local day, and on which kinds of device. */
import { peopleOf } from '../sql/people.ts';
import { STRETCHES } from '../sql/stretches.ts';
import { isThere } from './kept-rows.sql.ts';

/**
 * Writes who was there on day `:day` of pixel `:pixel`, of the segments `:stretches`, where that has changed. A row of who is there
 * no more gets no devices, and goes with the next clean-up.
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
