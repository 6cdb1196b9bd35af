/** Tells where a visit came from: its source (Google, a newsletter, a site) and the channel that source belongs to. */
import { parseFields } from '../model/fields.ts';
import { LIMITS } from '../model/limits.ts';
import { hostOfUrl, withoutWww } from '../model/text/host.ts';
import { channelOf } from './channels.ts';
import { type ClickId, clickIdOf, paidChannelOf } from './clicks.ts';
import { cut, scrubReferrer, scrubText } from './scrub.ts';
import type { Source } from './source-list.ts';
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

type Fields = ReadonlyMap<string, string>;

/** What the query of a page's address says of where its visitor came from. */
export interface LinkParameters {
  readonly utm: Utm;
  /** What the owner named in `utm_source`, `source` or `ref`, as it stands there, or `''`. */
  readonly tag: string;
  /** The source of that name; null when none is named. */
  readonly tagged: Source | null;
  /** Whether that name is one of the source's advertisements. */
  readonly isAdvertisement: boolean;
  /** The advertising network whose click id it has. */
  readonly click: ClickId | undefined;
}

const NO_LINK_PARAMETERS: LinkParameters = {
  utm: { source: '', medium: '', campaign: '', content: '', term: '' },
  tag: '',
  tagged: null,
  isAdvertisement: false,
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

/** What Google Analytics writes for no source and for no medium; links that were made from its reports have it. */
const NOTHING: ReadonlySet<string> = new Set(['(direct)', '(none)', '(not set)']);

/** The link of a page's address. */
export function linkParametersOf({ search }: URL): LinkParameters {
  if (search === '') return NO_LINK_PARAMETERS;
  const query = parseFields(search.slice(1));
  const utm: Utm = {
    source: utmField(query, 'utm_source'),
    medium: utmField(query, 'utm_medium'),
    campaign: utmField(query, 'utm_campaign'),
    content: utmField(query, 'utm_content'),
    term: utmField(query, 'utm_term'),
  };
  const named = utm.source || utmField(query, 'source') || utmField(query, 'ref');
  const tag = NOTHING.has(named) ? '' : named;
  return { utm, tag, ...sourceOfTag(tag), click: clickIdOf(query) };
}

/** The parts of a referring address that count. */
export function referrerOf(url: URL): Referrer {
  const hostname = hostOfUrl(url);
  const [, folder = ''] = url.pathname.split('/');
  const host = withoutWww(hostname);
  return {
    host,
    text: scrubReferrer(url),
    source: sourceOfHost(hostname, folder) ?? { name: scrubText(host, LIMITS.source), kind: 'referral' },
  };
}

/**
 * @param link what the page's address says; null when it is unknown.
 * @param referrer null when there is none.
 * @param ownHosts hosts (without `www.`) whose referrals are no source.
 */
export function attribute(
  link: LinkParameters | null,
  referrer: Referrer | null,
  ownHosts: readonly string[],
): Attribution {
  const { utm, tag, tagged, isAdvertisement, click } = link ?? NO_LINK_PARAMETERS;
  const external = referrer && !ownHosts.includes(referrer.host) ? referrer : null;
  // The tag an owner put on the link says best where it was; then the referrer; then the network's click id.
  const named = tagged ?? external?.source ?? null;
  const source = named ?? (click ? sourceOfClick(click) : null);
  const medium = NOTHING.has(utm.medium) ? '' : utm.medium;
  const channel = channelOf({
    kind: source?.kind ?? null,
    isByClick: named === null,
    tag,
    medium,
    campaign: utm.campaign,
    paidClick: source && paidChannelOf(click, source),
    isAdvertisement,
  });
  return { referrer: external?.text ?? '', source: source?.name ?? '', channel, utm };
}

function utmField(query: Fields, name: string): string {
  const value = query.get(name);
  return value === undefined ? '' : scrubText(value, LIMITS.utm);
}

/** Names of Google's advertisements that end otherwise. */
const GOOGLE_ADS: ReadonlySet<string> = new Set(['adwords', 'gads']);
/** How tags call a source's advertisements, as `facebook-ads`, `fbad`, `facebook_feed_ad`. */
const ADVERTISEMENT = /[-_. ]?(?:feed[-_ ])?ads?$/;

function sourceOfTag(tag: string): Pick<LinkParameters, 'tagged' | 'isAdvertisement'> {
  if (tag === '') return { tagged: null, isAdvertisement: false };
  const name = tag.toLowerCase();
  const known = sourceOfName(name) ?? sourceOfHost(name);
  if (known) return { tagged: known, isAdvertisement: false };
  const advertiser = sourceOfName(GOOGLE_ADS.has(name) ? 'google' : name.replace(ADVERTISEMENT, ''));
  if (advertiser) return { tagged: advertiser, isAdvertisement: true };
  return { tagged: { name: cut(tag, LIMITS.source).trimEnd(), kind: 'referral' }, isAdvertisement: false };
}

function sourceOfClick({ source }: ClickId): Source {
  return sourceOfName(source) ?? { name: source, kind: 'referral' };
}
