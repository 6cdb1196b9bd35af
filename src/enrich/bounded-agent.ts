/**
 * Bounds the time of parsing a user agent. The parser tries some three hundred regular expressions. Many of them backtrack: their
 * time grows with the square of the text's length, and for six of them with its third or fourth power. So the text is cut, and so
 * are the runs they backtrack over: runs of letters, digits and dots, and such runs with spaces, hyphens and underscores. In the
 * agents of browsers these runs have up to 26 and 39 characters.
 */
import { fingerprint } from '../model/fingerprint.ts';
import { LIMITS } from '../model/limits.ts';

const LONG_WORD = new RegExp(`([\\w.]{${LIMITS.agentWord}})[\\w.]+`, 'g');
const LONG_PHRASE = new RegExp(`([\\w .-]{${LIMITS.agentPhrase}})[\\w .-]+`, 'g');
/** The time of one expression is multiplied by the number of these words. No browser's agent contains it twice. */
const NAVER = /naver\(/gi;

/** The key of a user agent in caches: the fingerprint of the part that counts. */
export function agentKey(userAgent: string): number {
  return fingerprint(userAgent.slice(0, LIMITS.userAgent));
}

/** The text that is parsed in place of a user agent. */
export function boundedAgent(userAgent: string): string {
  const text = userAgent.slice(0, LIMITS.parsedAgent).replace(LONG_WORD, '$1').replace(LONG_PHRASE, '$1');
  let count = 0;
  // Runs do not contain commas, so the texts on both sides of one stay separate runs.
  return text.replace(NAVER, (word) => (count++ === 0 ? word : ','));
}
