/** The texts of the visitor's pages. The longer ones are in opt-out.html and privacy.html. A translation needs all of them. */
import type { PersonKind } from '../model/person.ts';
import type { OptOut } from '../model/wire.ts';
import { type Html, html } from './html.ts';

/** For dates and for the names of countries and languages. */
export const LANGUAGE = 'en-GB';

export const NAVIGATION = { '/privacy': 'Your data', '/opt-out': 'Opt out' };

/** The error pages: status, title, and what to do. */
export const PROBLEMS = {
  foreign: [
    403,
    'Not from here',
    'Another page sent this request, so nothing was done. If you meant to do it, use the button on this page.',
  ],
  unknown: [404, 'No such pixel', 'No pixel has this id. It may have been deleted.'],
  method: [405, 'Wrong method', 'Open this page in a browser, or use its button.'],
  limited: [429, 'Too many requests', 'Too many requests came from your address. Try again in a minute.'],
  unavailable: [503, 'Unavailable', 'The database does not answer. Try again in a minute.'],
} as const satisfies Readonly<Record<string, readonly [number, string, string]>>;

/** For each state: its name, what it means, and the button that changes it. */
const STATES: Readonly<Record<OptOut, readonly [title: string, text: string, button: string]>> = {
  '': [
    'This browser is counted.',
    'It counts as a new visitor each day, unless you agreed to a cookie or signed in.',
    'Opt out',
  ],
  signal: [
    'This browser asks not to be followed.',
    'It sends Global Privacy Control or Do Not Track, so you are not recognized. Some sites still count the page view. If you opt out, nothing is stored.',
    'Opt out',
  ],
  opt_out: ['This browser has opted out.', 'Nothing that it does is stored here.', 'Opt in again'],
};

export const OPT_OUT = {
  title: 'Do you want to be counted?',
  lead: 'Some sites that you visit count their page views here. Whether they count yours is up to you.',
  states: STATES,
  lost: (host: string): Html => html`<p><strong>Your browser did not keep your choice.</strong></p>
<p>Opting out needs a cookie from ${host}. Allow it and try again. Or turn on Global Privacy Control, a setting of some browsers: it
needs no cookie, and you are not recognized.</p>`,
};

const count = (number: number, one: string): string =>
  `${number.toLocaleString(LANGUAGE)} ${one}${number === 1 ? '' : 's'}`;

const BY_ID = 'To search a single pixel, add ?id= and its id to this address.';

const IDENTIFIER_NAMES: Readonly<Partial<Record<string, string>>> = {
  uid: 'a user id',
  external_id: 'a customer id',
  em: 'an e-mail address',
  ph: 'a phone number',
} satisfies Readonly<Partial<Record<PersonKind, string>>>;

export const PRIVACY = {
  title: 'What is stored about you',
  lead: 'Found by your address and browser, for today, and by your cookie, if you agreed to one.',
  found: (events: number, pixels: number): string =>
    pixels === 0 ? 'Nothing was found.' : `${count(events, 'event')} at ${count(pixels, 'site')}.`,
  optedOut: 'You have opted out: nothing is added.',
  erased: (events: number): string => `${count(events, 'event')} erased, for good.`,
  agents:
    'Many different browsers have sent requests from your address in the last hour. So this page did not search by address and browser.',
  partial: `Only a part of the events since the last full hour was searched. Try again in an hour. ${BY_ID}`,
  morePixels: (max: number): string => `Only the ${max} newest pixels were searched. ${BY_ID}`,
  erase: (isSinglePixel: boolean): string =>
    isSinglePixel
      ? 'The button erases all that this pixel stores about you. Your cookie stays, so that you can find what other pixels store.'
      : 'The button erases all of it, and your cookie.',
  button: 'Erase it for good',
  events: (total: number, isLeast: boolean, days: number): string =>
    `${isLeast ? 'At least ' : ''}${count(total, 'event')}. Events are stored for ${count(days, 'day')}.`,
  latest: (events: number): string => `The latest ${events} are shown. `,
  more: 'Show more',
  caption: (timezone: string): string =>
    `Events found by your cookie are shown with every field that has a value. Events found by your address and browser are shown with the page only. Times are in the time zone ${timezone}.`,
  columns: ['When', 'What', 'What else'],
  days: (days: string): string => `Your cookie was seen on ${days}.`,
  linked: (kind: string): string => `It was seen with ${IDENTIFIER_NAMES[kind]}.`,
};

/** Labels of events. Others have their own names. A map, since anyone can name an event `constructor`. */
export const EVENT_LABELS: ReadonlyMap<string, string> = new Map([
  ['pageview', 'Page view'],
  ['engagement', 'Page read'],
]);

export const READING = {
  engaged: (milliseconds: number): string => `for ${milliseconds / 1000} seconds`,
  scroll: (percent: number): string => `down to ${percent} %`,
  authenticated: 'the site’s server',
};

/** Fields in the order of the page. Columns separated by a space form one value; a comma lists values. */
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
