/** Tells people from programs by user agent and by why the browser says it fetches. */
import { isbot, isbotMatch } from 'isbot';
import { Cache } from '../model/cache.ts';
import type { AgentClass } from '../model/event.ts';
import { LIMITS } from '../model/limits.ts';
import { agentKey } from './plain-agent.ts';

export interface Classification {
  readonly class: AgentClass | 'bot' | 'prefetch';
  /** What gave a program away, for the owner to read. */
  readonly detail: string;
}

/** Fetch an image when a mail is opened, or when it arrives: an open, though not by the reader's address or agent. */
const MAIL_PROXY = /GoogleImageProxy|ggpht\.com|YahooMailProxy|OutlookImageProxy/i;
/** All that Apple's Mail Privacy Protection says of itself. */
const APPLE_MAIL = 'Mozilla/5.0';
/**
 * Someone with curl is checking an installation: no crawler reads pixels with it. In an owner's log, on the other
 * hand, it is a program like any other.
 */
const BY_HAND = /^curl\//;

const HUMAN: Classification = { class: 'human', detail: '' };
const PROXY: Classification = { class: 'mail_proxy', detail: '' };

/** Some 2 µs an agent, of time that grows with its length; and a site sees the same few hundred again and again. */
const known = new Cache<number, Classification>(2000);

/**
 * @param purpose the `Sec-Purpose` or `Purpose` header, or `''`.
 * @param firstHand whether the client itself sent the event, rather than a server on its behalf.
 * @param key `agentKey` of the user agent.
 */
export function classify(
  userAgent: string,
  purpose: string,
  eventName: string,
  firstHand: boolean,
  key = agentKey(userAgent),
): Classification {
  if (/prefetch|prerender|preview/i.test(purpose)) {
    return { class: 'prefetch', detail: purpose.slice(0, 40) };
  }
  if (userAgent === APPLE_MAIL && eventName === 'email_open') return PROXY;
  if (firstHand && userAgent === '') return { class: 'bot', detail: 'no user agent' };
  if (firstHand && BY_HAND.test(userAgent)) return HUMAN;
  return known.getOrInsertComputed(key, () => classifyAgent(userAgent.slice(0, LIMITS.userAgent)));
}

function classifyAgent(userAgent: string): Classification {
  if (MAIL_PROXY.test(userAgent)) return PROXY;
  return isbot(userAgent) ? { class: 'bot', detail: family(userAgent) } : HUMAN;
}

/** The word of a bot's user agent that gave it away, such as `Googlebot`. */
function family(userAgent: string): string {
  const match = isbotMatch(userAgent) ?? '';
  const at = userAgent.indexOf(match);
  const before = /[\w.-]*$/.exec(userAgent.slice(0, at))?.[0] ?? '';
  const after = /^[\w.-]*/.exec(userAgent.slice(at + match.length))?.[0] ?? '';
  return (before + match + after).trim().slice(0, 60);
}
