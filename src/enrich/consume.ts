/**
 * The queue's consumer. It acknowledges each message by itself, so a message that fails does not hold up the others. After too
 * many failures the queue moves a message to the dead-letter queue, whose messages are stored in the database for the owner.
 */
import type { Env } from '../env.ts';
import type { Message } from '../model/batch.ts';
import { canWriteBatch, invocationBudget } from '../store/budget.ts';
import { storeDeadLetters } from '../store/dead-letters.ts';
import { failureKind } from '../store/failure.ts';
import { bodyOf } from './dead-letters.ts';
import { deliver } from './ingest.ts';
import type { RelayMessages } from './relay.ts';

const DEAD_LETTERS = /dead-letters$/;

/** Seconds until a message is delivered again: 10, 20, 40, … up to 15 minutes. */
const FIRST_DELAY = 10;
const LAST_DELAY = 900;

export async function consume(batch: MessageBatch<Message>, env: Env): Promise<void> {
  if (DEAD_LETTERS.test(batch.queue)) {
    await storeLetters(batch, env);
    return;
  }
  const budget = invocationBudget(env.DB);
  const relays: RelayMessages = new Map();
  for (const message of batch.messages) {
    const { body } = message;
    if (body.kind === 'relay') {
      relays.set(body.destination, [...(relays.get(body.destination) ?? []), message]);
      continue;
    }
    if (!canWriteBatch(budget)) {
      message.retry();
      continue;
    }
    try {
      await deliver(env, body, Date.now(), budget);
      message.ack();
    } catch (error) {
      console.warn(
        `A message could not be stored (${failureKind(error)}), delivery ${message.attempts}: ${error}`,
      );
      message.retry({ delaySeconds: Math.min(FIRST_DELAY * 2 ** (message.attempts - 1), LAST_DELAY) });
    }
  }
  if (relays.size > 0) await (await import('./relay.ts')).relay(env, relays, budget);
}

async function storeLetters(batch: MessageBatch<Message>, env: Env): Promise<void> {
  const letters = await Promise.all(
    batch.messages.map(async ({ id, body, timestamp }) =>
      body.kind === 'relay' ? [] : [{ id, body: await bodyOf(env, body), received_at: Number(timestamp) }],
    ),
  );
  const stored = letters.flat();
  if (stored.length === 0) return;
  await storeDeadLetters(env.DB, stored);
  console.error(`Stored ${stored.length} dead letters. To write their events: npm run replay`);
}
