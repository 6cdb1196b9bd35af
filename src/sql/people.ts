/** The SQL of the people of a day. */
import { ENGAGEMENT } from '../model/event.ts';
import { deviceBit } from './devices.ts';

/**
 * The people of pixel `:pixel` on the days of stretches, by the alias that their events have, with the kinds of device that they
 * used.
 *
 * @param source the CTE of the stretches.
 */
export const peopleOf = (source: string): string => `
  SELECT s.bucket, s.day, e.person, sum(DISTINCT ${deviceBit('e.device')}) AS devices
  FROM ${source} s
  CROSS JOIN events e ON e.pixel = :pixel AND e.ts >= s.starts_at AND e.ts < s.ends_at
    AND e.person <> '' AND e.name <> '${ENGAGEMENT}'
  GROUP BY s.bucket, s.day, e.person`;
