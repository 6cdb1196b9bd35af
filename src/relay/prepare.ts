/** Prepares deliveries that are due: opens what waits, adds the clicks that are kept, and sorts out what must not be sent. */
import { ANSWER_LOST, type Answer, type DeliveryState, EXPIRED, ownAnswer } from '../model/delivery.ts';
import type { Secrets } from '../model/secret-key.ts';
import type { DueDelivery, Mark } from '../store/due-deliveries.ts';
import { type KeptClick, openClicks, type PeopleOfConversions, readPeople } from '../store/kept-clicks.ts';
import type { Access, JsonObject, Network, Outgoing } from './network.ts';
import { clicksUntil, openPayload, type Payload } from './payload.ts';

/** A delivery as the network's event. */
export interface Ready {
  readonly row: DueDelivery;
  readonly event: JsonObject;
  /** Whether it counts once at the network, even if it is sent twice. */
  readonly maySendAgain: boolean;
}

export interface Prepared {
  readonly ready: readonly Ready[];
  /** What is not sent, with the reason. */
  readonly marks: readonly Mark[];
}

/** @param rows deliveries that wait, of one pixel. */
export async function prepareDeliveries(
  db: D1Database,
  secrets: Secrets,
  network: Network,
  access: Access,
  rows: readonly DueDelivery[],
): Promise<Prepared> {
  const payloads = await Promise.all(
    rows.map(async (row) => (row.payload === null ? null : openPayload(secrets, row, row.payload))),
  );
  const known = await readPeople(
    db,
    access.destination.pixel,
    rows.flatMap((row, index) => peopleOf(row, payloads[index] ?? null)),
  );
  const results = await Promise.all(
    rows.map((row, index) => prepareOne(secrets, network, access, row, payloads[index] ?? null, known)),
  );
  return {
    ready: results.filter((result): result is Ready => 'row' in result),
    marks: results.filter((result): result is Mark => 'from' in result),
  };
}

function peopleOf({ person }: DueDelivery, payload: Payload | null): readonly string[] {
  return [person, ...(payload?.people ?? [])].filter((alias) => alias !== '');
}

async function prepareOne(
  secrets: Secrets,
  network: Network,
  access: Access,
  row: DueDelivery,
  payload: Payload | null,
  known: PeopleOfConversions,
): Promise<Ready | Mark> {
  const { destination, now } = access;
  const refused = (message: string, advice = ''): Mark => end(row, 'refused', ownAnswer(message, advice));
  if (row.expires_at <= now || row.ts < now - network.maxAge) return expired(row);
  const people = peopleOf(row, payload);
  if (people.some((alias) => (known.withdrawals.get(alias) ?? 0) >= row.ts))
    return end(row, 'withdrawn', null);
  if (payload === null)
    return refused(
      'Speck cannot decrypt the conversion: SECRET_KEY has changed.',
      'After a rotation of SECRET_KEY, keep SECRET_KEY_PREVIOUS for at least a week.',
    );
  if (destination.mode === 'test' && network.test === 'none') {
    return refused(`${network.title} has no test mode.`, 'Set the mode of the destination to Live.');
  }
  const kept = people.flatMap((alias): readonly KeptClick[] => known.clicks.get(alias) ?? []);
  const whole = await withClicks(secrets, { conversion: payload.conversion, as: row.sent_as }, kept);
  const outgoing = notAhead(whole, now);
  const maySendAgain = countsOnce(network, outgoing, access);
  if (row.sent_at !== null && !maySendAgain) return end(row, 'unknown', ANSWER_LOST);
  if (isLateForDeduplication(network, row, access)) {
    return refused(
      `${network.title}’s own pixel has reported this event too long ago to be deduplicated, so it would count twice.`,
    );
  }
  try {
    const problem = network.problemOf(outgoing, destination);
    if (problem !== null) return refused(problem);
    return { row, event: network.event(outgoing, access), maySendAgain };
  } catch {
    return refused(
      `Speck cannot build the event of ${network.title} from this conversion.`,
      'Please report this error.',
    );
  }
}

/** A delivery that ends without being sent. */
function end(row: DueDelivery, state: DeliveryState, answer: Answer | null): Mark {
  return {
    ...{ name: row.name, event_id: row.event_id, tries: row.tries },
    from: row.state,
    state,
    due_at: 0,
    sent_at: row.sent_at,
    fields: null,
    answer: answer && JSON.stringify(answer),
  };
}

/** The last answer of the network says why it waited. If that of a request was lost, nobody knows what became of it. */
function expired(row: DueDelivery): Mark {
  if (row.sent_at !== null) return end(row, 'unknown', ANSWER_LOST);
  return end(row, 'expired', row.answer === null ? EXPIRED : null);
}

/** The clicks of the conversion's own page, and those that were kept for the other parameters. */
async function withClicks(
  secrets: Secrets,
  outgoing: Outgoing,
  kept: readonly KeptClick[],
): Promise<Outgoing> {
  const { conversion } = outgoing;
  const others = kept.filter(({ parameter }) => conversion.clicks[parameter] === undefined);
  if (others.length === 0) return outgoing;
  const clicks = { ...(await openClicks(secrets, others, conversion.ts)), ...conversion.clicks };
  return { ...outgoing, conversion: { ...conversion, clicks } };
}

/** A sender's clock may run ahead. Networks refuse what has not happened yet, or drop it in silence: it has happened by now. */
function notAhead({ conversion, as }: Outgoing, now: number): Outgoing {
  if (conversion.ts <= now) return { conversion, as };
  return { conversion: { ...conversion, ts: now, clicks: clicksUntil(conversion.clicks, now) }, as };
}

/** Whether the network counts a conversion once if it is sent twice. */
function countsOnce(network: Network, { conversion, as }: Outgoing, { destination, now }: Access): boolean {
  if (destination.mode === 'test' && network.test === 'validate') return true;
  if (now - conversion.ts > (network.deduplicatesFor ?? Number.POSITIVE_INFINITY)) return false;
  if (network.deduplicates === 'all') return true;
  return network.deduplicates === 'purchases' && as === network.events['Purchase'];
}

/** Whether the network has the conversion from its own pixel, but would count it a second time by now. */
function isLateForDeduplication(
  network: Network,
  { on_page, ts }: DueDelivery,
  { destination, now }: Access,
): boolean {
  if (destination.mode === 'test' && network.test === 'validate') return false;
  return on_page === 1 && now - ts > (network.deduplicatesFor ?? Number.POSITIVE_INFINITY);
}
