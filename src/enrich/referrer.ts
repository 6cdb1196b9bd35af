/** Finds where a visit came from: its source (Google, a newsletter, a site) and the channel of that source. */
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
  /** `''` if there is none. */
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

/** What the query parameters of a page's address say of where the visitor came from. */
export interface LinkParameters {
  readonly utm: Utm;
  /** The value of `utm_source`, `source` or `ref`, or `''`. */
  readonly tag: string;
  /** The source that the tag names; null without a tag. */
  readonly tagSource: Source | null;
  /** Whether the tag names the advertisements of the source. */
  readonly isAdvertisement: boolean;
  /** The click id of an advertising network. */
  readonly click: ClickId | undefined;
}

const NO_LINK_PARAMETERS: LinkParameters = {
  utm: { source: '', medium: '', campaign: '', content: '', term: '' },
  tag: '',
  tagSource: null,
  isAdvertisement: false,
  click: undefined,
};

/** A referring address. */
export interface Referrer {
  /** Without `www.`. */
  readonly host: string;
  /** Host and path. */
  readonly text: string;
  readonly source: Source;
}

/** What Google Analytics writes for no source and no medium. Links made from its reports contain these values. */
const NO_VALUE: ReadonlySet<string> = new Set(['(direct)', '(none)', '(not set)']);

/** The parameters of a page's address. */
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
  const value = utm.source || utmField(query, 'source') || utmField(query, 'ref');
  const tag = NO_VALUE.has(value) ? '' : value;
  return { utm, tag, ...sourceOfTag(tag), click: clickIdOf(query) };
}

/** The referrer of a referring address. */
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
 * @param link the parameters of the page's address; null if the page is unknown.
 * @param referrer null if there is none.
 * @param ownerHosts hosts of the owner, without `www.`. A referral from one of them is not a source.
 */
export function attribute(
  link: LinkParameters | null,
  referrer: Referrer | null,
  ownerHosts: readonly string[],
): Attribution {
  const { utm, tag, tagSource, isAdvertisement, click } = link ?? NO_LINK_PARAMETERS;
  const external = referrer && !ownerHosts.includes(referrer.host) ? referrer : null;
  // The tag that the owner put on the link is the most precise, then the referrer, then the network's click id.
  const namedSource = tagSource ?? external?.source ?? null;
  const source = namedSource ?? (click ? sourceOfClick(click) : null);
  const medium = NO_VALUE.has(utm.medium) ? '' : utm.medium;
  const channel = channelOf({
    kind: source?.kind ?? null,
    isByClick: namedSource === null,
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

/** Names of Google's advertisements that have another form. */
const GOOGLE_ADS: ReadonlySet<string> = new Set(['adwords', 'gads']);
/** How tags name a source's advertisements: `facebook-ads`, `fbad`, `facebook_feed_ad`. */
const ADVERTISEMENT = /[-_. ]?(?:feed[-_ ])?ads?$/;

function sourceOfTag(tag: string): Pick<LinkParameters, 'tagSource' | 'isAdvertisement'> {
  if (tag === '') return { tagSource: null, isAdvertisement: false };
  const name = tag.toLowerCase();
  const listed = sourceOfName(name) ?? sourceOfHost(name);
  if (listed) return { tagSource: listed, isAdvertisement: false };
  const advertiser = sourceOfName(GOOGLE_ADS.has(name) ? 'google' : name.replace(ADVERTISEMENT, ''));
  if (advertiser) return { tagSource: advertiser, isAdvertisement: true };
  return { tagSource: { name: cut(tag, LIMITS.source).trimEnd(), kind: 'referral' }, isAdvertisement: false };
}

function sourceOfClick({ source }: ClickId): Source {
  return sourceOfName(source) ?? { name: source, kind: 'referral' };
}
