/**
 * The channel of a visit. The rules, their order and the names are those of Google Analytics 4 ("Default channel group") and
 * Plausible. The table in docs/metrics.md lists them with their sources.
 */
import type { Kind } from './source-list.ts';

/** What the channel of a visit depends on. */
export interface VisitSource {
  /** The kind of the source; null without a source. */
  readonly kind: Kind | null;
  /** Whether only the click id of an advertising network names the source. */
  readonly isByClick: boolean;
  /** The name of the source in the link, or `''`. */
  readonly tag: string;
  readonly medium: string;
  readonly campaign: string;
  /** The paid channel that the click id names, or null. */
  readonly paidClick: string | null;
  /** Whether the link names the source's advertisements, such as `facebook-ads`. */
  readonly isAdvertisement: boolean;
}

const PAID = /cp|^(?:ppc|retargeting)$|^paid/;
const SHOP = /(?:^|[^a-df-z])shop|shopping/;
const DISPLAY: ReadonlySet<string> = new Set(['display', 'banner', 'expandable', 'interstitial', 'cpm']);
const SOCIAL: ReadonlySet<string> = new Set([
  'social',
  'social-network',
  'social-media',
  'sm',
  'social network',
  'social media',
]);
const EMAIL = /e[-_ ]?mail|newsletter|^mail$/;
const PUSH = /push$|mobile|notification/;

const PAID_CHANNELS: Partial<Record<Kind, string>> = {
  shopping: 'Paid Shopping',
  search: 'Paid Search',
  social: 'Paid Social',
  video: 'Paid Video',
};

export function channelOf(visit: VisitSource): string {
  const { kind, isByClick, isAdvertisement, paidClick } = visit;
  const tag = visit.tag.toLowerCase();
  const medium = visit.medium.toLowerCase();
  const campaign = visit.campaign.toLowerCase();
  if (campaign.includes('cross-network')) return 'Cross-network';
  const isPaid = isAdvertisement || PAID.test(medium);
  const isShopping = kind === 'shopping' || SHOP.test(campaign);
  const paid = isShopping ? 'Paid Shopping' : kind && PAID_CHANNELS[kind];
  if (isPaid && paid) return paid;
  if (DISPLAY.has(medium)) return 'Display';
  if (isPaid || kind === 'paid') return 'Paid Other';
  const byLink = organicChannelOf(null, tag, medium);
  const isInLink = byLink !== 'Direct' && byLink !== 'Referral';
  if (paidClick !== null) {
    // Tag and medium may contradict the id: a link in an e-mail or a message was not paid for. `video` specifies the id.
    if (!isInLink || byLink === paidClick.replace('Paid', 'Organic')) return paidClick;
    if (byLink === 'Organic Video') return 'Paid Video';
  }
  if (isShopping) return 'Organic Shopping';
  return isByClick && isInLink ? byLink : organicChannelOf(kind, tag, medium);
}

function organicChannelOf(kind: Kind | null, tag: string, medium: string): string {
  if (kind === 'social' || SOCIAL.has(medium)) return 'Organic Social';
  if (kind === 'video' || medium.includes('video')) return 'Organic Video';
  if (kind === 'ai') return 'AI Assistants';
  if (kind === 'search' || medium === 'organic') return 'Organic Search';
  if (kind === 'email' || EMAIL.test(tag) || EMAIL.test(medium)) return 'Email';
  if (medium === 'affiliate') return 'Affiliates';
  if (medium === 'audio') return 'Audio';
  if (tag === 'sms' || medium === 'sms') return 'SMS';
  if (PUSH.test(medium) || tag === 'firebase') return 'Mobile Push Notifications';
  return kind === null && medium === '' ? 'Direct' : 'Referral';
}
