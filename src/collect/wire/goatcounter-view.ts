import { withParameters } from '../../model/campaign.ts';
import { LIMITS } from '../../model/limits.ts';
import { BLANK_EVENT, type RawEvent } from '../../model/wire.ts';
import { isAddress } from './address.ts';
import { ownName } from './event-name.ts';

/** A page view or an event, as GoatCounter's script and its API say it. */
export interface View {
  /** The path of a page, or the name of an event. */
  readonly path: string;
  /** Whether it is an event: `true` or `1`. */
  readonly event: string;
  /** An address, or any name of a source. */
  readonly ref: string;
  /** The query of the page, with its campaign. */
  readonly query: string;
  /** What the script recognized: 0 or `''` for people. */
  readonly bot: string;
}

/** What the script recognizes, by its numbers. */
const BOTS: Readonly<Record<string, string>> = {
  150: 'PhantomJS',
  151: 'Nightmare',
  152: 'Selenium',
  153: 'WebDriver',
};

/** @param origin of the page, or `''`. */
export function viewOf({ path, event, ref, query, bot }: View, origin: string): RawEvent {
  const isEvent = /^(?:true|1|on|yes)$/i.test(event);
  const source: readonly [string, string][] = ref === '' || isAddress(ref) ? [] : [['ref', ref]];
  const page = withParameters(isEvent ? '' : addressOf(path, origin), [
    ...new URLSearchParams(query.slice(0, LIMITS.url)),
    ...source,
  ]);
  return {
    ...BLANK_EVENT,
    ev: isEvent ? ownName(path.replace(/^\/+/, '')) : '',
    dl: page,
    rl: isAddress(ref) ? ref : '',
    ...(Number(bot) > 0 ? { bot: BOTS[bot] ?? 'script' } : {}),
  };
}

function addressOf(path: string, origin: string): string {
  if (path === '' || isAddress(path)) return path;
  return `${origin}/${path.replace(/^\/+/, '')}`;
}
