/** Changes pixels. A change is made only if the data that it was based on has not changed meanwhile. */
import type { Pixel, PixelSettings } from '../model/pixel.ts';
import { forgetOwners } from './owners.ts';
import { forgetPixel, type PixelRow, pixelOf } from './pixels.ts';

export interface PixelForChange {
  readonly pixel: Pixel;
  /** Makes `updatePixel` change the pixel only if its settings and its time zone are still as they were read. */
  readonly read: string;
  /** The same for its name and its URL, too. */
  readonly readAll: string;
}

/** A pixel as D1 has it now, to be changed. */
export async function readForChange(db: D1Database, id: string): Promise<PixelForChange | null> {
  const row = await db.prepare('SELECT * FROM pixels WHERE id = ?').bind(id).first<PixelRow>();
  if (!row) return null;
  const { settings, timezone, name, url } = row;
  return {
    pixel: pixelOf(row),
    read: JSON.stringify([settings, timezone]),
    readAll: JSON.stringify([settings, timezone, name, url]),
  };
}

/** The fields of a pixel to change, and of its settings those to change. */
export type PixelPatch = Partial<Pick<Pixel, 'name' | 'url' | 'timezone'>> & {
  readonly settings?: Partial<PixelSettings>;
};

/** The conditions of a change. It is made only if they hold when it is written. */
export interface Basis {
  /** `read` or `readAll` of `readForChange`. Without it the pixel may have changed. */
  readonly read?: string | undefined;
  /** A further condition in SQL. `?1` is the pixel's id, `?7` is `value`. */
  readonly only?: { readonly sql: string; readonly value: string };
}

/** Thrown if the conditions of a change do not hold any more. Nothing was written. Read the pixel again and decide again. */
export class Conflict extends Error {}

/** The error of SQLite when `updatePixel` sets a column to NULL. It does so to roll the transaction back if the conditions do not hold. */
const BASIS_HAS_CHANGED = 'NOT NULL constraint failed: pixels.settings';

/**
 * Changes some fields of a pixel in the database, so that two changes at once do not undo each other.
 *
 * @param also statements to run in the same transaction.
 * @throws Conflict if `basis` does not hold any more.
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
      // A setting is a list, a number or a text, so a patch replaces all of it. The SQL always has `?7`, so that it can be bound.
      `UPDATE pixels SET name = coalesce(?2, name), url = coalesce(?3, url), timezone = coalesce(?4, timezone),
         settings = iif(
           (?6 IS NULL OR settings = ?6 ->> 0 AND timezone = ?6 ->> 1
             AND (?6 ->> 2 IS NULL OR name = ?6 ->> 2 AND url = ?6 ->> 3)) AND ${only?.sql ?? '?7 IS NULL'},
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
    if (String(error).includes(BASIS_HAS_CHANGED))
      throw new Conflict(`the pixel ${id} has changed meanwhile`);
    throw error;
  } finally {
    forgetPixel(id);
    forgetOwners();
  }
}
