/** Takes the next items of an import: enriches and stores its events, and counts what became of each item. */
import * as v from 'valibot';
import { enrichImported, type PlacedImport } from '../enrich/imported.ts';
import { enrichTotals } from '../enrich/imported-totals.ts';
import { ingestImported } from '../enrich/ingest.ts';
import type { Env } from '../env.ts';
import type { Import, ImportedEvent, LEFT_OUT } from '../model/import.ts';
import type { ImportedTotals } from '../model/imported-totals.ts';
import { pathOf } from '../model/path.ts';
import type { Pixel } from '../model/pixel.ts';
import { REJECTION_REASONS, type Rejection, rejection } from '../model/rejection.ts';
import { localDay } from '../model/time-zone.ts';
import { storeTotals } from '../store/imported-rollups.ts';
import { moveImport, storedEvents } from '../store/imports.ts';
import { CountsOf } from './import-counts.ts';
import { EventItem, type ImportItems, TotalsItem } from './import-schemas.ts';

const UNUSABLE_TOTALS =
  'These totals are of a day that is to come, or of an event that is not counted, or have no whole numbers.';

/** An item that was not stored, by its position. */
export interface RejectedItem extends Rejection {
  readonly at: number;
}

export interface Taken {
  /** The import after the items; null if it had moved or ended meanwhile. */
  readonly moved: Import | null;
  readonly rejected: readonly RejectedItem[];
}

/**
 * @param one the import, which is open and at the position `from` of the items.
 * @throws what D1 throws. Then the same items may be sent again.
 */
export async function takeItems(
  env: Env,
  pixel: Pixel,
  one: Import,
  { from, to, items: sent, left_out, unreadable, end }: ImportItems,
  now: number,
): Promise<Taken> {
  const counts = new CountsOf(one.counts);
  const rejected: RejectedItem[] = [];
  const reject = (at: number, reason: Rejection): void => {
    rejected.push({ at, ...reason });
    counts.reject(reason);
  };

  const events: PlacedImport[] = [];
  const totals: ImportedTotals[] = [];
  for (const { at, event, totals: row } of sent) {
    const parsed = row === undefined ? v.safeParse(EventItem, event) : v.safeParse(TotalsItem, row);
    if (!parsed.success) {
      const [{ path, message }] = parsed.issues;
      reject(at, rejection('invalid_event', `${pathOf(path ?? [])}: ${message}`));
      continue;
    }
    const { output } = parsed;
    const outside = outsideOf(one, pixel, output);
    if (outside !== null) counts.leaveOut(outside);
    else if ('day' in output) {
      const enriched = enrichTotals(output, now);
      if (enriched) totals.push(enriched);
      else reject(at, rejection('invalid_event', UNUSABLE_TOTALS));
    } else events.push({ place: at, event: output as ImportedEvent });
  }

  const results = await enrichImported(env, { pixel, id: one.id, source: one.source, now }, events);
  const enriched = results.flatMap((result, index) => {
    const at = events[index]?.place ?? 0;
    if (result.ok) return [{ at, ...result.value }];
    reject(at, result.error);
    return [];
  });
  const batch = {
    // The same items are always the same batch.
    id: `${one.id}-${from}`,
    events: enriched.map(({ placed }) => placed),
    rejections: [],
    importId: one.id,
  };
  const outcomes = await ingestImported(env, batch, now);
  const doubtful = enriched.filter((_, index) => outcomes[index] === 'duplicate');
  // If these items were sent before, and the answer was lost, their own events are the duplicates.
  const own =
    doubtful.length === 0
      ? new Set<string>()
      : await storedEvents(
          env.DB,
          pixel.id,
          doubtful.map(({ placed: { event } }) => [event.ts, event.id]),
        );
  enriched.forEach(({ at, placed: { event }, flaws }, index) => {
    const outcome = outcomes[index] ?? 'duplicate';
    if (outcome === 'stored' || own.has(event.id)) counts.store(event.ts, flaws);
    else if (outcome === 'duplicate') counts.duplicate();
    else reject(at, rejection(outcome, REJECTION_REASONS[outcome]));
  });
  counts.skip(left_out, unreadable);

  const items = rejected.toSorted((a, b) => a.at - b.at);
  const state = end ? 'complete' : 'open';
  if (totals.length === 0) {
    const moved: Import = { ...one, position: to, state, counts: counts.counts, updated_at: now };
    return { moved: (await move(env.DB, moved, from)) ? moved : null, rejected: items };
  }
  // Totals are added to what is stored, so the import moves in the same transaction.
  counts.storeTotals(totals.length);
  const added: Import = { ...one, position: to, counts: counts.counts, updated_at: now };
  const overlapping = await storeTotals(env.DB, one.id, pixel.id, from, totals, [
    moveImport(env.DB, added, from),
  ]);
  counts.leaveTotalsOut(overlapping);
  const moved: Import = { ...added, state, counts: counts.counts };
  return { moved: (await move(env.DB, moved, to)) ? moved : null, rejected: items };
}

async function move(db: D1Database, one: Import, from: number): Promise<boolean> {
  return (await moveImport(db, one, from).run()).meta.changes > 0;
}

/** Why an item is outside of the range that is imported; null if it is within. Totals are left out by full local days. */
function outsideOf(
  { since, until }: Import,
  { timezone }: Pixel,
  item: { readonly ts: number } | { readonly day: string },
): keyof typeof LEFT_OUT | null {
  if ('ts' in item) {
    if (since !== null && item.ts < since) return 'before_since';
    return until !== null && item.ts >= until ? 'after_until' : null;
  }
  if (since !== null && item.day < localDay(timezone, since)) return 'before_since';
  return until !== null && item.day >= localDay(timezone, until) ? 'after_until' : null;
}
