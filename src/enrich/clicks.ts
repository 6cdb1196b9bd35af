/** Click ids: parameters that advertising networks add to links, and what they say of a click. The id itself is never stored. */
import type { Source } from './source-list.ts';

export interface ClickId {
  readonly param: string;
  readonly source: string;
  /** The channel of a click without other attributes of a campaign. */
  readonly channel: string;
}

/** The first one in this order counts. */
const CLICK_IDS: readonly ClickId[] = [
  // Display & Video 360 and Campaign Manager; Google Ads. The last four replace or accompany `gclid` on iOS.
  { param: 'dclid', source: 'Google', channel: 'Display' },
  { param: 'gclid', source: 'Google', channel: 'Paid Search' },
  { param: 'wbraid', source: 'Google', channel: 'Paid Search' },
  { param: 'gbraid', source: 'Google', channel: 'Paid Search' },
  { param: 'gad_source', source: 'Google', channel: 'Paid Search' },
  { param: 'gad_campaignid', source: 'Google', channel: 'Paid Search' },
  { param: 'msclkid', source: 'Bing', channel: 'Paid Search' },
  { param: 'yclid', source: 'Yandex', channel: 'Paid Search' },
  { param: 'ttclid', source: 'TikTok', channel: 'Paid Social' },
  { param: 'li_fat_id', source: 'LinkedIn', channel: 'Paid Social' },
  { param: 'twclid', source: 'Twitter', channel: 'Paid Social' },
  { param: 'rdt_cid', source: 'Reddit', channel: 'Paid Social' },
  { param: 'ScCid', source: 'Snapchat', channel: 'Paid Social' },
  // Facebook adds it to every link that leaves it, paid or not.
  { param: 'fbclid', source: 'Facebook', channel: 'Organic Social' },
];

/** The click id among a page's parameters. */
export function clickIdOf(query: ReadonlyMap<string, string>): ClickId | undefined {
  return CLICK_IDS.find(({ param }) => query.has(param));
}

/**
 * The paid channel of a click; null if the click was not paid for, or if its id contradicts the source. People copy links with
 * their ids: `?gclid=…` with a referrer of Facebook or Gmail is not an advertisement at Google. A source of unknown kind does not
 * contradict an id: it is an advertiser's own name for a campaign, or a site that shows advertisements of a network. Search
 * engines do not contradict an id for search, since they show advertisements of Google and Microsoft. YouTube belongs to Google.
 */
export function paidChannelOf(click: ClickId | undefined, source: Source): string | null {
  if (click === undefined || click.channel.startsWith('Organic')) return null;
  if (source.name === 'Youtube' && click.source === 'Google') return 'Paid Video';
  const fits =
    source.name === click.source ||
    source.kind === 'referral' ||
    (source.kind === 'search' && click.channel === 'Paid Search');
  return fits ? click.channel : null;
}
