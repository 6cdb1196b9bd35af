import type { CookieReach } from './cookie.ts';
import type { Funnel, Goal } from './goal.ts';

/** What an owner can set per pixel. Every setting has a default, so a pixel needs only a name and a URL. */
export interface PixelSettings {
  /** Days that raw events are kept; rollups stay. */
  readonly retention_days: number;
  /** Query parameters that belong to a page's name; all others are dropped. */
  readonly query_params: readonly string[];
  /** Hosts that may send events, such as `example.com` and `*.example.com`; empty for all. */
  readonly origins: readonly string[];
  readonly goals: readonly Goal[];
  readonly funnels: readonly Funnel[];
  /** What becomes of an event whose sender asks not to be followed: `Sec-GPC`, `DNT`, or no consent. */
  readonly gpc: 'anonymous' | 'drop';
  /** Whether who has consented gets a cookie, and for pages of whose sites. */
  readonly cookie: 'off' | CookieReach;
  /** Groups of fewer visitors are in no answer, and counts are rounded to multiples of it; 0 for all as they are. */
  readonly min_group: number;
  /** By whose word somebody is a person: anyone's, or only that of the owner's server and of the cookie. */
  readonly identity: 'open' | 'signed';
}

export const LEAST_RETENTION_DAYS = 1;
export const GREATEST_RETENTION_DAYS = 3650;

export const DEFAULT_SETTINGS: PixelSettings = {
  retention_days: 90,
  query_params: [],
  origins: [],
  goals: [],
  funnels: [],
  gpc: 'anonymous',
  cookie: 'off',
  min_group: 0,
  identity: 'open',
};

export const GREATEST_MIN_GROUP = 1000;

/** One site, app or brand that an owner counts. */
export interface Pixel {
  /** `px_` and 16 base58 characters. */
  readonly id: string;
  readonly name: string;
  readonly url: string;
  /** IANA time zone; its midnights bound the local days. */
  readonly timezone: string;
  readonly settings: PixelSettings;
  /** Epoch milliseconds. */
  readonly created_at: number;
}

export const PIXEL_ID = /^px_[1-9A-HJ-NP-Za-km-z]{16}$/;
