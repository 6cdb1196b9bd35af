/** Changes and deletes destinations. Each transaction also changes what waits for the destination. */
import { ownAnswer } from '../model/delivery.ts';
import type { Destination } from '../model/destination.ts';
import { IN_INDEX } from './due-index.ts';
import { forgetPixel } from './pixels.ts';

/** What changes of a destination. A part that is undefined stays. */
export type DestinationPatch = {
  readonly [Field in 'name' | 'account' | 'settings' | 'rules' | 'mode' | 'test_code']?:
    | Destination[Field]
    | undefined;
} & { readonly state?: 'on' | 'off' | undefined; readonly sealedSecret?: string | undefined };

const switchedOff = (message: string): string =>
  JSON.stringify({ ...ownAnswer(message), code: 'switched_off' });

/** What the ledger says of conversions that waited when their destination was switched off, and of those that were being sent at that moment. */
const SWITCHED_OFF = switchedOff('The destination was switched off before this was sent.');
const IN_FLIGHT = switchedOff('The destination was switched off while this was being sent.');

/**
 * Changes a destination if it is still as it was read. With another account, secret or setting, or switched on, it is not stopped any more, and what waits
 * is due. Switched off, nothing waits any more.
 *
 * @param current the destination as it was read.
 * @returns `stale`: it has changed since, or was deleted; `duplicate`: the pixel has another one of the same network and account. Nothing was changed then.
 */
export async function updateDestination(
  db: D1Database,
  current: Destination,
  patch: DestinationPatch,
  now: number,
): Promise<'changed' | 'stale' | 'duplicate'> {
  const { id, pixel } = current;
  const { name, account, settings, rules, mode, test_code, state, sealedSecret } = patch;
  // Each change has a later time than the one before, so that it identifies what was read.
  const at = Math.max(now, current.updated_at + 1);
  const resumes = [account, settings, sealedSecret].some((part) => part !== undefined) || state === 'on';
  const json = (value: unknown): string | null => (value === undefined ? null : JSON.stringify(value));
  const isChanged = 'EXISTS (SELECT 1 FROM destinations WHERE id = ?1 AND updated_at = ?2)';
  const [updated] = await db.batch([
    db
      .prepare(
        `UPDATE destinations SET updated_at = ?4, name = coalesce(?5, name), account = coalesce(?6, account),
           settings = coalesce(?7, settings), rules = coalesce(?8, rules), mode = coalesce(?9, mode),
           test_code = coalesce(?10, test_code), secret = coalesce(?11, secret), secret_at = iif(?11 IS NULL, secret_at, ?4),
           state = CASE WHEN ?12 IS NOT NULL THEN ?12 WHEN ?13 AND state = 'stopped' THEN 'on' ELSE state END,
           problem = iif(?13 OR ?12 IS NOT NULL, NULL, problem),
           failures = iif(?13, 0, failures), retry_at = iif(?13, 0, retry_at)
         WHERE pixel = ?1 AND id = ?2 AND updated_at = ?3
           AND NOT EXISTS (SELECT 1 FROM destinations other WHERE other.pixel = ?1 AND other.network = destinations.network
             AND other.account = ?6 AND other.id <> ?2)`,
      )
      .bind(
        ...[pixel, id, current.updated_at, at, name ?? null, account ?? null, json(settings), json(rules)],
        ...[mode ?? null, test_code ?? null, sealedSecret ?? null, state ?? null, Number(resumes)],
      ),
    ...(resumes
      ? [
          db
            .prepare(
              `UPDATE deliveries INDEXED BY deliveries_due SET due_at = ?2
               WHERE destination = ?1 AND ${IN_INDEX} AND state = 'waiting' AND due_at > ?2 AND sent_at IS NULL AND ${isChanged}`,
            )
            .bind(id, at),
        ]
      : []),
    ...(state === 'off'
      ? [
          db
            .prepare(
              `UPDATE deliveries INDEXED BY deliveries_due SET state = iif(sent_at IS NULL, 'refused', 'unknown'), payload = NULL,
                 answer = iif(sent_at IS NULL, ?3, ?4)
               WHERE destination = ?1 AND ${IN_INDEX} AND state = 'waiting' AND ${isChanged}`,
            )
            .bind(id, at, SWITCHED_OFF, IN_FLIGHT),
        ]
      : []),
  ]);
  forgetPixel(pixel);
  if ((updated?.meta.changes ?? 0) > 0) return 'changed';
  if (account === undefined) return 'stale';
  const other = await db
    .prepare('SELECT 1 FROM destinations WHERE pixel = ? AND network = ? AND account = ? AND id <> ?')
    .bind(pixel, current.network, account, id)
    .first();
  return other === null ? 'stale' : 'duplicate';
}

/** Deliveries that one statement deletes, and how many such statements a request runs at most. The cron deletes the others. */
const PIECE = 5000;
const MAX_PIECES = 20;

/**
 * Deletes a destination, and with it what waits and the record of what was sent. With the last one of a pixel, the clicks that are kept go, too.
 *
 * @returns whether it existed.
 */
export async function deleteDestination(db: D1Database, pixel: string, id: string): Promise<boolean> {
  const [deleted] = await db.batch([
    db.prepare('DELETE FROM destinations WHERE pixel = ?1 AND id = ?2').bind(pixel, id),
    db
      .prepare(
        `DELETE FROM deliveries INDEXED BY deliveries_due WHERE destination = ?1 AND ${IN_INDEX}
         AND NOT EXISTS (SELECT 1 FROM destinations WHERE id = ?1)`,
      )
      .bind(id),
    db
      .prepare(
        `DELETE FROM clicks WHERE pixel = ?1 AND NOT EXISTS (SELECT 1 FROM destinations WHERE pixel = ?1) LIMIT ${PIECE}`,
      )
      .bind(pixel),
  ]);
  forgetPixel(pixel);
  if ((deleted?.meta.changes ?? 0) === 0) return false;
  for (let piece = 0; piece < MAX_PIECES; piece++) {
    const { meta } = await db
      .prepare(`DELETE FROM deliveries WHERE destination = ? LIMIT ${PIECE}`)
      .bind(id)
      .run();
    if (meta.changes < PIECE) break;
  }
  return true;
}
