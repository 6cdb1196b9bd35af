/** What an attempt means for the deliveries of a batch, and for their destination. */
import type { Answer } from '../model/delivery.ts';
import { type Mark, NEVER } from '../store/due-deliveries.ts';
import { type Attempt, fieldsOf, type NoAccess } from './attempt.ts';
import { backoff } from './backoff.ts';
import type { EventVerdict, Network } from './network.ts';
import type { Ready } from './prepare.ts';

/** Why a destination's other deliveries wait. */
export type Trouble = NoAccess;

export interface Outcome {
  readonly marks: readonly Mark[];
  readonly trouble: Trouble | null;
  /** Batches that are sent instead of the one that was refused as a whole. */
  readonly halves: readonly (readonly Ready[])[];
  /** When the first of those that the network wants again one by one is due, in epoch milliseconds. */
  readonly next: number | null;
}

/**
 * What waits again keeps the time of a former request whose answer was lost: nobody knows whether the network has it.
 *
 * @param batch as it was claimed: the `tries` of its rows are those of the claim, and `sent_at` is from before.
 */
export function outcomeOf(network: Network, batch: readonly Ready[], result: Attempt, now: number): Outcome {
  const none = { trouble: null, halves: [], next: null };
  if (result.kind === 'each') {
    const verdicts = result.events;
    const marks = batch.map((ready, index) => markOf(network, ready, verdicts[index] as EventVerdict, now));
    const waits = marks.flatMap(({ state, due_at }) => (state === 'waiting' ? [due_at] : []));
    return { ...none, marks, next: waits.length === 0 ? null : Math.min(...waits) };
  }
  const { answer } = result;
  const wait = (ready: Ready, sentAt = ready.row.sent_at): Mark =>
    mark(ready, 'waiting', now, sentAt, answer);
  if (result.kind === 'split') {
    const [only] = batch;
    if (batch.length === 1 && only !== undefined) {
      return { ...none, marks: [markOf(network, only, { kind: 'refused', answer }, now)] };
    }
    const middle = Math.ceil(batch.length / 2);
    return {
      ...none,
      marks: batch.map((ready) => wait(ready)),
      halves: [batch.slice(0, middle), batch.slice(middle)],
    };
  }
  if (result.kind !== 'lost') return { ...none, marks: batch.map((ready) => wait(ready)), trouble: result };
  const marks = batch.map((ready) =>
    ready.maySendAgain
      ? wait(ready, ready.row.sent_at ?? now)
      : withFields(network, ready, mark(ready, 'unknown', 0, now, answer)),
  );
  return { ...none, marks, trouble: { kind: 'retry', answer, after: null } };
}

/** The mark of an event that the network has decided on. */
function markOf(network: Network, ready: Ready, { kind, answer }: EventVerdict, now: number): Mark {
  if (kind === 'retry')
    return mark(ready, 'waiting', now + backoff(ready.row.tries), ready.row.sent_at, answer);
  const dueAt = kind !== 'sent' ? 0 : network.followUp === undefined ? NEVER : now + network.followUp.after;
  return withFields(network, ready, mark(ready, kind, dueAt, now, answer));
}

function mark(
  { row }: Ready,
  state: Mark['state'],
  due_at: number,
  sent_at: number | null,
  answer: Answer,
): Mark {
  const { name, event_id, tries } = row;
  return {
    name,
    event_id,
    tries,
    from: 'waiting',
    state,
    due_at,
    sent_at,
    fields: null,
    answer: JSON.stringify(answer),
  };
}

function withFields(network: Network, { event }: Ready, marked: Mark): Mark {
  return { ...marked, fields: JSON.stringify(fieldsOf(network, event)) };
}
