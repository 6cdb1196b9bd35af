/** Asks a network what has become of conversions that it took and decides on later. */
import { type Answer, ownAnswer } from '../model/delivery.ts';
import { type DueDelivery, type Mark, NEVER } from '../store/due-deliveries.ts';
import type { Access, EventVerdict, Network } from './network.ts';
import { cleanAnswer } from './networks/shared.ts';
import type { Trouble } from './outcome.ts';
import { type Io, send } from './send.ts';

/** The questions of one delivery to a destination. What is left is due in the next. */
const QUESTIONS = 3;

/** Milliseconds after sending, from which a network is not asked any more. */
const ASKED_FOR = 3 * 86_400_000;

const NOT_KNOWN = ownAnswer('The network did not report a result within three days.');

/** @param rows deliveries that are `sent`. */
export async function followUp(
  network: Network,
  access: Access,
  rows: readonly DueDelivery[],
  io: Io,
): Promise<{ readonly marks: readonly Mark[]; readonly trouble: Trouble | null }> {
  const requests = Map.groupBy(rows, ({ answer }) => traceOf(answer));
  const answered = await Promise.all(
    [...requests].slice(0, QUESTIONS).map(async ([trace, group]) => {
      const verdict = await ask(network, access, trace, io);
      return { marks: group.map((row) => markOf(network, row, verdict, access.now)), verdict };
    }),
  );
  const stopped = answered.find(({ verdict }) => verdict.kind === 'stop')?.verdict.answer;
  return {
    marks: answered.flatMap(({ marks }) => marks),
    trouble: stopped === undefined ? null : { kind: 'stop', answer: stopped },
  };
}

const traceOf = (answer: string | null): string =>
  answer === null ? '' : (JSON.parse(answer) as Answer).trace;

type FollowUpVerdict = EventVerdict | { readonly kind: 'stop'; readonly answer: Answer };

async function ask(network: Network, access: Access, trace: string, io: Io): Promise<FollowUpVerdict> {
  const unanswered = { kind: 'retry', answer: ownAnswer('The network did not respond.') } as const;
  if (network.followUp === undefined || trace === '') return { kind: 'unknown', answer: NOT_KNOWN };
  try {
    const response = await send(network.followUp.request(trace, access), io);
    if (response === null) return unanswered;
    const verdict = network.followUp.verdict(response, access);
    const answer = cleanAnswer(verdict.answer, access);
    // The trace is what it is asked by again.
    return { kind: verdict.kind, answer: { ...answer, trace: answer.trace || trace } };
  } catch {
    return unanswered;
  }
}

function markOf(network: Network, row: DueDelivery, { kind, answer }: FollowUpVerdict, now: number): Mark {
  const { name, event_id, tries, sent_at } = row;
  const common = { name, event_id, tries, from: 'sent', sent_at, fields: null } as const;
  if (kind === 'delivered' || kind === 'refused' || kind === 'unknown') {
    return { ...common, state: kind, due_at: 0, answer: JSON.stringify(answer) };
  }
  const waited = now - (sent_at ?? now);
  if (waited > ASKED_FOR) return { ...common, state: 'sent', due_at: NEVER, answer: null };
  // As long again as it has waited.
  return {
    ...common,
    state: 'sent',
    due_at: now + Math.max(waited, network.followUp?.after ?? 0),
    answer: null,
  };
}
