/** The SQL of the people of a day. */
import { ENGAGEMENT } from '../model/event.ts';
import { deviceBit } from './devices.ts';

/**
 * SQL for the people of pixel `:pixel` on the days of stretches, with the device types that they used. A person is the alias that
 * the events carry.
 *
 * @param source the name of the CTE of stretches.
 */
export const peopleOf = (source: string): string => `
  SELECT s.bucket, s.day, e.person, sum(DISTINCT ${deviceBit('e.device')}) AS devices
  FROM ${source} s
  CROSS JOIN events e ON e.pixel = :pixel AND e.ts >= s.starts_at AND e.ts < s.ends_at
    AND e.person <> '' AND e.name <> '${ENGAGEMENT}'
  GROUP BY s.bucket, s.day, e.person`;
