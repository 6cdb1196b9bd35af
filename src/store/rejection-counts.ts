/**
 * Counts the rejections of a batch. A batch is counted once, even if it arrives again, complete or in parts: D1 may have
 * committed a batch without an answer, which then goes into the queue in parts, with the ids `id.0`, `id.1`.
 */
import type { Batch, CountedRejection } from '../model/batch.ts';
import { RAW } from '../model/day-state.ts';
import { OTHER } from '../model/dimensions.ts';
import { LIMITS } from '../model/limits.ts';
import { FIELD, ROWS } from './batch-rows.ts';
import { hasPixel, hasPixelIn } from './pixels.ts';

/** The latest samples stored per row. */
const SAMPLES = 5;
/** The characters of batch ids stored per row: enough to recognize a batch among the last thirty. */
const BATCH_IDS = 400;

/**
 * Adds to a row unless it has counted the batch.
 *
 * @param part the parameter of the id to count under.
 * @param complete the parameter of the id of the complete batch, or of the common prefix of its parts. Both begin with a space.
 */
const addUnlessCounted = (part: string, complete: string): string => `
  ON CONFLICT (pixel, day, reason, family) DO UPDATE SET
    count = count + excluded.count,
    samples = (
      SELECT json_group_array(json(value)) FROM (
        SELECT value FROM json_each(excluded.samples) UNION ALL SELECT value FROM json_each(rejections.samples)
        LIMIT ${SAMPLES})),
    last_at = max(last_at, excluded.last_at),
    batches = substr(excluded.batches || ' ' || batches, 1, ${BATCH_IDS})
  WHERE instr(' ' || rejections.batches || ' ', ${part}) = 0 AND instr(' ' || rejections.batches || ' ', ${complete}) = 0`;

const COUNT_REJECTIONS = `
  INSERT INTO rejections (pixel, day, reason, family, count, samples, last_at, batches)
  SELECT pixel, day, reason, iif(is_stored OR place + (
      SELECT count(*) FROM rejections r WHERE (r.pixel, r.day, r.reason) = (n.pixel, n.day, n.reason)
    ) <= ${LIMITS.families}, family, '${OTHER}') AS named, sum(count), max(samples), max(last_at), ?2
  FROM (
    SELECT *, row_number() OVER (PARTITION BY pixel, day, reason, is_stored ORDER BY count DESC, family) AS place
    FROM (
      SELECT *, family = '' OR EXISTS (
        SELECT 1 FROM rejections r WHERE (r.pixel, r.day, r.reason, r.family) = (j.pixel, j.day, j.reason, j.family)) AS is_stored
      FROM (
        SELECT value ->> 0 AS pixel, value ->> 1 AS day, value ->> 2 AS reason, value ->> 3 AS family,
          value ->> 4 AS count, value ->> 5 AS samples, value ->> 6 AS last_at
        FROM json_each(?1)) j
      WHERE j.pixel = '' OR ${hasPixel('j.pixel')})) n
  GROUP BY pixel, day, reason, named
  HAVING true ${addUnlessCounted('?3', '?4')}`;

/** Events of a closed day are counted under that day. One of them is the sample. */
const COUNT_CLOSED = `
  INSERT INTO rejections (pixel, day, reason, family, count, samples, last_at, batches)
  SELECT ${FIELD.pixel}, ${FIELD.day}, 'day_closed', '', count(*),
    json_array(json_object('name', min(${FIELD.name}))), ?3, ?2
  FROM ${ROWS}
  JOIN days d ON d.pixel = ${FIELD.pixel} AND d.day = ${FIELD.day} AND d.raw > ${RAW.stored}
  WHERE ${hasPixelIn(FIELD.pixel, FIELD.zone)}
  GROUP BY ${FIELD.pixel}, ${FIELD.day}
  HAVING true ${addUnlessCounted('?4', '?5')}`;

/**
 * The id of the batch that a batch is a part of, or its own. A part that was placed in another time zone, `id.0z`, is a part of
 * the complete batch placed there, `idz`.
 */
const completeIdOf = ({ id }: Batch): string => id.replace(/\.\d+z$/, 'z').split('.')[0] ?? '';

/** The statement that counts a batch's rejections; none if it has none, or is of an import, which counts them itself. */
export function countRejections(db: D1Database, batch: Batch): D1PreparedStatement[] {
  if (batch.rejections.length === 0 || batch.importId !== undefined) return [];
  const rows = JSON.stringify(rowsOf(batch.rejections));
  const complete = ` ${completeIdOf(batch)} `;
  return [db.prepare(COUNT_REJECTIONS).bind(rows, batch.id, ` ${batch.id} `, complete)];
}

/**
 * The statement that counts those events of a chunk that fall on closed days.
 *
 * @param index the chunk's place in its batch. Two chunks may have events of one day, so each is counted under an id of its own.
 */
export function countClosed(
  db: D1Database,
  batch: Batch,
  json: string,
  index: number,
  now: number,
): D1PreparedStatement {
  const id = `${batch.id}/${index}`;
  const complete = completeIdOf(batch);
  const completeOrParts = complete === batch.id ? ` ${id} ` : ` ${complete}/`;
  return db.prepare(COUNT_CLOSED).bind(json, id, now, ` ${id} `, completeOrParts);
}

/** One row per pixel, day, reason and family, with the latest samples. */
function rowsOf(rejections: readonly CountedRejection[]): unknown[][] {
  const rows = new Map<string, { first: CountedRejection; count: number; samples: unknown[] }>();
  for (const rejection of rejections) {
    const key = JSON.stringify([rejection.pixel, rejection.day, rejection.reason, rejection.family]);
    const row = rows.get(key) ?? { first: rejection, count: 0, samples: [] };
    rows.set(key, row);
    row.count++;
    if (rejection.sample) row.samples = [rejection.sample, ...row.samples].slice(0, SAMPLES);
  }
  return [...rows.values()].map(({ first: { pixel, day, reason, family, at }, count, samples }) => [
    pixel,
    day,
    reason,
    family,
    count,
    JSON.stringify(samples),
    at,
  ]);
}
