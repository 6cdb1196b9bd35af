/**
 * Tells where a visit came from: its source (Google, a newsletter, a site) and the channel that source belongs to.
 * Channels are named and told apart as Google Analytics and Plausible do, so that owners can compare.
 */
import { parseFields } from '../model/fields.ts';
import { LIMITS } from '../model/limits.ts';
import { hostOfUrl, withoutWww } from '../model/text/host.ts';
import { cut, scrubReferrer, scrubText } from './scrub.ts';
import type { Kind, Source } from './source-list.ts';
import { sourceOfHost, sourceOfName } from './sources.ts';

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

interface ClickId {
  readonly param: string;
  readonly source: string;
  readonly channel: string;
}

/** Parameters that an advertising network adds to a click, and what they say of it. The id itself is never kept. */
const CLICK_IDS: readonly ClickId[] = [
  { param: 'gclid', source: 'Google', channel: 'Paid Search' },
  { param: 'msclkid', source: 'Bing', channel: 'Paid Search' },
  { param: 'ttclid', source: 'TikTok', channel: 'Paid Social' },
  { param: 'li_fat_id', source: 'LinkedIn', channel: 'Paid Social' },
  { param: 'twclid', source: 'Twitter', channel: 'Paid Social' },
  // Facebook adds it to every link that leaves it, paid or not.
  { param: 'fbclid', source: 'Facebook', channel: 'Organic Social' },
];

type Fields = ReadonlyMap<string, string>;

/** What the query of a page's address says of where its visitor came from. */
export interface Marks {
  readonly utm: Utm;
  /** The source that the owner named in `utm_source`, `source` or `ref`; null when none is named. */
  readonly tagged: Source | null;
  /** The advertising network whose click id it has. */
  readonly click: ClickId | undefined;
}

const NO_MARKS: Marks = {
  utm: { source: '', medium: '', campaign: '', content: '', term: '' },
  tagged: null,
  click: undefined,
};

/** A referring address. */
export interface Referrer {
  /** Without `www.`. */
  readonly host: string;
  /** As owners read it. */
  readonly text: string;
  readonly source: Source;
}

/** The marks of a page's address. */
export function marksOf({ search }: URL): Marks {
  if (search === '') return NO_MARKS;
  const query = parseFields(search.slice(1));
  const utm: Utm = {
    source: utmField(query, 'utm_source'),
    medium: utmField(query, 'utm_medium'),
    campaign: utmField(query, 'utm_campaign'),
    content: utmField(query, 'utm_content'),
    term: utmField(query, 'utm_term'),
  };
  const tag = utm.source || utmField(query, 'source') || utmField(query, 'ref');
  return {
    utm,
    tagged: tag === '' ? null : sourceOfTag(tag),
    click: CLICK_IDS.find(({ param }) => query.has(param)),
  };
}

/** The parts of a referring address that count. */
export function referrerOf(url: URL): Referrer {
  const hostname = hostOfUrl(url);
  const [, folder = ''] = url.pathname.split('/');
  const host = withoutWww(hostname);
  return {
    host,
    text: scrubReferrer(url),
    source: sourceOfHost(hostname, folder) ??
      sourceOfHost(hostname) ?? { name: scrubText(host, LIMITS.source), kind: 'referral' },
  };
}

/**
 * @param marks what the page's address says; null when it is unknown.
 * @param referrer null when there is none.
 * @param ownHosts hosts (without `www.`) whose referrals are no source.
 */
export function attribute(
  marks: Marks | null,
  referrer: Referrer | null,
  ownHosts: readonly string[],
): Attribution {
  const { utm, tagged, click } = marks ?? NO_MARKS;
  const external = referrer && !ownHosts.includes(referrer.host) ? referrer : null;
  // The tag an owner put on the link says best where it was; then the referrer; then the network's click id.
  const source = tagged ?? external?.source ?? (click ? sourceOfClick(click) : null);
  return {
    referrer: external?.text ?? '',
    source: source?.name ?? '',
    channel: channelOf(utm, source, click?.channel),
    utm,
  };
}

function utmField(query: Fields, name: string): string {
  const value = query.get(name);
  return value === undefined ? '' : scrubText(value, LIMITS.utm);
}

function sourceOfTag(tag: string): Source {
  const known = sourceOfName(tag) ?? sourceOfHost(tag.toLowerCase());
  return known ?? { name: cut(tag, LIMITS.source).trimEnd(), kind: 'referral' };
}

function sourceOfClick({ source }: ClickId): Source {
  return sourceOfName(source) ?? { name: source, kind: 'referral' };
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
