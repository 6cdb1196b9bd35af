/**
 * `…/destinations/:part/deliveries` and `…/summary`: what became of the conversions of a destination. `/api/v1/pixels/:id/conversions/:part`: one event id,
 * with what the page and the server reported, and each network's answer. Of what was sent, the names of the fields are known, and no values.
 */
import type * as v from 'valibot';
import {
  type Answer,
  DELIVERY_STATES,
  type DeliveryState,
  REPORTED,
  type SentField,
} from '../model/delivery.ts';
import type { Pixel } from '../model/pixel.ts';
import type { ConversionJson, DeliveryJson, DestinationSummaryJson } from '../model/relay-json.ts';
import { addDays, localDay } from '../model/time-zone.ts';
import { isMatchKey } from '../relay/match-keys.ts';
import type { Network } from '../relay/network.ts';
import { networkOf } from '../relay/networks/table.ts';
import {
  type DeliveryPosition,
  deliveriesOfEvent,
  eventOfDelivery,
  type LedgerRow,
  type LedgerSummary,
  MAX_SUMMARIZED,
  readLedger,
  summarizeLedger,
} from '../store/ledger.ts';
import type { PixelCall } from './call.ts';
import { requireDestination } from './destinations.ts';
import { badParameter } from './parameters.ts';
import { Problem } from './problem.ts';
import type { ConversionQuery, DeliveriesQuery, SummaryQuery } from './relay-bodies.ts';
import { uncachedJson } from './uncached.ts';

const DAY = 86_400_000;

/** The latest time that a date can have. What is due later is never due. */
const LATEST = 8.64e15;

export async function readDeliveries({
  env,
  pixel,
  part,
  query: { state, limit, before },
}: PixelCall<v.InferOutput<typeof DeliveriesQuery>>): Promise<Response> {
  const { id } = await requireDestination(env, pixel, part);
  const from = before === undefined ? null : positionOf(before);
  const { rows, next } = await readLedger(env.DB, id, state, limit, from);
  return uncachedJson({ deliveries: rows.map(deliveryToJson), next: next && JSON.stringify(next) });
}

/** @throws Problem if the text is not `next` of a response. */
function positionOf(text: string): DeliveryPosition {
  try {
    const [ts, name, eventId, ...rest] = JSON.parse(text) as unknown[];
    if (
      Number.isSafeInteger(ts) &&
      typeof name === 'string' &&
      typeof eventId === 'string' &&
      rest.length === 0
    ) {
      return [ts as number, name, eventId];
    }
  } catch {
    // Refused below.
  }
  throw badParameter('before', 'This is not a valid value. Use the text in `next` of a response.');
}

export async function readSummary({
  env,
  pixel,
  part,
  query: { days },
}: PixelCall<v.InferOutput<typeof SummaryQuery>>): Promise<Response> {
  const { id, network } = await requireDestination(env, pixel, part);
  const { deduplicates } = await networkOf(network);
  const now = Date.now();
  const since = now - days * DAY;
  const summary = await summarizeLedger(env.DB, id, since);
  return uncachedJson(summaryToJson(summary, deduplicates, pixel, days, since, now));
}

function summaryToJson(
  summary: LedgerSummary,
  deduplicates: Network['deduplicates'],
  { timezone }: Pixel,
  days: number,
  since: number,
  now: number,
): DestinationSummaryJson {
  const sumOf = (states: readonly DeliveryState[], name: 'count' | 'on_page' | 'deduplicable'): number =>
    summary.states
      .filter(({ state }) => states.includes(state))
      .reduce((sum, { [name]: count }) => sum + count, 0);
  const handedOver = ['sent', 'delivered'] as const;
  const sent = sumOf(handedOver, 'count');
  const onPage = sumOf(handedOver, 'on_page');
  // A network that recognizes only purchases does so by the order, which the ledger does not know.
  const deduplicable = { all: sumOf(handedOver, 'deduplicable'), purchases: null, none: 0 }[deduplicates];
  return {
    days,
    since: timeOf(since),
    complete: sumOf(DELIVERY_STATES, 'count') < MAX_SUMMARIZED,
    states: numbersOf(summary.states),
    by_day: daysOf(summary.states, timezone, since, now),
    refusals: summary.refusals.map((refusal) => ({ ...refusal, last_at: timeOf(refusal.last_at) })),
    sent,
    on_page: onPage,
    deduplicable,
    doubled: deduplicable === null ? null : onPage - deduplicable,
    server_only: sent - onPage,
    median_delay: summary.delays?.median ?? null,
    p95_delay: summary.delays?.p95 ?? null,
    ...matchKeysOf(summary.fields),
  };
}

/** How many deliveries are in each state. */
function numbersOf(counts: LedgerSummary['states']): DestinationSummaryJson['states'] {
  const numbers = Object.fromEntries(DELIVERY_STATES.map((state) => [state, 0])) as Record<
    DeliveryState,
    number
  >;
  for (const { state, count } of counts) numbers[state] += count;
  return numbers;
}

/** The same by local days, from that of `since` to that of `now`, or to a later one that an event is of. */
function daysOf(
  counts: LedgerSummary['states'],
  zone: string,
  since: number,
  now: number,
): DestinationSummaryJson['by_day'] {
  // The quarter in which the range begins may have begun on the day before.
  const byDay = Map.groupBy(counts, ({ at }) => localDay(zone, Math.max(at, since)));
  const last = [...byDay.keys(), localDay(zone, now)].reduce((one, other) => (other > one ? other : one));
  const all: DestinationSummaryJson['by_day'][number][] = [];
  for (let date = localDay(zone, since); date <= last; date = addDays(date, 1)) {
    all.push({ date, states: numbersOf(byDay.get(date) ?? []) });
  }
  return all;
}

/** The shares of match keys, among the deliveries whose fields are known. */
function matchKeysOf(
  sets: LedgerSummary['fields'],
): Pick<DestinationSummaryJson, 'match_keys' | 'match_keys_of'> {
  const counts = new Map<string, { readonly hashed: boolean; readonly count: number }>();
  for (const { fields, count } of sets) {
    for (const name of new Set(fields.map((field) => field.name).filter(isMatchKey))) {
      const hashed = fields.some((field) => field.name === name && field.hashed);
      const counted = counts.get(name);
      counts.set(name, {
        hashed: hashed || (counted?.hashed ?? false),
        count: (counted?.count ?? 0) + count,
      });
    }
  }
  const all = sets.reduce((sum, { count }) => sum + count, 0);
  const keys = Array.from(counts, ([name, { hashed, count }]) => ({ name, hashed, share: count / all }));
  return {
    match_keys_of: all,
    match_keys: keys.toSorted((one, other) => other.share - one.share || (one.name < other.name ? -1 : 1)),
  };
}

export async function readConversion({
  env,
  pixel,
  part,
  query: { name },
}: PixelCall<v.InferOutput<typeof ConversionQuery>>): Promise<Response> {
  const eventId = decoded(part);
  const rows = eventId === null ? [] : await deliveriesOfEvent(env.DB, pixel.id, eventId, name);
  if (eventId === null || rows.length === 0) {
    throw new Problem(
      'not_found',
      'No destination of the pixel has a conversion with this event id. Only events with consent that a rule matches have one, for 30 days.',
    );
  }
  const byName = Map.groupBy(rows, (row) => row.name);
  const conversions = await Promise.all(
    [...byName.values()].map((group) => conversionOf(env.DB, pixel, group)),
  );
  return uncachedJson({ event_id: eventId, conversions });
}

/** A part of a path as it was before it was encoded; null if it is not encoded correctly. */
function decoded(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}

/** @param rows the deliveries of one event. */
async function conversionOf(
  db: D1Database,
  pixel: Pixel,
  rows: readonly LedgerRow[],
): Promise<ConversionJson> {
  const first = rows.reduce((one, other) => (other.ts < one.ts ? other : one));
  const event = await eventOfDelivery(db, pixel.id, first);
  return {
    name: first.name,
    ts: timeOf(first.ts),
    has_eid: rows.some(({ has_eid }) => has_eid === 1),
    reported: reportersOf(rows.reduce((bits, { reported }) => bits | reported, 0)),
    event: event && {
      id: event.id,
      page: `${event.hostname}${event.page.replace(/\?.*$/, '')}`,
      value: event.value === null ? null : event.value / 1e6,
      currency: event.currency,
    },
    deliveries: rows.map(deliveryToJson),
  };
}

function deliveryToJson(row: LedgerRow): DeliveryJson {
  const isOpen = row.state === 'waiting' || row.state === 'sent';
  return {
    destination: row.destination,
    name: row.name,
    event_id: row.event_id,
    sent_as: row.sent_as,
    ts: timeOf(row.ts),
    state: row.state,
    queued_at: timeOf(row.queued_at),
    due_at: isOpen && row.due_at <= LATEST ? timeOf(row.due_at) : null,
    expires_at: timeOf(row.expires_at),
    // While it waits, this is the time of an attempt whose answer has not come yet.
    sent_at: row.sent_at === null || row.state === 'waiting' ? null : timeOf(row.sent_at),
    tries: row.tries,
    has_eid: row.has_eid === 1,
    reported: reportersOf(row.reported),
    on_page: row.on_page === 1,
    fields: row.fields === null ? [] : (JSON.parse(row.fields) as SentField[]),
    answer: row.answer === null ? null : (JSON.parse(row.answer) as Answer),
  };
}

/** Who reported an event, by its bits. */
function reportersOf(bits: number): ('browser' | 'server')[] {
  return (['browser', 'server'] as const).filter((reporter) => (bits & REPORTED[reporter]) !== 0);
}

const timeOf = (at: number): string => new Date(at).toISOString();
