/** `GET /api/v1/pixels/:id/live`: how many visitors and events there are now, minute by minute, and the latest events. */
import * as v from 'valibot';
import { parseQuery } from '../query/language.ts';
import { LIVE_MINUTES, readLive } from '../query/live.ts';
import type { PixelCall } from './call.ts';
import { requireEventAccess } from './grant.ts';
import { openDaysOf } from './open-days.ts';
import { badParameters, FILTERS, integer, parseFilters } from './parameters.ts';
import { allowanceOf, withQueryLimits } from './query-limiter.ts';
import { jsonResponse } from './query-response.ts';
import { uncachedJson } from './uncached.ts';

const MAX_EVENTS = 100;

export const LiveQuery = v.strictObject({
  filters: FILTERS,
  since: v.pipe(
    v.optional(
      v.pipe(
        v.string(),
        v.check(
          (text) => !Number.isNaN(Date.parse(text)),
          'Send a time in ISO 8601, such as 2026-11-24T10:00:00Z.',
        ),
      ),
    ),
    v.description('Only `events` after this time, in ISO 8601. Default: 30 minutes ago.'),
  ),
  limit: v.pipe(
    v.optional(integer(0, MAX_EVENTS)),
    v.description(`The most \`events\`. Default: ${MAX_EVENTS}. 0 for the counts alone.`),
  ),
});

export async function readLiveView({
  request,
  env,
  grant,
  pixel,
  query,
}: PixelCall<v.InferOutput<typeof LiveQuery>>): Promise<Response> {
  requireEventAccess(grant, pixel);
  const parsed = parseQuery({
    site_id: pixel.id,
    metrics: ['visitors'],
    date_range: 'day',
    filters: parseFilters(query.filters),
  });
  if (!parsed.ok) throw badParameters(parsed.error);
  const now = Date.now();
  const since = Math.max(
    query.since === undefined ? 0 : Date.parse(query.since),
    now - LIVE_MINUTES * 60_000,
  );
  // A shared link shows statistics, not single events.
  const limit = grant.shared ? 0 : (query.limit ?? MAX_EVENTS);
  const openDays = await openDaysOf(env);
  const result = await withQueryLimits(grant, (spend) =>
    readLive(env.DB, parsed.value, pixel, now, { since, limit }, { ...allowanceOf(grant), spend }, openDays),
  );
  if (!result.ok) throw badParameters('errors' in result.error ? result.error.errors : []);
  const { visitors, minutes, events } = result.value;
  const live = {
    now: isoTime(now),
    visitors,
    minutes: minutes.map((one) => ({ ...one, minute: isoTime(one.minute) })),
    ...(limit === 0
      ? {}
      : {
          since: isoTime(since),
          until: isoTime(now),
          events: events.map(({ ts, value, props, ...event }) => ({
            ...event,
            ts: isoTime(Number(ts)),
            value: value === null ? null : Number(value) / 1e6,
            props: props === '' ? {} : JSON.parse(String(props)),
          })),
        }),
  };
  // All readers of a public page share a response for a minute: see public-cache.ts.
  return grant.publicId === undefined ? uncachedJson(live) : jsonResponse(request, JSON.stringify(live));
}

const isoTime = (ts: number): string => new Date(ts).toISOString();
