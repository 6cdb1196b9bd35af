/** `GET /api/v1/pixels/:id/rejections` and `/live`: events that were not stored, with the reasons; and recent events. */
import * as v from 'valibot';
import { REJECTION_REASONS, type RejectionReason } from '../model/rejection.ts';
import { reportableRange, toMultiple } from '../query/small-groups.ts';
import { readLive } from '../store/live.ts';
import { readRejections } from '../store/rejections.ts';
import type { PixelCall } from './call.ts';
import { canReadEvents, requireEventAccess } from './grant.ts';
import { Day, dayRangeOf } from './parameters.ts';
import { withQueryLimits } from './query-limiter.ts';
import { uncachedJson } from './uncached.ts';

const LIVE_WINDOW = 30 * 60_000;
const LIVE_EVENTS = 100;

interface RejectionSummary {
  reason: string;
  explanation: string;
  count: number;
  last_at: string | null;
  /** Counts by bot, if the reason is `bot`. */
  families?: Record<string, number>;
  samples: unknown[];
}

export const RejectionsQuery = v.strictObject({
  from: v.pipe(v.optional(Day), v.description('The first day. Default: six days before `to`.')),
  to: v.pipe(v.optional(Day), v.description("The last day. Default: today in the pixel's time zone.")),
});

export async function listRejections({
  env,
  grant,
  pixel,
  query,
}: PixelCall<v.InferOutput<typeof RejectionsQuery>>): Promise<Response> {
  const [from, to] = dayRangeOf(query, pixel.timezone, 6);

  const minGroup = canReadEvents(grant, pixel) ? 0 : pixel.settings.min_group;
  const last = minGroup > 0 ? reportableRange({ from, to }, pixel.timezone, Date.now()).to : to;
  const days = new Map<string, Map<string, RejectionSummary>>();
  for (const row of await withQueryLimits(grant, () => readRejections(env.DB, pixel.id, from, last))) {
    const reasons = days.get(row.day) ?? new Map<string, RejectionSummary>();
    days.set(row.day, reasons);
    const existing = reasons.get(row.reason);
    const lastAt = new Date(row.last_at).toISOString();
    const reason: RejectionSummary = existing ?? {
      reason: row.reason,
      explanation: REJECTION_REASONS[row.reason as RejectionReason] ?? '',
      count: 0,
      last_at: lastAt,
      samples: [],
    };
    reasons.set(row.reason, reason);
    reason.count += row.count;
    if (reason.last_at === null || lastAt > reason.last_at) reason.last_at = lastAt;
    if (row.family !== '') reason.families = { ...reason.families, [row.family]: row.count };
    reason.samples = [...reason.samples, ...(JSON.parse(row.samples) as unknown[])].slice(0, 5);
  }
  return uncachedJson({
    from,
    to,
    timezone: pixel.timezone,
    days: [...days].flatMap(([day, all]) => {
      const reasons = minGroup > 0 ? protectSmallGroups([...all.values()], minGroup) : [...all.values()];
      if (reasons.length === 0) return [];
      return [{ day, rejections: reasons.toSorted((a, b) => b.count - a.count) }];
    }),
  });
}

/** Rounds counts and removes all details of single requests, as a pixel that protects small groups requires. */
function protectSmallGroups(reasons: readonly RejectionSummary[], minGroup: number): RejectionSummary[] {
  return reasons
    .filter(({ count }) => count >= minGroup)
    .map(({ families, ...reason }) => {
      const large = Object.entries(families ?? {}).filter(([, count]) => count >= minGroup);
      return {
        ...reason,
        count: toMultiple(reason.count, minGroup),
        last_at: null,
        samples: [],
        ...(large.length > 0
          ? {
              families: Object.fromEntries(large.map(([name, count]) => [name, toMultiple(count, minGroup)])),
            }
          : {}),
      };
    });
}

export const LiveQuery = v.strictObject({
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
    v.description('Only events after this time, in ISO 8601. Default: 30 minutes ago.'),
  ),
});

/** The events of the last minutes, newest first. */
export async function readLiveEvents({
  env,
  grant,
  pixel,
  query,
}: PixelCall<v.InferOutput<typeof LiveQuery>>): Promise<Response> {
  requireEventAccess(grant, pixel);
  const now = Date.now();
  const since = Math.max(query.since === undefined ? 0 : Date.parse(query.since), now - LIVE_WINDOW);
  const { visitors, events } = await withQueryLimits(grant, () =>
    readLive(env.DB, pixel.id, since, LIVE_EVENTS),
  );
  return uncachedJson({
    since: new Date(since).toISOString(),
    until: new Date(now).toISOString(),
    visitors,
    events: events.map(({ ts, value, props, ...event }) => ({
      ...event,
      ts: new Date(Number(ts)).toISOString(),
      value: value === null ? null : Number(value) / 1e6,
      props: props === '' ? {} : JSON.parse(String(props)),
    })),
  });
}
