/**
 * Removes erased and deleted data from dead letters, and seals the letters under the current secret. Raw hits become a
 * batch, so from then on the letter holds no address.
 */
import { type Env, secretsOf } from '../env.ts';
import type { Batch, ParcelMessage, PlacedEvent, Withdrawal } from '../model/batch.ts';
import { LONGEST_WAIT } from '../model/delivery.ts';
import { sealOf } from '../model/sealed.ts';
import {
  type CheckedLetter,
  type CheckResult,
  type ErasedParts,
  erasedParts,
  existingPixels,
  lettersToCheck,
  storeChecks,
} from '../store/dead-letters.ts';
import { openMessage, sealParcel } from '../store/queue.ts';
import { batchOf } from './ingest.ts';

/** Letters in a page. A page is one parameter, which may have 2 MB, and the batch of a letter may have 150 kB. */
const PAGE = 8;

/**
 * Statements for a page: read the letters, read erasures and deletions, store the result. Each letter of hits may take three
 * more.
 */
export const STATEMENTS_A_PAGE = 5;

export interface Progress {
  /** Whether more letters have to be checked. */
  readonly more: boolean;
}

/** The message of a letter's body. */
export function messageOf(body: string): ParcelMessage {
  return body.startsWith('{') ? (JSON.parse(body) as ParcelMessage) : { kind: 'sealed', sealed: body };
}

/** A letter's body for a message. A message that cannot be opened is stored unchanged. */
export async function bodyOf(env: Env, message: ParcelMessage): Promise<string> {
  if (message.kind === 'sealed') return message.sealed;
  try {
    const secrets = secretsOf(env);
    return await sealParcel(secrets, await openMessage(secrets, env.ADMIN_TOKEN, message));
  } catch {
    return JSON.stringify(message);
  }
}

/**
 * Checks some pages of dead letters, the oldest check first. Two runs may overlap, and a run may stop anywhere.
 *
 * @throws what D1 throws.
 */
export async function checkDeadLetters(env: Env, pages: number): Promise<Progress> {
  const secrets = secretsOf(env);
  // Without a secret, letters cannot be opened.
  if (secrets.length === 0) return { more: false };
  for (let page = 0; page < pages; page++) {
    // The time is taken before the read, so that later erasures are checked again.
    const now = Date.now();
    const letters = await lettersToCheck(env.DB, secrets, PAGE, now);
    if (letters.length === 0) return { more: false };
    await storeChecks(env.DB, await checkPage(env, letters, now), now);
    if (letters.length < PAGE) return { more: false };
  }
  return { more: true };
}

/** Pages that one request checks. The cron checks the rest. */
const REQUEST_PAGES = 3;

/** Checks dead letters after an erasure. Never throws: the erasure itself has succeeded, and the cron checks them again. */
export async function checkAfterErasure(env: Env): Promise<void> {
  try {
    await checkDeadLetters(env, REQUEST_PAGES);
  } catch (error) {
    console.warn(`Dead letters could not be checked, the cron will try again: ${error}`);
  }
}

async function checkPage(env: Env, letters: readonly CheckedLetter[], now: number): Promise<CheckResult[]> {
  const secrets = secretsOf(env);
  const current = await sealOf(secrets[0] ?? '');
  const batches = await Promise.all(letters.map((letter) => batchIn(env, letter, now)));
  const events = batches.flatMap((batch) => [
    ...(batch?.events ?? []),
    ...(batch?.withdrawals ?? []).map(subjectOf),
  ]);
  const pixels = batches.flatMap((batch) => batch?.rejections.map(({ pixel }) => pixel) ?? []);
  const [gone, existing] = await Promise.all([
    events.length > 0 ? erasedParts(env.DB, events) : [],
    pixels.length > 0 ? existingPixels(env.DB, pixels) : new Set<string>(),
  ]);
  const rest = gone.values();
  const left = batches.map((batch) => batch && withoutGone(batch, rest, existing, now));
  return Promise.all(
    letters.map(async (letter, index): Promise<CheckResult> => {
      const [before, after] = [batches[index], left[index]];
      if (!before || !after) return { letter, body: null };
      if (sizeOf(after) === 0) return { letter, body: 'nothing left' };
      const isSame = before.wasBatch && letter.body.startsWith(current) && sizeOf(after) === sizeOf(before);
      return { letter, body: isSame ? null : await sealParcel(secrets, { kind: 'batch', batch: after }) };
    }),
  );
}

/** The number of a batch's events, with their aliases and conversions, of its rejections, and of its withdrawals with their aliases. */
function sizeOf({ events, rejections, withdrawals = [] }: Batch): number {
  return (
    events.reduce((sum, { aliases = [], relay }) => sum + 1 + aliases.length + (relay ? 1 : 0), 0) +
    withdrawals.reduce((sum, { people }) => sum + 1 + people.length, rejections.length)
  );
}

/** Whose erasure concerns a withdrawal, as `erasedParts` reads it. */
const subjectOf = ({ pixel, people, visitor, at }: Withdrawal) => ({
  event: { pixel, ts: at, person: '', visitor },
  aliases: people,
});

interface LetterBatch extends Batch {
  /** False for a letter of hits, which are enriched now. */
  readonly wasBatch: boolean;
}

/** The batch of a letter; null if the letter cannot be read. */
async function batchIn(env: Env, { id, body }: CheckedLetter, now: number): Promise<LetterBatch | null> {
  try {
    const parcel = await openMessage(secretsOf(env), env.ADMIN_TOKEN, messageOf(body));
    const batch = await batchOf(env, parcel, now);
    if (parcel.kind === 'batch') return { ...batch, wasBatch: true };
    // Rejections without a pixel are left out: hits of a deleted pixel would add their names to the samples of unknown pixels.
    const rejections = batch.rejections.filter(({ pixel }) => pixel !== '');
    return { ...batch, rejections, wasBatch: false };
  } catch (error) {
    if (String(error).includes('D1_')) throw error;
    console.warn(`The dead letter ${id} could not be checked: ${error}`);
    return null;
  }
}

/**
 * A batch without what is erased, deleted, or too old to be sent to networks.
 *
 * @param gone the erased parts of the batch's events, and then of its withdrawals, in their order. The function consumes these.
 */
function withoutGone(
  { id, ...batch }: Batch,
  gone: Iterator<ErasedParts>,
  existing: ReadonlySet<string>,
  now: number,
): Batch {
  const events = batch.events.flatMap(({ relay, ...rest }): PlacedEvent[] => {
    const { event = false, aliases = [] } = gone.next().value ?? {};
    if (event) return [];
    const isSent = relay && aliases.length === 0 && rest.event.ts + LONGEST_WAIT > now;
    const placed = isSent ? { ...rest, relay } : rest;
    if (aliases.length === 0) return [placed];
    return [{ ...placed, aliases: (placed.aliases ?? []).filter((alias) => !aliases.includes(alias)) }];
  });
  // Rejections without a pixel stay.
  const rejections = batch.rejections.filter(({ pixel }) => pixel === '' || existing.has(pixel));
  const withdrawals = (batch.withdrawals ?? []).flatMap((one): Withdrawal[] => {
    const { event = false, aliases = [] } = gone.next().value ?? {};
    const people = one.people.filter((alias) => !aliases.includes(alias));
    return event || (people.length === 0 && one.visitor === '') ? [] : [{ ...one, people }];
  });
  return { id, events, rejections, ...(withdrawals.length > 0 ? { withdrawals } : {}) };
}
