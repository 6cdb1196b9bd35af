/** `GET /api/v1/pixels/:id/rejections` and `/live`: what was not stored and why, and what has just arrived. */
import * as v from 'valibot';
import type { Env } from '../env.ts';
import { REJECTION_REASONS, type RejectionReason } from '../model/rejection.ts';
import { readLive } from '../store/live.ts';
import { readRejections } from '../store/rejections.ts';
import type { Grant } from './auth.ts';
import { freshJson } from './fresh.ts';
import { Day, daysAsked } from './parameters.ts';
import { requireExisting, requireRaw } from './pixels.ts';

const LIVE_WINDOW = 30 * 60_000;
const LIVE_EVENTS = 100;

interface Reason {
  reason: string;
  explanation: string;
  count: number;
  last_at: string;
  /** Of bots: how many of which. */
  families?: Record<string, number>;
  samples: unknown[];
}

export const RejectionsQuery = v.strictObject({
  from: v.pipe(v.optional(Day), v.description('The first day. Default: six days before `to`.')),
  to: v.pipe(v.optional(Day), v.description("The last day. Default: today in the pixel's time zone.")),
});

export async function rejections(
  _request: Request,
  env: Env,
  grant: Grant,
  id: string,
  asked: v.InferOutput<typeof RejectionsQuery>,
): Promise<Response> {
  const pixel = await requireExisting(env, grant, id);
  const [from, to] = daysAsked(asked, pixel.timezone, 6);

  const days = new Map<string, Map<string, Reason>>();
  for (const row of await readRejections(env.DB, id, from, to)) {
    const reasons = days.get(row.day) ?? new Map<string, Reason>();
    days.set(row.day, reasons);
    const known = reasons.get(row.reason);
    const lastAt = new Date(row.last_at).toISOString();
    const reason: Reason = known ?? {
      reason: row.reason,
      explanation: REJECTION_REASONS[row.reason as RejectionReason] ?? '',
      count: 0,
      last_at: lastAt,
      samples: [],
    };
    reasons.set(row.reason, reason);
    reason.count += row.count;
    if (lastAt > reason.last_at) reason.last_at = lastAt;
    if (row.family !== '') reason.families = { ...reason.families, [row.family]: row.count };
    reason.samples = [...reason.samples, ...(JSON.parse(row.samples) as unknown[])].slice(0, 5);
  }
  return freshJson({
    from,
    to,
    timezone: pixel.timezone,
    days: [...days].map(([day, reasons]) => ({
      day,
      rejections: [...reasons.values()].toSorted((a, b) => b.count - a.count),
    })),
  });
}

export const LiveQuery = v.strictObject({
  since: v.pipe(
    v.optional(
      v.pipe(
        v.string(),
        v.check(
          (text) => !Number.isNaN(Date.parse(text)),
          'Give a time in ISO 8601, such as 2026-11-24T10:00:00Z.',
        ),
      ),
    ),
    v.description('A time in ISO 8601: only what came after it. Default: 30 minutes ago.'),
  ),
});

/** The events of the last minutes, the youngest first. `since` asks for what came after an earlier answer. */
export async function live(
  _request: Request,
  env: Env,
  grant: Grant,
  id: string,
  asked: v.InferOutput<typeof LiveQuery>,
): Promise<Response> {
  const pixel = await requireExisting(env, grant, id);
  requireRaw(grant, pixel);
  const now = Date.now();
  const since = Math.max(asked.since === undefined ? 0 : Date.parse(asked.since), now - LIVE_WINDOW);
  const { visitors, events } = await readLive(env.DB, pixel.id, since, LIVE_EVENTS);
  return freshJson({
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
