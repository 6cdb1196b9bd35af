/**
 * What is parsed of a user agent. The parser's expressions backtrack over what is repeated here; each form below takes one of
 * them to its second, third or fourth power if it is let through whole.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAgent } from '../../src/enrich/agent.ts';
import { boundedAgent } from '../../src/enrich/bounded-agent.ts';
import { LIMITS } from '../../src/model/limits.ts';
import { NO_HINTS } from '../../src/model/wire.ts';

const CHROME =
  'Mozilla/5.0 (Linux; Android 14; SM-S921N) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36';

/** Beginnings of the expressions that backtrack, what they backtrack over, and what makes them fail. */
const WORDS = [
  'naver(',
  'archos ',
  'hbbtv',
  'technisat ',
  'droid',
  'droid ; ',
  'aft',
  'mozilla/5.0 ',
  'rv:',
  'gecko/',
  'XIAOMI ',
  'version/',
  'huawei',
  'redmi ',
  'poco ',
  'moto',
  'trident',
  'windows',
  'edge/',
  'iphone',
  'zte ',
  'nook',
  'vodafone ',
];
const FILLERS = ['1', '0.', '.', 't1', ' 1', '-', '_', '//', ' ', 'x', '; I BUI', ')', 'Bot', '/'];
const hostile = fc
  .array(fc.tuple(fc.constantFrom(...WORDS), fc.constantFrom(...FILLERS), fc.integer({ min: 0, max: 300 })), {
    maxLength: 12,
  })
  .map((parts) => parts.map(([word, filler, times]) => word + filler.repeat(times)).join(''));

/** The longest stretch of a text that an expression matches. */
const longest = (text: string, stretch: RegExp): number =>
  Math.max(0, ...[...text.matchAll(stretch)].map(([found]) => found.length));

describe('what is parsed of a user agent', () => {
  it('is short, has short runs, and repeats no word that slows the parser down', () => {
    fc.assert(
      fc.property(fc.oneof(hostile, fc.string({ maxLength: 2000 })), (text) => {
        const plain = boundedAgent(text);
        expect(plain.length).toBeLessThanOrEqual(LIMITS.parsedAgent);
        expect(longest(plain, /[\w.]+/g)).toBeLessThanOrEqual(LIMITS.agentWord);
        expect(longest(plain, /[\w .-]+/g)).toBeLessThanOrEqual(LIMITS.agentPhrase);
        expect(plain.match(/naver\(/gi)?.length ?? 0).toBeLessThanOrEqual(1);
        expect(boundedAgent(plain)).toBe(plain);
      }),
      { numRuns: 2000 },
    );
  });

  it('drops nested repetitions', () => {
    expect(boundedAgent('naver( nanaver(ver( NAVER(inapp; 1.2)')).toBe('naver( na,ver( ,inapp; 1.2)');
  });

  it.each(['-', 'x', ' '])('joins no two runs of %j where a word was said again', (filler) => {
    const plain = boundedAgent(
      `naver(${filler.repeat(40)}naver(${filler.repeat(40)}naver(${filler.repeat(40)}`,
    );
    expect(longest(plain, /[\w .-]+/g)).toBeLessThanOrEqual(LIMITS.agentPhrase);
    expect(boundedAgent(plain)).toBe(plain);
  });

  it.each([
    CHROME,
    `${CHROME} NAVER(inapp; search; 2000; 12.4.2)`,
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Instagram 335.1.8.26.85 (iPhone14,5; iOS 17_5_1; de_DE; de; scale=3.00; 1170x2532; 609775437)',
    'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
    '',
  ])('is all of %s', (agent) => {
    expect(boundedAgent(agent)).toBe(agent);
  });

  it('decides alone: later text changes nothing', () => {
    const long = `${CHROME} ${'(x; '.repeat(100)}`;
    expect(parseAgent(`${long}EdgA/99.0`, NO_HINTS)).toEqual(parseAgent(CHROME, NO_HINTS));
    expect(parseAgent(`${CHROME} EdgA/99.0`, NO_HINTS)).not.toEqual(parseAgent(CHROME, NO_HINTS));
  });
});

describe('a hint', () => {
  const { os, osVersion } = parseAgent(CHROME, NO_HINTS);

  it.each(['Windows'.repeat(9), 'ann@mail.example', 'Unknown', '__proto__', ''])(
    'of the platform %j changes nothing',
    (platform) => {
      const hints = { platform: `"${platform}"`, platformVersion: '"1"', mobile: '?1' };
      expect(parseAgent(CHROME, hints)).toMatchObject({ os, osVersion });
    },
  );

  it.each(['x'.repeat(33), 'ann@mail.example', '1 2'])('of the version %j changes no version', (version) => {
    const hints = { platform: '"Android"', platformVersion: `"${version}"`, mobile: '?1' };
    expect(parseAgent(CHROME, hints)).toMatchObject({ os, osVersion });
  });
});
