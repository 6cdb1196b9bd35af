import type { CookieReach } from './cookie.ts';
import type { RelayTarget } from './destination.ts';
import type { Funnel, Goal } from './goal.ts';
import { NO_OWNER, type Owner } from './owner.ts';

/** The settings of a pixel. Each has a default, so a pixel needs only a name and a URL. */
export interface PixelSettings extends Owner {
  /** Days after which events are deleted. Rollups stay. */
  readonly retention_days: number;
  /** Days after which the columns of finished days are deleted, but not before the events. */
  readonly keep_days: number;
  /** Days after which archived events are deleted. A day that is older when its events are deleted is not archived. */
  readonly archive_days: number;
  /** Query parameters that are part of a page. All others are dropped. */
  readonly query_params: readonly string[];
  /** Hosts that may send events, such as `example.com` and `*.example.com`. Empty for all hosts. */
  readonly origins: readonly string[];
  readonly goals: readonly Goal[];
  readonly funnels: readonly Funnel[];
  /** What happens to an event whose visitor asks not to be followed, by `Sec-GPC`, `DNT` or a denied consent. */
  readonly gpc: 'anonymous' | 'drop';
  /** Whether a visitor with consent gets a cookie, and the reach of the cookie. */
  readonly cookie: 'off' | CookieReach;
  /** Small-group protection: smaller groups are left out, and counts are rounded to multiples of this number. 0 for none. */
  readonly min_group: number;
  /** Whether anyone may identify a person (`open`), or only the owner's server and the cookie (`signed`). */
  readonly identity: 'open' | 'signed';
}

export const LEAST_RETENTION_DAYS = 1;
export const GREATEST_RETENTION_DAYS = 3650;

/** The bounds of `keep_days`: those of `retention_days`. */
export const LEAST_KEEP_DAYS = LEAST_RETENTION_DAYS;
export const GREATEST_KEEP_DAYS = GREATEST_RETENTION_DAYS;

/** The most days of `archive_days`. With 0, the events of a pixel are not archived. */
export const GREATEST_ARCHIVE_DAYS = GREATEST_RETENTION_DAYS;

export const DEFAULT_SETTINGS: PixelSettings = {
  retention_days: 90,
  keep_days: 1095,
  archive_days: 1095,
  query_params: [],
  origins: [],
  goals: [],
  funnels: [],
  gpc: 'anonymous',
  cookie: 'off',
  min_group: 0,
  identity: 'open',
  ...NO_OWNER,
};

export const GREATEST_MIN_GROUP = 1000;

/** One site, app or brand whose events are counted. */
export interface Pixel {
  /** `px_` and 16 base58 characters. */
  readonly id: string;
  readonly name: string;
  readonly url: string;
  /** IANA time zone. Local days begin at its midnights. */
  readonly timezone: string;
  readonly settings: PixelSettings;
  /** Epoch milliseconds. */
  readonly created_at: number;
  /** The first and last day of imported totals. Left out if it has none. */
  readonly imported?: { readonly from: string; readonly to: string };
  /** Its destinations. Present only if there are any, and only of a pixel that was looked up for its events. */
  readonly relay?: readonly RelayTarget[];
}

export const PIXEL_ID = /^px_[1-9A-HJ-NP-Za-km-z]{16}$/;
