/** Which pixels raw events name: by a pixel's id, or in the way of another tool's client. */
import type { SiteKey } from '../model/site-key.ts';
import type { RawEvent } from '../model/wire.ts';
import { findPixelKeys } from '../store/pixel-keys.ts';

/** The ids that an event names; none if its name leads to no pixel. They may be ids of no pixel. */
export type NamedPixels = (raw: RawEvent) => readonly string[];

/**
 * Looks up the names in raw events, with at most one statement.
 * @throws what D1 throws.
 */
export async function findNamedPixels(
  db: D1Database,
  events: Iterable<RawEvent>,
  now: number,
): Promise<NamedPixels> {
  const keys = Array.from(events, siteKeyOf).filter((key) => key !== null);
  const pixelsOf = await findPixelKeys(db, keys, now);
  return (raw) => {
    const key = siteKeyOf(raw);
    return key === null ? [raw.id] : pixelsOf(key);
  };
}

/** What an event calls its site in another tool's way; null if it names its pixel by id, or not at all. */
export function siteKeyOf({ id, key }: RawEvent): SiteKey | null {
  return key === undefined || id === '' ? null : { tool: key, name: id };
}
