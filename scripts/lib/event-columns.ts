/**
 * What each column of an event contains: the table in docs/privacy.md. The compiler asks for an entry for each column, and a test holds
 * the document to this table.
 */
import { EVENT_COLUMNS, type Event } from '../../src/model/event.ts';

interface Column {
  readonly holds: string;
  /** What is stored of it if the visitor refuses. */
  readonly refused: string;
}

const ALL = 'kept';
const NOTHING = '–';

const COLUMNS: { readonly [Name in keyof Event]: Column } = {
  pixel: { holds: "the pixel's id", refused: ALL },
  ts: { holds: 'when it happened, in milliseconds', refused: ALL },
  id: { holds: 'a random id made at the edge', refused: ALL },
  eid: { holds: "the page's own id of the event, if it sends one", refused: ALL },
  visitor: { holds: "a hash of IP address and user agent under the day's salt", refused: NOTHING },
  person: { holds: "with consent, sign-in or matching: a hash under the pixel's key", refused: NOTHING },
  name: { holds: '`pageview`, or the name of the event', refused: ALL },
  page: {
    holds: "the path; of the query only the owner's `query_params`; e-mail addresses masked",
    refused: ALL,
  },
  hostname: { holds: "the page's host", refused: ALL },
  currency: { holds: 'the currency of `value`', refused: NOTHING },
  referrer: { holds: 'host and path of the page on another site that led here', refused: 'the host' },
  source: { holds: "the referrer's or campaign's name", refused: ALL },
  channel: { holds: 'the kind of source', refused: ALL },
  utm_source: { holds: 'as the link says', refused: ALL },
  utm_medium: { holds: 'as the link says', refused: ALL },
  utm_campaign: { holds: 'as the link says', refused: ALL },
  utm_content: { holds: 'as the link says', refused: ALL },
  utm_term: { holds: 'as the link says', refused: ALL },
  device: { holds: 'Desktop, Mobile, Tablet, …', refused: ALL },
  browser: { holds: "the browser's name", refused: ALL },
  browser_version: { holds: 'its major version', refused: ALL },
  os: { holds: "the system's name", refused: ALL },
  os_version: { holds: 'its version', refused: ALL },
  country: { holds: 'as Cloudflare locates the IP address', refused: ALL },
  region: { holds: 'as Cloudflare locates the IP address', refused: NOTHING },
  region_name: { holds: 'as Cloudflare locates the IP address', refused: NOTHING },
  city: { holds: 'as Cloudflare locates the IP address', refused: NOTHING },
  language: { holds: "the visitor's first preferred language, without its country", refused: ALL },
  authenticated: { holds: "1 if the owner's server sent it with a token, else 0", refused: ALL },
  agent_class: { holds: '`human`, or `mail_proxy` for a mail program', refused: ALL },
  engaged: { holds: 'how long a page was looked at, in milliseconds', refused: NOTHING },
  scroll: { holds: 'how far it was scrolled, in percent', refused: NOTHING },
  value: { holds: 'revenue, if the page sends it', refused: NOTHING },
  props: { holds: "the page's own data, e-mail addresses masked", refused: NOTHING },
};

export const BEGIN = '<!-- columns: written by npm run docs -->';
export const END = '<!-- end of columns -->';

/** A document with the table of columns between its markers. */
export function withColumns(document: string): string {
  const rows = EVENT_COLUMNS.map(
    (name) => `| \`${name}\` | ${COLUMNS[name].holds} | ${COLUMNS[name].refused} |`,
  );
  const table = ['| column | contains | if the visitor refuses |', '| --- | --- | --- |', ...rows].join('\n');
  const [before = '', rest = ''] = document.split(BEGIN);
  const [, after = ''] = rest.split(END);
  return `${before}${BEGIN}\n${table}\n${END}${after}`;
}
