/**
 * Takes out of dead letters what has been erased or deleted since, and seals them under the current secret. Raw hits
 * become a batch on this occasion: from then on the letter holds no address.
 */
import { type Env, secretsOf } from '../env.ts';
import type { Batch, Message, PlacedEvent } from '../model/batch.ts';
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

/** Letters of a page. A parameter has 2 MB, and one of hits may come to 150 kB as a batch. */
const PAGE = 8;

/** Statements that a page takes: look, ask what is gone, settle. Hits may take three more each. */
export const STATEMENTS_A_PAGE = 5;

export interface Progress {
  /** Whether more are to be checked. */
  readonly more: boolean;
}

/** The message that a letter is of. */
export function messageOf(body: string): Message {
  return body.startsWith('{') ? (JSON.parse(body) as Message) : { kind: 'sealed', sealed: body };
}

/** A message as a letter's body. One that cannot be opened is kept as it came. */
export async function bodyOf(env: Env, message: Message): Promise<string> {
  if (message.kind === 'sealed') return message.sealed;
  try {
    const secrets = secretsOf(env);
    return await sealParcel(secrets, await openMessage(secrets, env.ADMIN_TOKEN, message));
  } catch {
    return JSON.stringify(message);
  }
}

/**
 * Checks some pages of dead letters, those first that have waited longest. It may run twice at once, and stop anywhere.
 *
 * @throws what D1 throws.
 */
export async function checkDeadLetters(env: Env, pages: number): Promise<Progress> {
  const secrets = secretsOf(env);
  // They cannot be opened then.
  if (secrets.length === 0) return { more: false };
  for (let page = 0; page < pages; page++) {
    // Before anything is read: what is erased from now on is not taken out by this run.
    const now = Date.now();
    const letters = await lettersToCheck(env.DB, secrets, PAGE);
    if (letters.length === 0) return { more: false };
    await storeChecks(env.DB, await checkPage(env, letters, now), now);
    if (letters.length < PAGE) return { more: false };
  }
  return { more: true };
}

/** Pages that a request goes through; the cron does what is left. */
const REQUEST_PAGES = 3;

/** Checks dead letters after something was erased. Never throws: it is erased, and the cron will do this as well. */
export async function checkAfterErasure(env: Env): Promise<void> {
  try {
    await checkDeadLetters(env, REQUEST_PAGES);
  } catch (error) {
    console.warn(`dead letters are left to the cron: ${error}`);
  }
}

async function checkPage(env: Env, letters: readonly CheckedLetter[], now: number): Promise<CheckResult[]> {
  const secrets = secretsOf(env);
  const current = await sealOf(secrets[0] ?? '');
  const batches = await Promise.all(letters.map((letter) => batchIn(env, letter, now)));
  const events = batches.flatMap((batch) => batch?.events ?? []);
  const pixels = batches.flatMap((batch) => batch?.rejections.map(({ pixel }) => pixel) ?? []);
  const [gone, existing] = await Promise.all([
    events.length > 0 ? erasedParts(env.DB, events) : [],
    pixels.length > 0 ? existingPixels(env.DB, pixels) : new Set<string>(),
  ]);
  const rest = gone.values();
  const left = batches.map((batch) => batch && withoutGone(batch, rest, existing));
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

/** Of how much a batch tells: events, their aliases, and rejections. */
function sizeOf({ events, rejections }: Batch): number {
  return events.reduce((sum, { aliases = [] }) => sum + 1 + aliases.length, rejections.length);
}

interface LetterBatch extends Batch {
  /** False of a letter of hits, which are enriched now. */
  readonly wasBatch: boolean;
}

/** The batch of a letter, or null when it cannot be read. */
async function batchIn(env: Env, { id, body }: CheckedLetter, now: number): Promise<LetterBatch | null> {
  try {
    const parcel = await openMessage(secretsOf(env), env.ADMIN_TOKEN, messageOf(body));
    const batch = await batchOf(env, parcel, now);
    if (parcel.kind === 'batch') return { ...batch, wasBatch: true };
    // Hits of a pixel that was deleted would tell their names to the count of unknown pixels.
    const rejections = batch.rejections.filter(({ pixel }) => pixel !== '');
    return { ...batch, rejections, wasBatch: false };
  } catch (error) {
    if (String(error).includes('D1_')) throw error;
    console.warn(`the dead letter ${id} could not be checked: ${error}`);
    return null;
  }
}

/** @param gone of the batch's events, from where it stands on. */
function withoutGone(
  { id, ...batch }: Batch,
  gone: Iterator<ErasedParts>,
  existing: ReadonlySet<string>,
): Batch {
  const events = batch.events.flatMap((placed): PlacedEvent[] => {
    const { event = false, aliases = [] } = gone.next().value ?? {};
    if (event) return [];
    if (aliases.length === 0) return [placed];
    return [{ ...placed, aliases: (placed.aliases ?? []).filter((alias) => !aliases.includes(alias)) }];
  });
  // What is counted for no pixel stays.
  const rejections = batch.rejections.filter(({ pixel }) => pixel === '' || existing.has(pixel));
  return { id, events, rejections };
}
