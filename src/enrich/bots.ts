/** Recognizes bots and prefetches by user agent and `Sec-Purpose`. */
import { isbot, isbotMatch } from 'isbot';
import { aiAgentOf } from '../model/ai-agents.ts';
import { Cache } from '../model/cache.ts';
import type { AgentClass } from '../model/event.ts';
import { LIMITS } from '../model/limits.ts';
import { agentKey } from './bounded-agent.ts';

export interface Classification {
  readonly class: AgentClass | 'bot' | 'prefetch';
  /** How a bot calls itself, or the purpose of a prefetch. Shown to the owner. */
  readonly detail: string;
}

/**
 * Proxies of mail programs, which fetch an image when a mail is opened or delivered. That counts as an open, without the reader's
 * address and agent. Gmail sends `GoogleImageProxy` at opening. At delivery it sends the agent of an Edge of 2015 with text after
 * its end.
 */
const MAIL_PROXY =
  /mail ?(?:image ?)?proxy|(?:google|outlook)imageproxy|ramblermail|ggpht\.com|secureurl\.fwdcdn|edge\/12\.246 mozilla\/5\.0$/i;
/** The complete user agent of Apple's Mail Privacy Protection. */
const APPLE_MAIL = 'Mozilla/5.0';
/**
 * A person with curl, checking an installation. No crawler reads pixels with curl. In events from a server, such as an imported
 * log, curl counts as a bot.
 */
const BY_HAND = /^curl\//;

/**
 * Names of devices and browsers that the list of bots mistakes for bots: models of Android (`Robot Phone`, `Discovery 1000`),
 * platforms of televisions and old phones, and Sogou's browser. Sogou's crawler is called `Sogou web spider`.
 */
const DEVICE =
  /(?<=android [\d.]+; (?:[a-z]{2}[-_][a-z]{2}; )?)(?![^;()]*(?:http|www|catchpoint))[^;()/]+(?: build\/[^;()]*)?(?=[;)].*applewebkit\/)|google ?tv|(?:ce-html|nettv|webos|bada|freesat|bdp\w*)\/1\.0|\.catcher|sogou(?:mse|mobile|search)/gi;

/** Televisions whose user agent is their own name instead of a browser's. */
const TELEVISION = /^(?:roku|appletv)\w*[/,][\w./,-]+(?: \([\w.]+\))?$/i;

const HUMAN: Classification = { class: 'human', detail: '' };
const PROXY: Classification = { class: 'mail_proxy', detail: '' };

/** Classifying takes some 2 µs, more for a long agent, and a site sees the same few hundred agents again and again. */
const classifications = new Cache<number, Classification>(2000);

/**
 * @param purpose the `Sec-Purpose` or `Purpose` header, or `''`.
 * @param isFromClient whether the client itself sent the event, rather than a server on its behalf.
 * @param key `agentKey` of the user agent.
 */
export function classify(
  userAgent: string,
  purpose: string,
  eventName: string,
  isFromClient: boolean,
  key = agentKey(userAgent),
): Classification {
  if (/prefetch|prerender|preview/i.test(purpose)) {
    return { class: 'prefetch', detail: purpose.slice(0, 40) };
  }
  if (userAgent === APPLE_MAIL && eventName === 'email_open') return PROXY;
  if (isFromClient && userAgent === '') return { class: 'bot', detail: 'no user agent' };
  if (isFromClient && BY_HAND.test(userAgent)) return HUMAN;
  return classifications.getOrInsertComputed(key, () => classifyAgent(userAgent.slice(0, LIMITS.userAgent)));
}

function classifyAgent(userAgent: string): Classification {
  if (MAIL_PROXY.test(userAgent)) return PROXY;
  if (TELEVISION.test(userAgent)) return HUMAN;
  // Before the general list, which has a version with most names, and not those of assistants that otherwise look like browsers.
  const ai = aiAgentOf(userAgent);
  if (ai) return { class: 'bot', detail: ai.name };
  const text = userAgent.replace(DEVICE, '');
  return isbot(text) ? { class: 'bot', detail: family(text) } : HUMAN;
}

/** The word by which a bot was recognized, such as `Googlebot`. */
function family(userAgent: string): string {
  const match = isbotMatch(userAgent) ?? '';
  const at = userAgent.indexOf(match);
  const before = /[\w.-]*$/.exec(userAgent.slice(0, at))?.[0] ?? '';
  const after = /^[\w.-]*/.exec(userAgent.slice(at + match.length))?.[0] ?? '';
  return (before + match + after).trim().slice(0, 60);
}
