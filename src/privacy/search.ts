/** Finds and erases what is stored about the visitor who sends a request: by today's visitor hash, and by the person's cookie. */
import { aliasOf } from '../enrich/person.ts';
import { visitorHash } from '../enrich/visitor.ts';
import { type Env, eventStore, secretsOf } from '../env.ts';
import { EVENT_COLUMNS, type Event } from '../model/event.ts';
import { localDayOf } from '../model/local-day.ts';
import type { Pixel } from '../model/pixel.ts';
import type { Client } from '../model/wire.ts';
import { existingKeys } from '../store/keys.ts';
import { erase, type Subject, storeErasures } from '../store/people.ts';
import { getPixel, newestPixels } from '../store/pixels.ts';
import { existingSalts } from '../store/salts.ts';
import { findTraces, readTrace, type Trace, type TraceData } from '../store/traces.ts';
import { withdraw } from '../store/withdrawals.ts';
import { countRows, MAX_SCANNED, scanLimit } from './limits.ts';
import type { VisitorPoints } from './points.ts';

/** Pixels that one request searches, newest first. */
export const MAX_PIXELS = 20;

/** Events that the page shows of each pixel, if it searches all pixels or a single one. */
const MAX_EVENTS = { all: 100, single: 1000 };

/** A pixel that stores something about the visitor. */
export interface PixelMatch {
  readonly pixel: Pixel;
  readonly trace: Trace;
  /** The times of the visitor's events in D1. */
  readonly times: readonly number[];
  /** The visitor's events that only Analytics Engine has, the latest first. */
  readonly points: readonly Event[];
}

export interface SearchResult {
  readonly matches: readonly PixelMatch[];
  /** The visitor's codes of today under which Analytics Engine may have further events, such as those of the last minutes. */
  readonly unseen: readonly Subject[];
  /** Whether Analytics Engine has been searched, if events are there. */
  readonly arePointsRead: boolean;
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
  const hasPoints = eventStore(env) === 'analytics_engine';
  const [{ rows, rowsRead }, points] = await Promise.all([
    findTraces(db, traces, scanLimit(now)),
    hasPoints ? searchPoints(env, traces) : { events: [], areRead: true },
  ]);
  countRows(rowsRead, now);
  const matches = searched.flatMap((pixel, index): PixelMatch[] => {
    const trace = traces[index] as Trace;
    const { times = [], hasAlias = false, hasDelivery = false } = rows[index] ?? {};
    const ofEngine = points.events[index] ?? [];
    const isVisitor = times.length > 0 || ofEngine.length > 0 || hasDelivery;
    if (!isVisitor && !hasAlias) return [];
    const visitor = isVisitor ? trace.visitor : '';
    return [
      { pixel, times, points: ofEngine, trace: { ...trace, visitor, alias: hasAlias ? trace.alias : '' } },
    ];
  });
  return {
    matches,
    unseen: hasPoints ? traces.flatMap(visitorOf) : [],
    arePointsRead: points.areRead,
    isPartial: rows.some(({ isPartial }) => isPartial),
    hasMorePixels: pixels.length > searched.length,
  };
}

/** Most Workers have no events there, so the code is loaded when it is needed. */
async function searchPoints(env: Env, traces: readonly Trace[]): Promise<VisitorPoints> {
  const { findPoints } = await import('./points.ts');
  return findPoints(env, traces);
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

const TS = EVENT_COLUMNS.indexOf('ts');

/** Reads the data of a match. */
export async function readMatch(
  db: D1Database,
  { trace, times, points }: PixelMatch,
  isSinglePixel: boolean,
): Promise<TraceData> {
  const most = isSinglePixel ? MAX_EVENTS.single : MAX_EVENTS.all;
  const data = await readTrace(db, trace, times, most);
  if (points.length === 0) return data;
  const ofEngine = points.slice(0, most).map((event) => EVENT_COLUMNS.map((column) => event[column]));
  const events = [...data.events, ...ofEngine].toSorted((a, b) => Number(b[TS]) - Number(a[TS]));
  return { ...data, events: events.slice(0, most), total: data.total + points.length };
}

/**
 * Erases what a search has found. Events in Analytics Engine cannot be deleted; those from before an erasure are left out whenever
 * they are read.
 *
 * @returns the number of erased events.
 */
export async function eraseFound(
  db: D1Database,
  { matches, unseen }: Pick<SearchResult, 'matches' | 'unseen'>,
  now: number,
): Promise<number> {
  if (matches.length === 0 && unseen.length === 0) return 0;
  await endConsents(db, matches, now);
  await storeErasures(db, [...unseen, ...matches.map(subjectOf)], now);
  // From here on, nothing more is stored about the visitor. This search finds events that came after the first one.
  const traces = matches.map(({ trace }) => trace);
  const { rows, rowsRead } = await findTraces(db, traces, MAX_SCANNED);
  countRows(rowsRead, now);
  const subjects = matches.map((match, index) => subjectOf({ ...match, times: rows[index]?.times ?? [] }));
  const { events } = await erase(db, subjects, now);
  return matches.reduce((sum, { points }) => sum + points.length, events);
}

/** What waits of the person to be sent to networks is not sent, even if it belongs to an account on the site, whose events stay. */
async function endConsents(db: D1Database, matches: SearchResult['matches'], now: number): Promise<void> {
  const people = matches.flatMap(({ trace: { pixel, alias } }) =>
    alias === '' ? [] : [{ pixel, people: [alias], visitor: '', at: now }],
  );
  const { before, after } = withdraw(db, people);
  if (before.length + after.length > 0) await db.batch([...before, ...after]);
}

function subjectOf({ trace: { pixel, visitor, alias }, times }: PixelMatch): Subject {
  return {
    pixel,
    aliases: alias === '' ? [] : [alias],
    visitor: visitor === '' ? null : { hash: visitor, times },
  };
}
