/** How a destination is, in sentences that an owner can act on. Pure. */
import type { Answer, DeliveryState } from '../../model/delivery.ts';
import type { DestinationJson, DestinationSummaryJson, NetworkJson } from '../../model/relay-json.ts';
import { count } from '../format.ts';

export type Mood = 'better' | 'worse' | 'same';

export interface Sentence {
  readonly mood: Mood;
  readonly text: string;
}

/** A text as a sentence: with a full stop, unless it ends in a mark of its own. */
export function ended(text: string): string {
  const trimmed = text.trim();
  return trimmed === '' || /[.!?…:]$/.test(trimmed) ? trimmed : `${trimmed}.`;
}

const joined = (...texts: readonly string[]): string =>
  texts
    .map(ended)
    .filter((text) => text !== '')
    .join(' ');

/** Characters of a network's message that are told where there are others beside it. */
const MAX_MESSAGE = 160;

/** A network's message and the advice. An advice that says itself what the network answered needs no message before it. */
function complaintOf({ message, advice }: Pick<Answer, 'message' | 'advice'>, title: string): string {
  if (advice.startsWith(`${title} answered`)) return ended(advice);
  const short = message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE).trimEnd()}…` : message;
  return joined(short, advice);
}

const times = (number: number, one: string, many = `${one}s`): string =>
  `${count(number)} ${number === 1 ? one : many}`;

/** A state as a label. */
export const STATE_NAMES: Readonly<Record<DeliveryState, string>> = {
  waiting: 'Waiting',
  sent: 'Sent',
  delivered: 'Delivered',
  refused: 'Refused',
  expired: 'Expired',
  withdrawn: 'Withdrawn',
  unknown: 'Unknown',
};

export const STATE_MOODS: Readonly<Record<DeliveryState, Mood>> = {
  waiting: 'same',
  sent: 'same',
  delivered: 'better',
  refused: 'worse',
  expired: 'worse',
  withdrawn: 'same',
  unknown: 'worse',
};

/** What a state means, in a sentence. @param title the network's. @param isStopped whether the destination has stopped. */
export function stateMeaning(state: DeliveryState, title: string, isStopped: boolean): string {
  switch (state) {
    case 'waiting':
      return isStopped
        ? `${title} does not accept the destination. It is sent once you have fixed that.`
        : 'It is sent as soon as it is its turn.';
    case 'sent':
      return `It is with ${title}, which decides later.`;
    case 'delivered':
      return `${title} has accepted it.`;
    case 'refused':
      return 'It is not sent again.';
    case 'expired':
      return `It was too old for ${title} before it could be delivered.`;
    case 'withdrawn':
      return 'The visitor withdrew the consent before it was sent. What it held is deleted.';
    case 'unknown':
      return `It was sent, but the answer was lost. It is not sent again, since ${title} could count it twice.`;
  }
}

/** What the network answered, or why it was not asked. @param title the network's. */
export function answerText({ status, code, message }: Answer, title: string): string {
  if (status === 0 || message.includes(title)) return ended(message);
  const number = code === '' || code === String(status) ? String(status) : `${status}, code ${code}`;
  return message === '' ? `${title} answered ${number}.` : `${title} answered ${number}: ${ended(message)}`;
}

/** The state of a destination as a label. */
export function stateLabel({ state, mode }: Pick<DestinationJson, 'state' | 'mode'>): string {
  if (state === 'off') return 'Off';
  if (state === 'stopped') return 'Stopped';
  return mode === 'live' ? 'On' : 'On, as a test';
}

/** What the test mode of a network does. */
export function testMeaning({ title, test }: Pick<NetworkJson, 'title' | 'test'>, code: string): string {
  switch (test) {
    case 'code':
      return `${title} shows the conversions among its test events${code === '' ? '' : `, under the code ${code}`}, and may count them.`;
    case 'validate':
      return `${title} checks the conversions and counts none.`;
    case 'none':
      return `${title} has no test mode, so it counts the conversions.`;
  }
}

/** The number of conversions whose end is known: they were delivered, or will not be. */
function endedOf({ states: { delivered, refused, expired, unknown } }: DestinationSummaryJson): number {
  return delivered + refused + expired + unknown;
}

/** How many reasons of refusals are told. */
const MAX_REASONS = 2;

/** What the owner should know of a destination: why it has stopped, what was delivered in the last days, and what was not. */
export function healthOf(
  destination: DestinationJson,
  summary: DestinationSummaryJson,
  network: Pick<NetworkJson, 'title' | 'test'>,
): Sentence[] {
  const { title } = network;
  const { states, refusals, doubled, days } = summary;
  const sentences: Sentence[] = [];
  const { problem } = destination;
  if (destination.state === 'stopped' && problem !== null) {
    sentences.push({ mood: 'worse', text: `Stopped: ${complaintOf(problem, title)}` });
  }
  if (destination.state === 'off') {
    sentences.push({ mood: 'same', text: 'Nothing is sent, and nothing is kept to be sent later.' });
  } else if (destination.mode === 'test') {
    sentences.push({ mood: 'same', text: testMeaning(network, destination.test_code) });
  }
  for (const goal of destination.missing_goals) {
    sentences.push({
      mood: 'worse',
      text: `The pixel has no goal “${goal}” any more, so nothing is sent for it. Choose another one.`,
    });
  }
  const all = endedOf(summary);
  if (Object.values(states).every((n) => n === 0)) {
    return [...sentences, { mood: 'same', text: `No conversions in the last ${days} days.` }];
  }
  if (states.delivered > 0) {
    const text =
      states.delivered < all
        ? `Delivered ${count(states.delivered)} of ${count(all)}.`
        : all === 1
          ? 'Delivered the only conversion.'
          : `Delivered all ${count(all)}.`;
    sentences.push({ mood: states.delivered === all ? 'better' : 'same', text });
  } else if (all > 0) {
    sentences.push({ mood: 'same', text: `Delivered none of ${count(all)}.` });
  }
  if (!summary.complete) {
    sentences.push({ mood: 'same', text: `These are the latest of more than ${count(all)} conversions.` });
  }
  for (const refusal of refusals.slice(0, MAX_REASONS)) {
    sentences.push({
      mood: 'worse',
      text: `${count(refusal.count)} refused: ${complaintOf(refusal, title)}`,
    });
  }
  const told = refusals.slice(0, MAX_REASONS).reduce((sum, one) => sum + one.count, 0);
  if (states.refused > told) {
    const others = states.refused - told;
    sentences.push({
      mood: 'worse',
      text: told === 0 ? `${count(others)} refused.` : `${count(others)} refused for other reasons.`,
    });
  }
  if (doubled > 0) {
    sentences.push({
      mood: 'worse',
      text:
        `${times(doubled, 'conversion')} had no event id while ${title}'s own pixel was on the page: ` +
        `${title} counts ${doubled === 1 ? 'it' : 'these'} twice. Add data-relay to the snippet.`,
    });
  }
  if (states.expired > 0) {
    sentences.push({
      mood: 'worse',
      text: `${count(states.expired)} expired: too old for ${title} before ${states.expired === 1 ? 'it' : 'they'} could be delivered.`,
    });
  }
  if (states.unknown > 0) {
    sentences.push({
      mood: 'worse',
      text: `${count(states.unknown)} sent without an answer, and not sent again, since ${title} could count ${states.unknown === 1 ? 'it' : 'them'} twice.`,
    });
  }
  if (states.sent > 0) {
    sentences.push({ mood: 'same', text: `${count(states.sent)} sent; ${title} decides later.` });
  }
  if (states.waiting > 0) {
    const wait = states.waiting === 1 ? 'waits' : 'wait';
    sentences.push({
      mood: 'same',
      text:
        destination.state === 'stopped'
          ? `${count(states.waiting)} ${wait} until you have fixed this, or until ${states.waiting === 1 ? 'it expires' : 'they expire'}.`
          : `${count(states.waiting)} ${wait} to be sent.`,
    });
  }
  if (states.withdrawn > 0) {
    sentences.push({
      mood: 'same',
      text: `${count(states.withdrawn)} withdrawn: the visitors took their consent back before ${states.withdrawn === 1 ? 'it was' : 'they were'} sent.`,
    });
  }
  return sentences;
}
