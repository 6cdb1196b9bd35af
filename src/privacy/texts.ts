/** The words of the visitor's pages; the longer ones are in opt-out.html and privacy.html. These are what another language needs. */
import type { PersonKind } from '../model/person.ts';
import type { OptOut } from '../model/wire.ts';
import { type Html, html } from './html.ts';

/** For dates and for the names of countries and languages. */
export const LANGUAGE = 'en-GB';

export const NAVIGATION = { '/privacy': 'Your data', '/opt-out': 'Opt out' };

/** Why a page cannot be shown: its status, a title, and what to do. */
export const PROBLEMS = {
  foreign: [
    403,
    'Not from here',
    'Another page asked for this, so nothing was done. If it was you, use the button on this one.',
  ],
  unknown: [404, 'No such pixel', 'No pixel has this id. It may have been deleted.'],
  method: [405, 'Not understood', 'This page can be opened, and its button be pressed.'],
  limited: [429, 'Too often', 'Too many requests came from your address. Try again in a minute.'],
  unavailable: [503, 'Not now', 'The database does not answer. Try again in a minute.'],
} as const satisfies Readonly<Record<string, readonly [number, string, string]>>;

/** Of each state: what it is, what follows from it, and the button that changes it. */
const STATES: Readonly<Record<OptOut, readonly [title: string, text: string, button: string]>> = {
  '': [
    'This browser is counted.',
    'It is a new visitor each day, unless you agreed to a cookie or signed in.',
    'Opt out',
  ],
  signal: [
    'This browser asks not to be followed.',
    'It sends Global Privacy Control or Do Not Track, so you are not recognised. Some sites still count the page view. Opt out, and nothing is stored.',
    'Opt out',
  ],
  opt_out: ['This browser has opted out.', 'Nothing that it does here is stored.', 'Let it be counted again'],
};

export const OPT_OUT = {
  title: 'Do you want to be counted?',
  lead: 'Some sites that you visit count their page views here. Whether they count yours is up to you.',
  states: STATES,
  lost: (host: string): Html => html`<p><strong>Your browser did not keep your choice.</strong></p>
<p>It takes a cookie from ${host}. Allow it and try again, or turn on Global Privacy Control, a setting of some browsers: it is heeded
here without a cookie, and you are not recognised.</p>`,
};

const count = (number: number, one: string): string =>
  `${number.toLocaleString(LANGUAGE)} ${one}${number === 1 ? '' : 's'}`;

const BY_ID = 'Add ?id= and the id of a pixel to this address to look through it alone.';

const KINDS_OF_PERSON: Readonly<Partial<Record<string, string>>> = {
  uid: 'a user id',
  external_id: 'a customer id',
  em: 'an e-mail address',
  ph: 'a phone number',
} satisfies Readonly<Partial<Record<PersonKind, string>>>;

export const PRIVACY = {
  title: 'What is kept about you',
  lead: 'Found just now by your address and browser, for today, and by your cookie, if you agreed to one.',
  found: (events: number, pixels: number): string =>
    pixels === 0 ? 'Nothing was found.' : `${count(events, 'event')} at ${count(pixels, 'site')}.`,
  optedOut: 'You have opted out: nothing is added.',
  erased: (events: number): string => `${count(events, 'event')} erased, for good.`,
  agents:
    'Many different browsers have asked from your address in the last hour, so that nothing was looked for by address and browser.',
  partly: `Of what came since the last full hour, only a part was looked through. Look again in an hour. ${BY_ID}`,
  morePixels: (most: number): string => `Only the ${most} newest pixels were looked through. ${BY_ID}`,
  erasing: (alone: boolean): string =>
    alone
      ? 'One press erases all that this pixel keeps about you. Your cookie stays: by it you find what others keep.'
      : 'One press erases all of it, and your cookie.',
  button: 'Erase it for good',
  events: (total: number, isLeast: boolean, days: number): string =>
    `${isLeast ? 'At least ' : ''}${count(total, 'event')}. Events are kept for ${count(days, 'day')}.`,
  latest: (shown: number): string => `The latest ${shown} are shown. `,
  more: 'Show more',
  caption: (timezone: string): string =>
    `Of what was found by your cookie, every field that is not empty is shown; of what was found by your address and browser, only the page. Times are those of ${timezone}.`,
  columns: ['When', 'What', 'What else'],
  days: (days: string): string => `Your cookie was seen on ${days}.`,
  linked: (kind: string): string => `It was seen with ${KINDS_OF_PERSON[kind]}.`,
};

/** What an event is called; its own name otherwise. A map, since anyone can name an event `constructor`. */
export const KINDS_OF_EVENT: ReadonlyMap<string, string> = new Map([
  ['pageview', 'Page view'],
  ['engagement', 'Page read'],
]);

export const READING = {
  engaged: (milliseconds: number): string => `for ${milliseconds / 1000} seconds`,
  scroll: (percent: number): string => `down to ${percent} %`,
  authenticated: 'the site’s server',
};

/** Fields in the order in which they are shown. Columns that a space joins are one value, others are listed. */
export const FIELDS: readonly (readonly [name: string, columns: string])[] = [
  ['Came from', 'source, channel, referrer'],
  ['Campaign', 'utm_source, utm_medium, utm_campaign, utm_content, utm_term'],
  ['Place', 'city, region_name region, country'],
  ['Device', 'device, browser browser_version, os os_version'],
  ['Language', 'language'],
  ['Read', 'engaged, scroll'],
  ['Amount', 'value currency'],
  ['Custom data', 'props'],
  ['Sent by', 'agent_class, authenticated'],
  ['Event number', 'id'],
  ['The site’s number for it', 'eid'],
];
