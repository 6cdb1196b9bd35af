/** Changes pixels: each change is held to what it was decided by. */
import type { Pixel, PixelSettings } from '../model/pixel.ts';
import { forgetPixel, type PixelRow, pixelOf } from './pixels.ts';

export interface PixelForChange {
  readonly pixel: Pixel;
  /** What `updatePixel` takes, to change the pixel only as it was read. */
  readonly read: string;
}

/** A pixel as D1 has it now, for a change of it. */
export async function readForChange(db: D1Database, id: string): Promise<PixelForChange | null> {
  const row = await db.prepare('SELECT * FROM pixels WHERE id = ?').bind(id).first<PixelRow>();
  return row && { pixel: pixelOf(row), read: JSON.stringify([row.settings, row.timezone]) };
}

/** What is to be changed of a pixel: of its settings only those that are named. */
export type PixelPatch = Partial<Pick<Pixel, 'name' | 'url' | 'timezone'>> & {
  readonly settings?: Partial<PixelSettings>;
};

/** What a change was decided by. The change is made only if that still holds when it is written. */
export interface Basis {
  /** The settings and the time zone, as `readForChange` tells them. Without it they may have changed. */
  readonly read?: string | undefined;
  /** A further condition, in SQL: `?1` is the pixel's id, `?7` is `value`. */
  readonly only?: { readonly sql: string; readonly value: string };
}

/** Thrown when something that a change was decided by has changed. Nothing was written; read again and decide anew. */
export class Conflict extends Error {}

/** What SQLite says of the one column that `updatePixel` leaves empty, to end the transaction, if its basis does not hold. */
const BASIS_IS_GONE = 'NOT NULL constraint failed: pixels.settings';

/**
 * Changes of a pixel what is named, and that in the database: two changes at once do not undo each other.
 * @param also what is to happen in the same transaction.
 * @throws Conflict when `basis` does not hold any more.
 */
export async function updatePixel(
  db: D1Database,
  id: string,
  { name, url, timezone, settings = {} }: PixelPatch,
  also: readonly D1PreparedStatement[] = [],
  { read, only }: Basis = {},
): Promise<void> {
  const update = db
    .prepare(
      // A setting is a list, a number or a text, so a patch replaces it as a whole. `?7` is named in any case.
      `UPDATE pixels SET name = coalesce(?2, name), url = coalesce(?3, url), timezone = coalesce(?4, timezone),
         settings = iif(
           (?6 IS NULL OR settings = ?6 ->> 0 AND timezone = ?6 ->> 1) AND ${only?.sql ?? '?7 IS NULL'},
           json_patch(settings, ?5), NULL)
       WHERE id = ?1`,
    )
    .bind(
      id,
      name ?? null,
      url ?? null,
      timezone ?? null,
      JSON.stringify(settings),
      read ?? null,
      only?.value ?? null,
    );
  try {
    await db.batch([update, ...also]);
  } catch (error) {
    if (String(error).includes(BASIS_IS_GONE)) throw new Conflict(`the pixel ${id} has changed meanwhile`);
    throw error;
  } finally {
    forgetPixel(id);
  }
}
