/** Finds and erases what is stored about the visitor who sends a request: by today's visitor hash, and by the person's cookie. */
import { aliasOf } from '../enrich/person.ts';
import { visitorHash } from '../enrich/visitor.ts';
import { type Env, eventStore, secretsOf } from '../env.ts';
import { localDayOf } from '../model/local-day.ts';
import type { Pixel } from '../model/pixel.ts';
import type { Client } from '../model/wire.ts';
import { existingKeys } from '../store/keys.ts';
import { erase, type Subject, storeErasures } from '../store/people.ts';
import { getPixel, newestPixels } from '../store/pixels.ts';
import { existingSalts } from '../store/salts.ts';
import { findTraces, readTrace, type Trace, type TraceData } from '../store/traces.ts';
import { countRows, MAX_SCANNED, scanLimit } from './limits.ts';

/** Pixels that one request searches, newest first. */
export const MAX_PIXELS = 20;

/** Events that the page shows of each pixel, if it searches all pixels or a single one. */
const MAX_EVENTS = { all: 100, single: 1000 };

/** A pixel that stores something about the visitor. */
export interface PixelMatch {
  readonly pixel: Pixel;
  readonly trace: Trace;
  /** The times of the visitor's events. */
  readonly times: readonly number[];
}

export interface SearchResult {
  readonly matches: readonly PixelMatch[];
  /** The visitor's codes of today under which Analytics Engine may have events that are nowhere else, and that nobody searches. */
  readonly unsearched: readonly Subject[];
  /** Whether events of the last hours were not scanned. */
  readonly isPartial: boolean;
  /** Whether there are more pixels than were searched. */
  readonly hasMorePixels: boolean;
}

/**
 * @param id the only pixel to search, or null for all.
 * @param byVisitor whether to search by today's visitor hash, too, and not only by the person's cookie.
 * @returns null if no such pixel exists.
 */
export async function search(
  env: Env,
  client: Client,
  id: string | null,
  byVisitor: boolean,
  now: number,
): Promise<SearchResult | null> {
  const { DB: db } = env;
  const pixels = id === null ? await newestPixels(db, MAX_PIXELS + 1) : await singlePixel(db, id);
  if (pixels === null) return null;
  const searched = pixels.slice(0, MAX_PIXELS);
  const all = await tracesOf(env, client, searched, now);
  const traces = byVisitor ? all : all.map((trace) => ({ ...trace, visitor: '' }));
  const { rows, rowsRead } = await findTraces(db, traces, scanLimit(now));
  countRows(rowsRead, now);
  const matches = searched.flatMap((pixel, index): PixelMatch[] => {
    const trace = traces[index] as Trace;
    const { times = [], hasAlias = false } = rows[index] ?? {};
    if (times.length === 0 && !hasAlias) return [];
    const visitor = times.length === 0 ? '' : trace.visitor;
    return [{ pixel, times, trace: { ...trace, visitor, alias: hasAlias ? trace.alias : '' } }];
  });
  const hasPoints = eventStore(env) === 'analytics_engine';
  return {
    matches,
    unsearched: hasPoints ? traces.flatMap(visitorOf) : [],
    isPartial: rows.some(({ isPartial }) => isPartial),
    hasMorePixels: pixels.length > searched.length,
  };
}

/** The visitor of a trace, without times; none if there is no salt of today, and so no visitor. */
function visitorOf({ pixel, visitor }: Trace): Subject[] {
  return visitor === '' ? [] : [{ pixel, aliases: [], visitor: { hash: visitor, times: [] } }];
}

async function singlePixel(db: D1Database, id: string): Promise<Pixel[] | null> {
  const pixel = await getPixel(db, id);
  return pixel && [pixel];
}

/** Computes the hashes with which events are stored. It uses existing salts and keys only, and never creates one. */
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

/** Reads the data of a match. */
export function readMatch(
  db: D1Database,
  { trace, times }: PixelMatch,
  isSinglePixel: boolean,
): Promise<TraceData> {
  return readTrace(db, trace, times, isSinglePixel ? MAX_EVENTS.single : MAX_EVENTS.all);
}

/**
 * Erases what a search has found. Events in Analytics Engine cannot be deleted; those from before an erasure are left out whenever
 * they are read.
 *
 * @returns the number of erased events.
 */
export async function eraseFound(
  db: D1Database,
  { matches, unsearched }: Pick<SearchResult, 'matches' | 'unsearched'>,
  now: number,
): Promise<number> {
  if (matches.length === 0 && unsearched.length === 0) return 0;
  await storeErasures(db, [...unsearched, ...matches.map(subjectOf)], now);
  // From here on, nothing more is stored about the visitor. This search finds events that came after the first one.
  const traces = matches.map(({ trace }) => trace);
  const { rows, rowsRead } = await findTraces(db, traces, MAX_SCANNED);
  countRows(rowsRead, now);
  const subjects = matches.map((match, index) => subjectOf({ ...match, times: rows[index]?.times ?? [] }));
  return (await erase(db, subjects, now)).events;
}

function subjectOf({ trace: { pixel, visitor, alias }, times }: PixelMatch): Subject {
  return {
    pixel,
    aliases: alias === '' ? [] : [alias],
    visitor: visitor === '' ? null : { hash: visitor, times },
  };
}
