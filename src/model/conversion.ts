/**
 * Conversions: what a network is told of an event. Built only of events whose visitor consented, and only for pixels with a destination. A
 * conversion waits sealed, and is forgotten when it is delivered. Plain data, since it is serialized. An absent text is `''`.
 */
import type { NetworkName } from './destination.ts';

/**
 * The hashes of a user's data, SHA-256 in lower-case hex, by the form that was hashed:
 * `em`: the e-mail address in lower case; `em_g`: the same without dots, and without what follows a `+`, in the local part of gmail.com and googlemail.com, as Google asks; `em_r`:
 * the same without what follows a `+` and without anything but letters and digits in the local part, as Reddit asks; `ph`: the telephone number with
 * its country code, digits only; `ph_e164`: the same with its `+`; `external_id`: the owner's own id of the user.
 */
export const USER_HASHES = ['em', 'em_g', 'em_r', 'ph', 'ph_e164', 'external_id'] as const;
export type UserHash = (typeof USER_HASHES)[number];

/** Ids that networks' own scripts keep in the site's cookies, by the names that Speck sends them under. */
export const NETWORK_IDS = {
  /** Meta: `_fbp` and `_fbc`. */
  fbp: '_fbp',
  fbc: '_fbc',
  /** Google Analytics: the client id in `_ga`, such as `1234567890.1700000000`. */
  ga: '_ga',
  /** TikTok: `_ttp`. */
  ttp: '_ttp',
  /** Snapchat: `_scid`. */
  scid: '_scid',
  /** Reddit: `_rdt_uuid`. */
  rdt_uuid: '_rdt_uuid',
  /** Microsoft: `_uetvid`. */
  uetvid: '_uetvid',
  /** Pinterest: `_epik`. */
  epik: '_epik',
} as const;
export type NetworkId = keyof typeof NETWORK_IDS;

/** Click ids: parameters that advertising networks add to the links of their advertisements, with the network of each. */
export const CLICK_PARAMETERS = {
  fbclid: 'meta',
  gclid: 'google',
  gbraid: 'google',
  wbraid: 'google',
  dclid: 'google',
  ttclid: 'tiktok',
  li_fat_id: 'linkedin',
  msclkid: 'microsoft',
  twclid: 'x',
  ScCid: 'snap',
  rdt_cid: 'reddit',
  epik: 'pinterest',
  oppref: 'openai',
} as const;
export type ClickParameter = keyof typeof CLICK_PARAMETERS;

/** Days for which a click id is kept for a purchase: as long as the longest attribution window of these networks. */
export const CLICK_DAYS = 90;

/** A click on an advertisement. */
export interface Click {
  readonly id: string;
  /** When the visitor landed with it, in epoch milliseconds. */
  readonly at: number;
}

/** One kind of thing that was bought or looked at. */
export interface Content {
  readonly id: string;
  readonly quantity: number;
  /** The price of one, in millionths of the conversion's currency; null if it is unknown. */
  readonly price: number | null;
}

export interface Conversion {
  /** The client's id of the event, else Speck's own: the network's own pixel on the page has the same one. */
  readonly event_id: string;
  /** The name of the event as Speck stores it. */
  readonly name: string;
  /** Epoch milliseconds. */
  readonly ts: number;
  /** The page without parameters and fragment, such as `https://example.com/thanks`. */
  readonly url: string;
  /** The referring page without parameters. */
  readonly referrer: string;
  /** `browser`: the tag; `server`: the owner's server, with a token. */
  readonly reporter: 'browser' | 'server';
  /** The networks whose own pixels were on the page: these get the event from the browser, too. */
  readonly page_pixels: readonly NetworkName[];
  readonly ip: string;
  readonly user_agent: string;
  /** As the browser says it: `en`. */
  readonly language: string;
  readonly country: string;
  readonly hashes: { readonly [Name in UserHash]?: string };
  readonly network_ids: { readonly [Name in NetworkId]?: string };
  /** The clicks that led to it, by parameter: those of its own page, and those kept since the landing. */
  readonly clicks: { readonly [Parameter in ClickParameter]?: Click };
  /** A random number in decimal digits that stays the same for a person of a pixel, or for the event if there is no person. */
  readonly client_number: string;
  /** In millionths of `currency`; null if there is none. */
  readonly value: number | null;
  /** ISO 4217, or `''`. */
  readonly currency: string;
  readonly order_id: string;
  readonly contents: readonly Content[];
}
