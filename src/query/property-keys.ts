/** The custom properties that a protected pixel reports: those with a value that has a cell. */
import { OTHER, PROPERTY_PREFIX } from '../model/dimensions.ts';
import type { Pixel } from '../model/pixel.ts';
import { addDays } from '../model/time-zone.ts';
import { prepare } from '../sql/statement.ts';
import { firstDayOf } from '../store/days.ts';
import { MAX_KEYS, type Properties } from '../store/properties.ts';
import { cellDays, cellDaysParameter } from './cell-days.ts';
import type { DayRange } from './range.ts';
import { reportableRange } from './small-groups.ts';
import { reportableDaysCte, rounded } from './sql/cells.ts';

/** Like `readPropertyKeys`, from rollups. The list never says that it is complete: that would reveal whether a key was left out. */
export async function readReportablePropertyKeys(
  db: D1Database,
  { id, timezone, settings }: Pixel,
  requested: DayRange,
  now: number,
): Promise<Properties> {
  const first = await firstDayOf(db, id);
  const reportable = { before: now, firstDay: first };
  const range = reportableRange(requested, timezone, now);
  const from = first === null || range.from > first ? range.from : first;
  const days: { day: string }[] = [];
  for (let day = from; first !== null && day <= range.to; day = addDays(day, 1)) days.push({ day });
  const least = settings.min_group;
  const { results } = await prepare(
    db,
    `WITH ${reportableDaysCte(reportable)},
       part AS (
         SELECT r.dimension, r.value, iif(r.visitors >= ${least}, t.day, 'week ' || t.week) AS cell,
           sum(r.visitors) AS visitors, sum(r.events) AS events
         FROM reportable_day t
         CROSS JOIN rollups r ON r.pixel = :pixel AND r.day = t.day
           AND r.dimension > '${PROPERTY_PREFIX}' AND r.dimension < 'event:props;' AND r.currency = ''
           AND r.value NOT IN ('', '${OTHER}')
         GROUP BY 1, 2, 3)
       SELECT substr(dimension, ${PROPERTY_PREFIX.length + 1}) AS key, sum(${rounded('events', least)}) AS events
       FROM part
       WHERE cell IS NOT NULL AND visitors >= ${least}
       GROUP BY key ORDER BY events DESC, key LIMIT ${MAX_KEYS}`,
    { pixel: id, reportable_days: cellDaysParameter(cellDays(days, { range, reportable }, null)) },
  ).all<{ key: string; events: number }>();
  return { properties: results, complete: false };
}
