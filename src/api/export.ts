/**
 * `GET /api/v1/pixels/:id/events` and `/rollups`: all that is stored of a pixel, for its owner to take away. An answer
 * has up to so many rows and is streamed in constant memory: a page is read from D1 when the client has taken the one
 * before. Whether more follow is known beforehand, so it stands in the header `Link` and the body holds rows only.
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
import { type Key, type KeyRange, planPages, type Row, readPages } from '../store/export.ts';
import type { PixelCall } from './call.ts';
import { FORMAT_NAMES, FORMATS, type Format, type FormatName } from './export-format.ts';
import { type Grant, requireEventAccess } from './grant.ts';
import { badParameter, Day, requireInBounds, whole } from './parameters.ts';
import { withQueryLimits } from './query-limiter.ts';
import type { Handler } from './route.ts';

/** Rows of one answer, unless the request asks for fewer. */
const MAX_ROWS = 50_000;

export const ExportQuery = v.strictObject({
  from: v.pipe(v.optional(Day), v.description('The first local day. Default: the first there is.')),
  to: v.pipe(v.optional(Day), v.description('The last local day. Default: the last there is.')),
  format: v.pipe(
    v.optional(v.picklist(FORMAT_NAMES, `There are ${FORMAT_NAMES.join(' and ')}.`)),
    v.description('Default: csv when the header Accept asks for text/csv, else ndjson.'),
  ),
  limit: v.pipe(v.optional(whole(1, MAX_ROWS)), v.description(`The most rows. Default: ${MAX_ROWS}.`)),
  cursor: v.pipe(v.optional(v.string()), v.description('Part of the address in the header Link.')),
});
type Query = v.InferOutput<typeof ExportQuery>;

export const exportEvents = exporter(eventsFor, eventSpan);
export const exportRollups = exporter(() => EXPORTED_ROLLUPS, rollupSpan);

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
    requireInBounds(query, pixel.timezone);
    if (query.from !== undefined && query.to !== undefined && query.from > query.to) {
      throw badParameter('from', 'The first day comes after the last.');
    }
    const span = withCursor(spanOf(query, pixel.timezone), query.cursor);
    const name = query.format ?? exportFormatOf(request.headers.get('accept') ?? '');
    const format = FORMATS[name];

    const limit = query.limit ?? MAX_ROWS;
    const plan = await withQueryLimits(grant, () => planPages(env.DB, table, pixel.id, span, limit));
    const pages = readPages(env.DB, table, pixel.id, plan);
    return new Response(streamOf(bytesOf(format, table, pages)), {
      headers: {
        'content-type': format.contentType,
        'content-disposition': `attachment; filename="${fileName(pixel, table, query)}.${name}"`,
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        ...(plan.more ? { link: nextLink(request.url, name, plan.ends.at(-1) as Key) } : {}),
      },
    });
  };
}

function exportFormatOf(accept: string): FormatName {
  return /\btext\/csv\b/i.test(accept) ? 'csv' : 'ndjson';
}

/** An id is never empty, so `''` comes before all of one moment. */
function eventSpan({ from, to }: Query, timezone: string): KeyRange {
  const start = from === undefined ? 0 : dayStart(timezone, from);
  const end = to === undefined ? Number.MAX_SAFE_INTEGER : dayStart(timezone, addDays(to, 1));
  return { after: [start, ''], before: [end, ''] };
}

/** A day with a tilde comes after the day and before the next one. */
function rollupSpan({ from, to }: Query): KeyRange {
  const rest = EXPORTED_ROLLUPS.key.slice(1).map(() => '');
  return { after: [from ?? '', ...rest], before: [`${to ?? ''}~`, ...rest] };
}

/** A span without what an earlier answer had: the cursor is the key of its last row, as JSON. */
function withCursor(span: KeyRange, text: string | undefined): KeyRange {
  if (text === undefined) return span;
  const cursor = parseCursor(text, span.after);
  if (!cursor) throw badParameter('cursor', 'This is no cursor. Take the whole address of the header Link.');
  const [first = ''] = cursor;
  const [bound = ''] = span.after;
  return first < bound ? span : { ...span, after: cursor };
}

/** @returns null for what is no key of the form of another one. */
function parseCursor(text: string, like: Key): Key | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  const fits =
    Array.isArray(value) &&
    value.length === like.length &&
    value.every((part, place) => typeof part === typeof like[place]);
  return fits ? (value as Key) : null;
}

function nextLink(url: string, format: FormatName, last: Key): string {
  const next = new URL(url);
  // What the header Accept has chosen goes along, so that a file does not change its form half way.
  next.searchParams.set('format', format);
  next.searchParams.set('cursor', JSON.stringify(last));
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
  format: Format,
  table: ExportedTable,
  pages: AsyncIterable<readonly Row[]>,
): AsyncGenerator<Uint8Array, void> {
  const head = format.head(table);
  if (head !== '') yield encoder.encode(head);
  const write = format.writer(table);
  for await (const rows of pages) yield encoder.encode(rows.map(write).join(''));
}

/** A stream that asks for a part only when its reader has taken all before: the default would read one ahead. */
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
