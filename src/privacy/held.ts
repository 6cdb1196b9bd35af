/** What this Worker's pixels hold about who asks: found by today's visitor hash, and by the person's cookie. */
import { localDayOf } from '../enrich/enrich.ts';
import { aliasOf } from '../enrich/person.ts';
import { visitorHash } from '../enrich/visitor.ts';
import { type Env, secretsOf } from '../env.ts';
import type { Pixel } from '../model/pixel.ts';
import type { Client } from '../model/wire.ts';
import { knownKeys } from '../store/keys.ts';
import { erase } from '../store/people.ts';
import { getPixel, newestPixels } from '../store/pixels.ts';
import { knownSalts } from '../store/salts.ts';
import { findTraces, type Kept, readTrace, type Trace } from '../store/traces.ts';

/** Pixels that are looked through at once, the newest first. */
export const MOST_PIXELS = 20;

/** Events of today that one request looks through, shared by the pixels it looks at. */
const MOST_EVENTS = 200_000;

/** Events that are shown of each pixel, and of one that is asked for alone. */
const SHOWN = { each: 100, alone: 1000 };

export interface Place {
  readonly pixel: Pixel;
  readonly trace: Trace;
}

export interface Search {
  /** Where something is held. Nothing is known of the others. */
  readonly places: readonly Place[];
  /** How many of each pixel's latest events of today were looked through, when one has more; else null. */
  readonly cutAt: number | null;
  /** Whether there are more pixels than were looked at. */
  readonly morePixels: boolean;
}

/**
 * @param id the one pixel to look at, null for all.
 * @returns null when there is no such pixel.
 */
export async function search(
  env: Env,
  client: Client,
  id: string | null,
  now: number,
): Promise<Search | null> {
  const { DB: db } = env;
  const pixels = id === null ? await newestPixels(db, MOST_PIXELS + 1) : await onePixel(db, id);
  if (pixels === null) return null;
  const looked = pixels.slice(0, MOST_PIXELS);
  const traces = await tracesOf(env, client, looked, now);
  const most = Math.floor(MOST_EVENTS / Math.max(looked.length, 1));
  const found = await findTraces(db, traces, most);
  const places = looked.flatMap((pixel, index): Place[] => {
    const trace = traces[index] as Trace;
    const { since = null, known = false } = found[index] ?? {};
    if (since === null && !known) return [];
    const day = since === null ? { visitor: '' } : { start: since };
    return [{ pixel, trace: { ...trace, ...day, alias: known ? trace.alias : '' } }];
  });
  return {
    places,
    cutAt: found.some(({ partly }) => partly) ? most : null,
    morePixels: pixels.length > looked.length,
  };
}

async function onePixel(db: D1Database, id: string): Promise<Pixel[] | null> {
  const pixel = await getPixel(db, id);
  return pixel && [pixel];
}

/** As events are hashed when they are stored; but a salt or a key that is not there is not made. */
async function tracesOf(
  env: Env,
  { ip, userAgent, cookie }: Client,
  pixels: readonly Pixel[],
  now: number,
): Promise<Trace[]> {
  const secrets = secretsOf(env);
  const days = pixels.map(({ timezone }) => localDayOf(timezone, now));
  const [salts, keys] = await Promise.all([
    knownSalts(
      env.DB,
      secrets,
      days.map(({ day }) => day),
    ),
    cookie === ''
      ? new Map<string, string>()
      : knownKeys(
          env.DB,
          secrets,
          pixels.map(({ id }) => id),
        ),
  ]);
  return Promise.all(
    days.map(async ({ day, start, end }, index) => {
      const pixel = pixels[index]?.id ?? '';
      const [salt, key] = [salts.get(day), keys.get(pixel)];
      return {
        pixel,
        visitor: salt ? await visitorHash(salt, pixel, ip, userAgent) : '',
        start,
        end,
        alias: key ? await aliasOf(key, { kind: 'cookie', value: cookie }) : '',
      };
    }),
  );
}

/** Reads what is held at a place. */
export function read(db: D1Database, { trace }: Place, alone: boolean): Promise<Kept> {
  return readTrace(db, trace, alone ? SHOWN.alone : SHOWN.each);
}

/** Erases what is held at some places. @returns how many events that were. */
export async function eraseAll(db: D1Database, places: readonly Place[], now: number): Promise<number> {
  if (places.length === 0) return 0;
  const subjects = places.map(({ trace: { pixel, visitor, start, end, alias } }) => ({
    pixel,
    aliases: alias === '' ? [] : [alias],
    visitor: visitor === '' ? null : { hash: visitor, start, end },
  }));
  return (await erase(db, subjects, now)).events;
}
