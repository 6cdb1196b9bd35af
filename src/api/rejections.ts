/** `GET /api/v1/pixels/:id/rejections` and `/live`: what was not stored and why, and what has just arrived. */
import type { Env } from '../env.ts';
import { REJECTION_REASONS, type RejectionReason } from '../model/rejection.ts';
import { addDays, isDay, localDay } from '../model/time-zone.ts';
import { readLive } from '../store/live.ts';
import { readRejections } from '../store/rejections.ts';
import { type Grant, requireScope } from './auth.ts';
import { requireExisting } from './pixels.ts';
import { Problem } from './problem.ts';

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

export async function rejections(request: Request, env: Env, grant: Grant, id: string): Promise<Response> {
  requireScope(grant, 'stats:read');
  const pixel = await requireExisting(env, grant, id);
  const today = localDay(pixel.timezone, Date.now());
  const { searchParams } = new URL(request.url);
  const to = dayParameter(searchParams, 'to', today);
  const from = dayParameter(searchParams, 'from', addDays(to, -6));
  if (from > to) throw badParameter('from', 'The first day comes after the last.');

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
  return Response.json(
    {
      from,
      to,
      timezone: pixel.timezone,
      days: [...days].map(([day, reasons]) => ({
        day,
        rejections: [...reasons.values()].toSorted((a, b) => b.count - a.count),
      })),
    },
    { headers: { 'cache-control': 'no-store' } },
  );
}

/** The events of the last minutes, the youngest first. `since` (ISO 8601) asks for what came after an earlier answer. */
export async function live(request: Request, env: Env, grant: Grant, id: string): Promise<Response> {
  requireScope(grant, 'stats:read');
  const pixel = await requireExisting(env, grant, id);
  const now = Date.now();
  const text = new URL(request.url).searchParams.get('since');
  const asked = text === null ? 0 : Date.parse(text);
  if (Number.isNaN(asked))
    throw badParameter('since', 'Give a time in ISO 8601, such as 2026-11-24T10:00:00Z.');
  const since = Math.max(asked, now - LIVE_WINDOW);
  const { visitors, events } = await readLive(env.DB, pixel.id, since, LIVE_EVENTS);
  return Response.json(
    {
      since: new Date(since).toISOString(),
      until: new Date(now).toISOString(),
      visitors,
      events: events.map(({ ts, value, props, ...event }) => ({
        ...event,
        ts: new Date(Number(ts)).toISOString(),
        value: value === null ? null : Number(value) / 1e6,
        props: props === '' ? {} : JSON.parse(String(props)),
      })),
    },
    { headers: { 'cache-control': 'no-store' } },
  );
}

function dayParameter(parameters: URLSearchParams, name: string, otherwise: string): string {
  const day = parameters.get(name) ?? otherwise;
  if (!isDay(day)) throw badParameter(name, 'This is no date of the calendar in the form YYYY-MM-DD.');
  return day;
}

function badParameter(path: string, message: string): Problem {
  return new Problem('invalid_query', `${path}: ${message}`, { errors: [{ path, message }] });
}
