/** Sends one conversion that an owner has made up, in the network's test mode. Nothing is stored. */
import { type Answer, ownAnswer, type SentField } from '../model/delivery.ts';
import type { Secrets } from '../model/secret-key.ts';
import { openDestination } from '../store/destinations.ts';
import { accessOf, attempt, fieldsOf } from './attempt.ts';
import type { Network, Outgoing } from './network.ts';
import { networkOf } from './networks/table.ts';
import { DEFAULT_IO, type Io } from './send.ts';

export interface TestResult {
  readonly verdict: 'delivered' | 'sent' | 'refused' | 'retry' | 'stop';
  readonly answer: Answer;
  readonly fields: readonly SentField[];
}

export interface TestMeans {
  readonly now: number;
  readonly io?: Io;
  readonly networkOf?: (name: Network['name']) => Promise<Network>;
}

/**
 * @returns null if the destination is gone.
 * @throws what D1 throws.
 */
export async function sendTest(
  db: D1Database,
  secrets: Secrets,
  id: string,
  outgoing: Outgoing,
  means: TestMeans,
): Promise<TestResult | null> {
  const { now, io = DEFAULT_IO } = means;
  const open = await openDestination(db, secrets, id);
  if (open === null) return null;
  const network = await (means.networkOf ?? networkOf)(open.destination.network);
  const destination = { ...open.destination, mode: 'test' as const };
  const refused = (answer: Answer): TestResult => ({ verdict: 'refused', answer, fields: [] });
  if (network.test === 'none')
    return refused(ownAnswer(`${network.title} has no test mode, so nothing was sent.`));
  if (open.secret === null) {
    return refused(
      ownAnswer(
        'Speck cannot decrypt the secret of the destination: SECRET_KEY has changed.',
        'Enter the secret again.',
      ),
    );
  }
  const problem = network.problemOf(outgoing, destination);
  if (problem !== null) return refused(ownAnswer(problem));
  const access = await accessOf(network, destination, open.secret, now, io);
  if ('kind' in access) return { verdict: access.kind, answer: access.answer, fields: [] };
  const event = network.event(outgoing, access.access);
  const result = await attempt(network, [event], access, io);
  const fields = fieldsOf(network, event);
  if (result.kind === 'each') {
    const { kind, answer } = result.events[0] ?? {
      kind: 'retry',
      answer: ownAnswer('The response is empty.'),
    };
    return { verdict: kind === 'unknown' ? 'sent' : kind, answer, fields };
  }
  const verdict = result.kind === 'split' ? 'refused' : result.kind === 'lost' ? 'retry' : result.kind;
  return { verdict, answer: result.answer, fields };
}
