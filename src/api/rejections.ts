/** `GET /api/v1/pixels/:id/rejections`: events that were not stored, with the reasons. */
import * as v from 'valibot';
import { REJECTION_REASONS, type RejectionReason } from '../model/rejection.ts';
import { reportableRange, toMultiple } from '../query/small-groups.ts';
import { readRejections } from '../store/rejections.ts';
import type { PixelCall } from './call.ts';
import { canReadEvents } from './grant.ts';
import { Day, dayRangeOf } from './parameters.ts';
import { withQueryLimits } from './query-limiter.ts';
import { uncachedJson } from './uncached.ts';

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
