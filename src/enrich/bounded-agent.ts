/**
 * What of a user agent is parsed. The parser tries some three hundred regular expressions, of which many backtrack: time that
 * grows with the square of the text, and for six of them with its third or fourth power. So a text is cut, and what they
 * backtrack over is short in what is left: runs of letters, digits and dots, and the same with spaces, hyphens and underscores
 * in between. Agents of browsers have runs of up to 26 and 39 characters.
 */
import { fingerprint } from '../model/fingerprint.ts';
import { LIMITS } from '../model/limits.ts';

const LONG_WORD = new RegExp(`([\\w.]{${LIMITS.agentWord}})[\\w.]+`, 'g');
const LONG_PHRASE = new RegExp(`([\\w .-]{${LIMITS.agentPhrase}})[\\w .-]+`, 'g');
/** The one expression whose time is multiplied by how often its first word is there. No browser says it twice. */
const NAVER = /naver\(/gi;

/** What is kept of a user agent is kept by this: the fingerprint of as much of it as counts. */
export function agentKey(userAgent: string): number {
  return fingerprint(userAgent.slice(0, LIMITS.userAgent));
}

export function boundedAgent(userAgent: string): string {
  const text = userAgent.slice(0, LIMITS.parsedAgent).replace(LONG_WORD, '$1').replace(LONG_PHRASE, '$1');
  let count = 0;
  // A comma is in neither run, so that what stands on its two sides becomes no longer one.
  return text.replace(NAVER, (word) => (count++ === 0 ? word : ','));
}
