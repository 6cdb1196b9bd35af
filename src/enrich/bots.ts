/** Tells people from programs by user agent and by why the browser says it fetches. */
import { isbot, isbotMatch } from 'isbot';
import { Cache } from '../model/cache.ts';
import type { AgentClass } from '../model/event.ts';
import { LIMITS } from '../model/limits.ts';
import { agentKey } from './bounded-agent.ts';

export interface Classification {
  readonly class: AgentClass | 'bot' | 'prefetch';
  /** What gave a program away, for the owner to read. */
  readonly detail: string;
}

/**
 * Fetch an image when a mail is opened, or when it arrives: an open, though not by the reader's address or agent. Gmail says
 * `GoogleImageProxy` when a mail is opened; what it fetches at delivery, it fetches as an Edge of 2015 that goes on after its end.
 */
const MAIL_PROXY =
  /mail ?(?:image ?)?proxy|(?:google|outlook)imageproxy|ramblermail|ggpht\.com|secureurl\.fwdcdn|edge\/12\.246 mozilla\/5\.0$/i;
/** All that Apple's Mail Privacy Protection says of itself. */
const APPLE_MAIL = 'Mozilla/5.0';
/**
 * Someone with curl is checking an installation: no crawler reads pixels with it. In an owner's log, on the other
 * hand, it is a program like any other.
 */
const BY_HAND = /^curl\//;

/**
 * What the list of bots takes for a program's name and is a device's or a browser's: a model of Android (`Robot Phone`,
 * `Discovery 1000`), a platform of televisions or of old phones, and Sogou's browser, whose crawler says `Sogou web spider`.
 */
const DEVICE =
  /(?<=android [\d.]+; (?:[a-z]{2}[-_][a-z]{2}; )?)(?![^;()]*(?:http|www|catchpoint))[^;()/]+(?: build\/[^;()]*)?(?=[;)].*applewebkit\/)|google ?tv|(?:ce-html|nettv|webos|bada|freesat|bdp\w*)\/1\.0|\.catcher|sogou(?:mse|mobile|search)/gi;

/** Televisions whose user agent is their own name, and no browser's. */
const TELEVISION = /^(?:roku|appletv)\w*[/,][\w./,-]+(?: \([\w.]+\))?$/i;

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
  if (TELEVISION.test(userAgent)) return HUMAN;
  const text = userAgent.replace(DEVICE, '');
  return isbot(text) ? { class: 'bot', detail: family(text) } : HUMAN;
}

/** The word of a bot's user agent that gave it away, such as `Googlebot`. */
function family(userAgent: string): string {
  const match = isbotMatch(userAgent) ?? '';
  const at = userAgent.indexOf(match);
  const before = /[\w.-]*$/.exec(userAgent.slice(0, at))?.[0] ?? '';
  const after = /^[\w.-]*/.exec(userAgent.slice(at + match.length))?.[0] ?? '';
  return (before + match + after).trim().slice(0, 60);
}
