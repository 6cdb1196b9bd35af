/**
 * `POST /api/v1/events`: events from servers and imports. The response is sent once the rows are durable. It lists each
 * rejected event with the reason, and what was left out of stored events.
 */
import * as v from 'valibot';
import { fromJson } from '../collect/wire/native-event.ts';
import { ingestFromApi } from '../enrich/ingest.ts';
import type { IncomingEvent } from '../enrich/prepare.ts';
import { LIMITS } from '../model/limits.ts';
import { nextEventId } from '../model/random.ts';
import { UNKNOWN_CLIENT } from '../model/wire.ts';
import { check, readJson } from './body.ts';
import type { Call } from './call.ts';
import { Problem } from './problem.ts';
import { canReadStatistics } from './sender.ts';
import { uncachedJson } from './uncached.ts';

export const EventsBody = v.strictObject({
  events: v.pipe(
    v.array(v.unknown()),
    v.minLength(1, 'Send at least one event.'),
    v.maxLength(LIMITS.apiEvents, `Send at most ${LIMITS.apiEvents} events at a time.`),
  ),
});

export async function addEvents({ request, env, grant }: Call): Promise<Response> {
  const { events } = check(EventsBody, await readJson(request));
  const now = Date.now();
  const isApart = canReadStatistics(grant);
  const incoming = events.map((event) => incomingOf(event, now, isApart));
  const foreign = incoming.findIndex(
    ({ raw }) => grant.pixel !== null && raw !== null && raw.id !== grant.pixel,
  );
  if (foreign >= 0) {
    throw new Problem('wrong_pixel', 'This token is for another pixel than the events; nothing was stored.', {
      errors: [{ path: `events[${foreign}].id`, message: 'Not the pixel of this token.' }],
    });
  }

  const outcomes = await ingestFromApi(env, incoming, now);
  const rejected = outcomes.flatMap((outcome, index) =>
    outcome.status === 'rejected' ? [{ index, reason: outcome.reason, message: outcome.detail }] : [],
  );
  const warnings = outcomes.flatMap((outcome, index) =>
    outcome.status === 'rejected'
      ? []
      : outcome.flaws.map(({ reason, detail }) => ({ index, reason, message: detail })),
  );
  const count = (status: string): number => outcomes.filter((outcome) => outcome.status === status).length;
  const result = { accepted: count('stored'), duplicates: count('duplicate'), rejected };
  return uncachedJson(warnings.length === 0 ? result : { ...result, warnings }, 202);
}

function incomingOf(event: unknown, receivedAt: number, isApart: boolean): IncomingEvent {
  const raw = fromJson(event);
  const { ts, ip, ua, country } = (raw === null ? {} : event) as Record<string, unknown>;
  return {
    raw,
    arrival: {
      id: nextEventId(),
      receivedAt,
      head: false,
      // The sender is a server, so its own connection says nothing about the visitor.
      client: UNKNOWN_CLIENT,
      overrides: { ts, ip, ua, country },
      isApart,
    },
  };
}
