/** How a destination is, in sentences that an owner can act on. Pure. */
import type { Answer, DeliveryState } from '../../model/delivery.ts';
import type {
  DeliveryJson,
  DestinationJson,
  DestinationSummaryJson,
  NetworkJson,
} from '../../model/relay-json.ts';
import { count } from '../format.ts';
import { fromNow, type Now, timeOf } from './times.ts';

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
function complaintOf({ advice, ...answer }: Omit<Answer, 'trace' | 'code'>, title: string): string {
  if (advice.startsWith(`${title} answered`)) return ended(advice);
  return joined(shortened(answer), advice);
}

/** A message as long as it may be where there are others beside it. What Speck says itself stays whole. */
const shortened = ({ status, message }: Pick<Answer, 'status' | 'message'>): string =>
  status !== 0 && message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE).trimEnd()}…` : message;

/** The same with the network and the number of its answer. */
function problemText({ advice, ...answer }: Omit<Answer, 'trace'>, title: string): string {
  if (advice.startsWith(`${title} answered`)) return ended(advice);
  return joined(answerText({ ...answer, message: shortened(answer) }, title), advice);
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

/** The code of conversions that waited when the owner switched the destination off. */
const SWITCHED_OFF = 'switched_off';

type StateOfDelivery = Pick<DeliveryJson, 'state' | 'answer' | 'sent_at'>;
type Trouble = Pick<DestinationJson, 'state' | 'problem'>;

/** What a delivery's state means, in a sentence. @param title the network's. @param destination why it waits, if it does. */
export function stateMeaning(
  { state, answer, sent_at }: StateOfDelivery,
  title: string,
  destination: Trouble,
): string {
  switch (state) {
    case 'waiting':
      if (destination.state === 'stopped')
        return `${title} does not accept the destination. It is sent once you have fixed that.`;
      return destination.problem === null && answer === null
        ? 'Speck sends it within minutes.'
        : `${title} did not take it. Speck tries again by itself: there is nothing to do.`;
    case 'sent':
      return `It is with ${title}, which decides later.`;
    case 'delivered':
      return `${title} has accepted it.`;
    case 'refused':
      if (answer?.code === SWITCHED_OFF) return 'You switched the destination off while it waited.';
      return isHeldBack(answer)
        ? `Speck did not send it, since ${title} would refuse it.`
        : `${title} refused it. It is not sent again.`;
    case 'expired':
      return `It was too old for ${title} before it could be delivered.`;
    case 'withdrawn':
      return sent_at === null
        ? 'The visitor withdrew consent before it was sent. Speck has deleted what it held.'
        : `The visitor withdrew consent while it was being sent, so ${title} may have it. Speck has deleted what it held.`;
    case 'unknown':
      return `It was sent, but the answer was lost. It is not sent again, since ${title} could count it twice.`;
  }
}

/** Whether Speck itself has refused a conversion: the network was not asked. */
export const isHeldBack = (answer: Pick<Answer, 'status'> | null): boolean => answer?.status === 0;

/** What the network answered, or why it was not asked. @param title the network's. */
export function answerText(
  { status, code, message }: Pick<Answer, 'status' | 'code' | 'message'>,
  title: string,
): string {
  if (status === 0 || message.includes(title)) return ended(message);
  const number = code === '' || code === String(status) ? String(status) : `${status}, code ${code}`;
  return message === '' ? `${title} answered ${number}.` : `${title} answered ${number}: ${ended(message)}`;
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

/** Whether there were no conversions at all. */
export const isEmpty = ({ states }: DestinationSummaryJson): boolean =>
  Object.values(states).every((n) => n === 0);

/** Conversions that were not sent since the owner switched the destination off. */
function switchedOffOf({ refusals }: DestinationSummaryJson): number {
  return refusals.reduce((sum, { code, count: n }) => sum + (code === SWITCHED_OFF ? n : 0), 0);
}

/** `good`; `trouble`: some conversions are late or were refused; `bad`: nothing arrives. The others are neither. */
export type Tone = 'good' | 'trouble' | 'bad' | 'test' | 'idle';

export interface Status {
  readonly tone: Tone;
  readonly label: string;
}

type Known = Pick<NetworkJson, 'title' | 'test' | 'deduplicates'>;

/** How a destination is, in a word or two. @param summary null: it is not known yet. */
export function statusOf(destination: DestinationJson, summary: DestinationSummaryJson | null): Status {
  const { state, mode, problem, missing_goals } = destination;
  if (state === 'off') return { tone: 'idle', label: 'Off' };
  if (state === 'stopped') return { tone: 'bad', label: 'Stopped' };
  if (problem !== null) return { tone: 'trouble', label: 'Trying again' };
  const isTest = mode === 'test';
  if (summary !== null) {
    const { delivered, sent, refused, expired, unknown } = summary.states;
    const lost = refused + expired + unknown - switchedOffOf(summary);
    if (lost > 0 && delivered + sent === 0) return { tone: 'bad', label: 'Nothing delivered' };
    if (lost > 0 || (summary.doubled ?? 0) > 0 || missing_goals.length > 0)
      return { tone: 'trouble', label: 'Needs attention' };
    if (!isTest && isEmpty(summary)) return { tone: 'idle', label: 'On, nothing to send' };
  } else if (missing_goals.length > 0) return { tone: 'trouble', label: 'Needs attention' };
  return isTest ? { tone: 'test', label: 'On, test mode' } : { tone: 'good', label: 'On' };
}

/** Those first that need their owner, as far as it is known without their numbers; those that are off last. */
export function byTrouble(destinations: readonly DestinationJson[]): DestinationJson[] {
  const rank = ({ state, problem, missing_goals }: DestinationJson): number => {
    if (state !== 'on') return state === 'stopped' ? 0 : 4;
    return problem !== null ? 1 : missing_goals.length > 0 ? 2 : 3;
  };
  return destinations.toSorted((one, other) => rank(one) - rank(other));
}

/** How many reasons of refusals are told. */
const MAX_REASONS = 2;

const wait = (number: number): string => `${count(number)} ${number === 1 ? 'waits' : 'wait'}`;

/** When the network is asked again. */
function nextTry(retryAt: string, now: Now): string {
  return Date.parse(retryAt) <= now.at
    ? 'the next try is due'
    : `the next try is at ${timeOf(retryAt, now)}, ${fromNow(retryAt, now)}`;
}

/** What the owner should know of a destination: why it has stopped, what was delivered in the last days, and what was not. */
export function healthOf(
  destination: DestinationJson,
  summary: DestinationSummaryJson,
  network: Known,
  now: Now,
): Sentence[] {
  const { title } = network;
  const { states, days } = summary;
  const sentences: Sentence[] = [];
  const say = (mood: Mood, text: string): unknown => sentences.push({ mood, text });
  const { state, problem } = destination;
  if (state === 'stopped' && problem !== null) say('worse', `Stopped: ${problemText(problem, title)}`);
  if (state === 'off') say('same', 'Nothing is sent, and nothing is kept to be sent later.');
  else if (destination.mode === 'test') say('same', testMeaning(network, destination.test_code));
  for (const goal of destination.missing_goals) {
    say(
      'worse',
      `The pixel has no goal “${goal}” any more, so nothing is sent for it. Edit the destination to choose another one.`,
    );
  }
  if (state === 'on' && problem !== null && problem.retry_at !== null) {
    const waiting = states.waiting === 0 ? '' : `${wait(states.waiting)}; `;
    const next = nextTry(problem.retry_at, now);
    say('worse', joined(problemText(problem, title), sentenceOf(`${waiting}${next}`)));
  }
  if (isEmpty(summary)) {
    say('same', `No conversions in the last ${days} days.`);
    return sentences;
  }
  sentences.push(...deliveredOf(summary), ...refusedOf(summary, title), ...lostOf(summary, network));
  if (states.sent > 0) say('same', `${count(states.sent)} sent; ${title} decides later.`);
  if (states.waiting > 0 && state === 'stopped') {
    const expire = states.waiting === 1 ? 'it expires' : 'they expire';
    say('same', `${wait(states.waiting)} until you have fixed this, or until ${expire}.`);
  } else if (states.waiting > 0 && problem === null) say('same', `${wait(states.waiting)} to be sent.`);
  if (states.withdrawn > 0) {
    say('same', `${count(states.withdrawn)} withdrawn, since visitors withdrew consent.`);
  }
  return sentences;
}

const sentenceOf = (text: string): string => ended(text.charAt(0).toUpperCase() + text.slice(1));

function deliveredOf(summary: DestinationSummaryJson): Sentence[] {
  const { delivered, sent } = summary.states;
  const all = endedOf(summary) - switchedOffOf(summary);
  const sentences: Sentence[] = [];
  if (delivered > 0) {
    const text =
      delivered < all
        ? `Delivered ${count(delivered)} of ${count(all)}.`
        : all === 1
          ? 'Delivered the only conversion.'
          : `Delivered all ${count(all)}.`;
    sentences.push({ mood: delivered === all ? 'better' : 'same', text });
  } else if (all > 0) {
    sentences.push({ mood: sent === 0 ? 'worse' : 'same', text: `Delivered none of ${count(all)}.` });
  }
  if (!summary.complete) {
    sentences.push({ mood: 'same', text: `These are the latest of more than ${count(all)} conversions.` });
  }
  return sentences;
}

/** Why conversions were refused. */
function refusedOf(summary: DestinationSummaryJson, title: string): Sentence[] {
  const own = switchedOffOf(summary);
  const reasons = summary.refusals.filter(({ code }) => code !== SWITCHED_OFF);
  const told = reasons.slice(0, MAX_REASONS);
  const sentences: Sentence[] = told.map((reason) => ({
    mood: 'worse',
    text: `${count(reason.count)} refused: ${complaintOf(reason, title)}`,
  }));
  const others = summary.states.refused - own - told.reduce((sum, one) => sum + one.count, 0);
  if (others > 0) {
    const end = told.length === 0 ? '.' : ' for other reasons.';
    sentences.push({ mood: 'worse', text: `${count(others)} refused${end}` });
  }
  if (own > 0) {
    const them = own === 1 ? 'it' : 'they';
    sentences.push({
      mood: 'same',
      text: `${count(own)} not sent: the destination was switched off while ${them} waited.`,
    });
  }
  return sentences;
}

/** What counts twice, and what did not arrive. */
function lostOf(summary: DestinationSummaryJson, network: Known): Sentence[] {
  const { expired, unknown } = summary.states;
  const { title, deduplicates } = network;
  const doubled = summary.doubled ?? 0;
  const texts: string[] = [];
  if (doubled > 0 && deduplicates === 'none') {
    texts.push(
      `${times(doubled, 'conversion')} had ${title}'s own pixel on the page, too: ${title} counts ` +
        `${doubled === 1 ? 'it' : 'these'} twice, since it recognizes no event that it gets from both. Let only one of them report it.`,
    );
  } else if (doubled > 0) {
    texts.push(
      `${times(doubled, 'conversion')} had no event id while ${title}'s own pixel was on the page: ` +
        `${title} counts ${doubled === 1 ? 'it' : 'these'} twice. Add data-relay to the snippet.`,
    );
  }
  if (expired > 0) {
    texts.push(
      `${count(expired)} expired: too old for ${title} before ${expired === 1 ? 'it' : 'they'} could be delivered.`,
    );
  }
  if (unknown > 0) {
    texts.push(
      `${count(unknown)} sent without an answer, and not sent again, since ${title} could count ${unknown === 1 ? 'it' : 'them'} twice.`,
    );
  }
  return texts.map((text) => ({ mood: 'worse', text }));
}

const REPORTERS = { browser: 'the page', server: 'your server' } as const;

/** Who has told Speck, or the network itself, of a conversion. */
export function reportedBy(
  { reported, on_page, has_eid }: Pick<DeliveryJson, 'reported' | 'on_page' | 'has_eid'>,
  { title, deduplicates }: Pick<NetworkJson, 'title' | 'deduplicates'>,
): string {
  const own = reported.map((one) => REPORTERS[one]).join(' and ');
  if (!on_page) return `Reported by ${own}`;
  const isOne = deduplicates === 'all' && has_eid;
  return `Reported by ${own}, and by ${title}'s pixel${isOne ? ' under the same id' : ''}`;
}
