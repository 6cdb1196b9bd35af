/** What this Worker's pixels hold about who asks: found by today's visitor hash, and by the person's cookie. */

import { aliasOf } from '../enrich/person.ts';
import { visitorHash } from '../enrich/visitor.ts';
import { type Env, secretsOf } from '../env.ts';
import { localDayOf } from '../model/local-day.ts';
import type { Pixel } from '../model/pixel.ts';
import type { Client } from '../model/wire.ts';
import { existingKeys } from '../store/keys.ts';
import { erase, type Subject, storeErasures } from '../store/people.ts';
import { getPixel, newestPixels } from '../store/pixels.ts';
import { existingSalts } from '../store/salts.ts';
import { findTraces, readTrace, type Trace, type TraceData } from '../store/traces.ts';
import { MOST_SCANNED, scannable, spend } from './bounds.ts';

/** Pixels that are looked through at once, the newest first. */
export const MOST_PIXELS = 20;

/** Events that are shown of each pixel, and of one that is asked for alone. */
const SHOWN = { each: 100, alone: 1000 };

export interface Place {
  readonly pixel: Pixel;
  readonly trace: Trace;
  /** When the visitor's events were. */
  readonly times: readonly number[];
}

export interface Search {
  /** Where something is held. Nothing is known of the others. */
  readonly places: readonly Place[];
  /** Whether there are events of the last hours that were not looked through. */
  readonly partly: boolean;
  /** Whether there are more pixels than were looked at. */
  readonly morePixels: boolean;
}

/**
 * @param id the one pixel to look at, null for all.
 * @param byVisitor whether to look for the visitor of today, too, not for the person of the cookie alone.
 * @returns null when there is no such pixel.
 */
export async function search(
  env: Env,
  client: Client,
  id: string | null,
  byVisitor: boolean,
  now: number,
): Promise<Search | null> {
  const { DB: db } = env;
  const pixels = id === null ? await newestPixels(db, MOST_PIXELS + 1) : await onePixel(db, id);
  if (pixels === null) return null;
  const looked = pixels.slice(0, MOST_PIXELS);
  const all = await tracesOf(env, client, looked, now);
  const traces = byVisitor ? all : all.map((trace) => ({ ...trace, visitor: '' }));
  const { rows, rowsRead } = await findTraces(db, traces, scannable(now));
  spend(rowsRead, now);
  const places = looked.flatMap((pixel, index): Place[] => {
    const trace = traces[index] as Trace;
    const { times = [], hasAlias = false } = rows[index] ?? {};
    if (times.length === 0 && !hasAlias) return [];
    const visitor = times.length === 0 ? '' : trace.visitor;
    return [{ pixel, times, trace: { ...trace, visitor, alias: hasAlias ? trace.alias : '' } }];
  });
  return {
    places,
    partly: rows.some(({ isPartial }) => isPartial),
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
    existingSalts(
      env.DB,
      secrets,
      days.map(({ day }) => day),
    ),
    cookie === ''
      ? new Map<string, string>()
      : existingKeys(
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
export function read(db: D1Database, { trace, times }: Place, alone: boolean): Promise<TraceData> {
  return readTrace(db, trace, times, alone ? SHOWN.alone : SHOWN.each);
}

/** Erases what is held at some places. @returns how many events that were. */
export async function eraseAll(db: D1Database, places: readonly Place[], now: number): Promise<number> {
  if (places.length === 0) return 0;
  await storeErasures(db, places.map(subjectOf), now);
  // From here on nothing of theirs is written; what came since they were looked for is found now.
  const traces = places.map(({ trace }) => trace);
  const { rows, rowsRead } = await findTraces(db, traces, MOST_SCANNED);
  spend(rowsRead, now);
  const subjects = places.map((place, index) => subjectOf({ ...place, times: rows[index]?.times ?? [] }));
  return (await erase(db, subjects, now)).events;
}

function subjectOf({ trace: { pixel, visitor, alias }, times }: Place): Subject {
  return {
    pixel,
    aliases: alias === '' ? [] : [alias],
    visitor: visitor === '' ? null : { hash: visitor, times },
  };
}
