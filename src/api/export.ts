/**
 * `GET /api/v1/pixels/:id/events` and `/rollups`: exports all stored rows of a pixel. A response has a bounded number of rows
 * and is streamed in constant memory: Speck reads a page from D1 when the client has read the page before. Speck determines
 * first whether more rows follow, so that the header `Link` can name the next request and the body contains only rows.
 */
import * as v from 'valibot';
import {
  EXPORTED_EVENTS,
  EXPORTED_EVENTS_WITHOUT_CODES,
  EXPORTED_ROLLUPS,
  type ExportedTable,
} from '../model/exported.ts';
import type { Pixel } from '../model/pixel.ts';
import { addDays, dayStart } from '../model/time-zone.ts';
import { engineOf, hasEngine } from '../store/engine.ts';
import { type Key, type KeyRange, planPages, type Row, readPages } from '../store/export.ts';
import { MAX_EXPORTED_POINTS, readExportedPoints } from '../store/export-points.ts';
import type { PixelCall } from './call.ts';
import {
  EXPORT_FORMAT_NAMES,
  EXPORT_FORMATS,
  type ExportFormat,
  type ExportFormatName,
} from './export-format.ts';
import { type Grant, requireEventAccess } from './grant.ts';
import { badParameter, Day, integer, requireInBounds } from './parameters.ts';
import { withQueryLimits } from './query-limiter.ts';
import type { Handler } from './route.ts';

/** Rows of one response, unless the request asks for fewer. */
const MAX_ROWS = 50_000;

const STORES = ['d1', 'analytics_engine'] as const;

export const ExportQuery = v.strictObject({
  from: v.pipe(v.optional(Day), v.description('The first local day. Default: the first stored.')),
  to: v.pipe(v.optional(Day), v.description('The last local day. Default: the last stored.')),
  format: v.pipe(
    v.optional(v.picklist(EXPORT_FORMAT_NAMES, `Use one of ${EXPORT_FORMAT_NAMES.join(', ')}.`)),
    v.description('Default: csv when the header Accept asks for text/csv, else ndjson.'),
  ),
  limit: v.pipe(v.optional(integer(1, MAX_ROWS)), v.description(`The most rows. Default: ${MAX_ROWS}.`)),
  cursor: v.pipe(v.optional(v.string()), v.description('Part of the URL in the header Link.')),
});
/** Of events, which may be in two places. */
export const EventExportQuery = v.strictObject({
  ...ExportQuery.entries,
  store: v.pipe(
    v.optional(v.picklist(STORES, `Use one of ${STORES.join(', ')}.`)),
    v.description(
      'Where the events are read from: events are in one of them only. Default: d1. After its last row, the header Link continues with analytics_engine, where that is used.',
    ),
  ),
});
type Query = v.InferOutput<typeof EventExportQuery>;

const ofD1 = exporter(eventsFor, eventSpan);
export const exportEvents: Handler<PixelCall<Query>> = (call) =>
  call.query.store === 'analytics_engine' ? exportPoints(call) : ofD1(call);
export const exportRollups: Handler<PixelCall<v.InferOutput<typeof ExportQuery>>> = exporter(
  () => EXPORTED_ROLLUPS,
  rollupSpan,
);

/** Exports the events that only Analytics Engine has. */
async function exportPoints({ request, env, grant, pixel, query }: PixelCall<Query>): Promise<Response> {
  requireEventAccess(grant, pixel);
  const table = eventsFor(grant);
  const span = spanOfQuery(query, pixel, eventSpan);
  const engine = hasEngine(env) ? await engineOf(env) : null;
  if (engine === null) {
    throw badParameter('store', 'No events of this Speck are in Analytics Engine, or it cannot be read.');
  }
  const limit = Math.min(query.limit ?? MAX_EXPORTED_POINTS, MAX_EXPORTED_POINTS);
  const { rows, next } = await withQueryLimits(grant, () =>
    readExportedPoints(env.DB, engine.reader, table, pixel.id, span, limit),
  );
  const pages = (async function* () {
    yield rows;
  })();
  return exportResponse(request, pixel, table, query, pages, next);
}

function eventsFor({ scopes }: Grant): ExportedTable {
  return scopes.includes('pixels:write') ? EXPORTED_EVENTS : EXPORTED_EVENTS_WITHOUT_CODES;
}

function exporter(
  tableFor: (grant: Grant) => ExportedTable,
  spanOf: (query: Query, timezone: string) => KeyRange,
): Handler<PixelCall<Query>> {
  return async ({ request, env, grant, pixel, query }) => {
    requireEventAccess(grant, pixel);
    const table = tableFor(grant);
    const span = spanOfQuery(query, pixel, spanOf);
    const limit = query.limit ?? MAX_ROWS;
    const plan = await withQueryLimits(grant, () => planPages(env.DB, table, pixel.id, span, limit));
    const pages = readPages(env.DB, table, pixel.id, plan);
    const next = plan.more ? (plan.ends.at(-1) as Key) : null;
    const other = table.name === 'events' && hasEngine(env) ? 'analytics_engine' : null;
    return exportResponse(request, pixel, table, query, pages, next, other);
  };
}

/** @throws Problem if the days or the cursor are not valid. */
function spanOfQuery(
  query: Query,
  pixel: Pixel,
  spanOf: (query: Query, timezone: string) => KeyRange,
): KeyRange {
  requireInBounds(query, pixel.timezone);
  if (query.from !== undefined && query.to !== undefined && query.from > query.to) {
    throw badParameter('from', 'The first day comes after the last.');
  }
  return withCursor(spanOf(query, pixel.timezone), query.cursor);
}

/**
 * @param next the key of the last row, if more rows of the same store follow.
 * @param other the store with the rows after those of this one, if there is one.
 */
function exportResponse(
  request: Request,
  pixel: Pixel,
  table: ExportedTable,
  query: Query,
  pages: AsyncGenerator<readonly Row[], void>,
  next: Key | null,
  other: string | null = null,
): Response {
  const name = query.format ?? exportFormatOf(request.headers.get('accept') ?? '');
  const format = EXPORT_FORMATS[name];
  const isLast = next === null && other === null;
  return new Response(streamOf(bytesOf(format, table, pages)), {
    headers: {
      'content-type': format.contentType,
      'content-disposition': `attachment; filename="${fileName(pixel, table, query)}.${name}"`,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      ...(isLast ? {} : { link: nextLink(request.url, name, next, other) }),
    },
  });
}

function exportFormatOf(accept: string): ExportFormatName {
  return /\btext\/csv\b/i.test(accept) ? 'csv' : 'ndjson';
}

/** An id is never empty, so `''` sorts before all events of one millisecond. */
function eventSpan({ from, to }: Query, timezone: string): KeyRange {
  const start = from === undefined ? 0 : dayStart(timezone, from);
  const end = to === undefined ? Number.MAX_SAFE_INTEGER : dayStart(timezone, addDays(to, 1));
  return { after: [start, ''], before: [end, ''] };
}

/** A day with a tilde sorts after the day and before the next one. */
function rollupSpan({ from, to }: Query): KeyRange {
  const rest = EXPORTED_ROLLUPS.key.slice(1).map(() => '');
  return { after: [from ?? '', ...rest], before: [`${to ?? ''}~`, ...rest] };
}

/** A span without the rows of earlier responses. The cursor is the key of the last row, as JSON. */
function withCursor(span: KeyRange, text: string | undefined): KeyRange {
  if (text === undefined) return span;
  const cursor = parseCursor(text, span.after);
  if (!cursor) throw badParameter('cursor', 'This is not a cursor. Use the complete URL in the header Link.');
  const [first = ''] = cursor;
  const [bound = ''] = span.after;
  return first < bound ? span : { ...span, after: cursor };
}

/** @returns null if the text is not a key with the same types as `like`. */
function parseCursor(text: string, like: Key): Key | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  const isKey =
    Array.isArray(value) &&
    value.length === like.length &&
    value.every((part, index) => typeof part === typeof like[index]);
  return isKey ? (value as Key) : null;
}

function nextLink(url: string, format: ExportFormatName, last: Key | null, other: string | null): string {
  const next = new URL(url);
  // Includes the format that the header Accept has chosen, so that all responses of one export have the same format.
  next.searchParams.set('format', format);
  if (last !== null) next.searchParams.set('cursor', JSON.stringify(last));
  else {
    next.searchParams.delete('cursor');
    next.searchParams.set('store', other ?? '');
  }
  return `<${next.href}>; rel="next"`;
}

/** Such as `example.com-events-from-2026-11-01-to-2026-11-30`. */
function fileName(pixel: Pixel, table: ExportedTable, { from, to }: Query): string {
  const host = URL.parse(pixel.url)?.hostname ?? pixel.id;
  const parts = [host, table.name, ...(from ? ['from', from] : []), ...(to ? ['to', to] : [])];
  return parts.join('-').replaceAll(/[^\w.-]/g, '_');
}

const encoder = new TextEncoder();

async function* bytesOf(
  format: ExportFormat,
  table: ExportedTable,
  pages: AsyncIterable<readonly Row[]>,
): AsyncGenerator<Uint8Array, void> {
  const head = format.head(table);
  if (head !== '') yield encoder.encode(head);
  const write = format.writer(table);
  for await (const rows of pages) yield encoder.encode(rows.map(write).join(''));
}

/** A stream that requests a part only when its reader has read all earlier ones. By default, streams read one ahead. */
function streamOf(parts: AsyncGenerator<Uint8Array, void>): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await parts.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        await parts.return();
      },
    },
    { highWaterMark: 0 },
  );
}
