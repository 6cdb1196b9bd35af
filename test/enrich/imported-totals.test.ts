/** Imported totals in the spelling of events. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { enrichTotals } from '../../src/enrich/imported-totals.ts';
import { ROLLED_DIMENSIONS, VALUE_LIMITS } from '../../src/model/dimensions.ts';

const NOW = Date.parse('2026-11-25T12:00:00Z');
const COUNTS = { visitors: 1, visits: 2, pageviews: 3, events: 4, bounces: 1, duration: 1000 };
const row = (more: object) => ({ day: '2024-01-01', dimension: '', value: '', ...COUNTS, ...more });
const storedValue = (dimension: string, value: string, more: object = {}) =>
  enrichTotals(row({ dimension, value, ...more }), NOW)?.value;

describe('imported totals', () => {
  it.each([
    ['event:page', '/über uns?a=1#b', '/%C3%BCber%20uns'],
    ['event:page', '/mail/ann@site.example', '/mail/(email)'],
    ['event:page', 'https://site.example/a', '/a'],
    ['event:page', '', ''],
    ['visit:entry_page', '//evil.example/a', '//evil.example/a'],
    ['event:name', 'Signup\nnow', 'Signup now'],
    ['event:hostname', 'MÜLLER.example.', 'xn--mller-kva.example'],
    ['visit:source', 'google', 'Google'],
    ['visit:source', 'm.facebook.com', 'Facebook'],
    ['visit:source', 'Some Partner', 'Some Partner'],
    ['visit:source', '(other)', '(other)'],
    ['visit:referrer', 'https://www.blog.example/post?x=1', 'blog.example/post'],
    ['visit:referrer', 'blog.example/post', 'blog.example/post'],
    ['visit:channel', 'Organic Search', 'Organic Search'],
    ['visit:country', 'de', 'DE'],
    ['visit:country', 'ZZ', ''],
    ['visit:language', 'de-at', 'de'],
    ['visit:utm_campaign', ' ann@site.example ', '(email)'],
  ])('of %s are stored as events are: %j', (dimension, value, stored) => {
    expect(storedValue(dimension, value)).toBe(stored);
  });

  it.each([
    [{ source: '', medium: '', campaign: '' }, 'Direct'],
    [{ source: 'Google', medium: '', campaign: '' }, 'Organic Search'],
    [{ source: 'Google', medium: 'cpc', campaign: '' }, 'Paid Search'],
    [{ source: 'newsletter', medium: 'email', campaign: '' }, 'Email'],
    [{ source: 'blog.example', medium: '', campaign: '' }, 'Referral'],
    [{ source: 'Twitter' }, 'Organic Social'],
    [null, 'Direct'],
  ])('have the channel that follows from %j', (via, channel) => {
    expect(storedValue('visit:channel', '', { via })).toBe(channel);
  });

  it.each([
    [null],
    ['text'],
    [{}],
    [row({ day: '2024-02-30' })],
    [row({ day: '1999-12-31' })],
    [row({ day: '2026-11-27' })],
    [row({ dimension: 'visit:screen' })],
    [row({ dimension: 'event:props:a' })],
    [row({ dimension: 'event:name', value: 'engagement' })],
    [row({ visitors: -1 })],
    [row({ visitors: 1.5 })],
    [row({ visits: '1' })],
    [row({ duration: 1e13 })],
    [row({ engaged: Number.NaN })],
    [row({ value: 1 })],
  ])('are refused if they are none: %j', (given) => {
    expect(enrichTotals(given, NOW)).toBeNull();
  });

  it('of any text fit into the database', () => {
    const dimension = fc.constantFrom(...ROLLED_DIMENSIONS);
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 3000 }),
      fc.webUrl(),
      fc.constantFrom('/%', 'http://', 'x'.repeat(5000)),
    );
    fc.assert(
      fc.property(
        dimension,
        text,
        fc.option(fc.jsonValue(), { nil: undefined }),
        ({ name, column }, value, via) => {
          const stored = storedValue(name, value, via === undefined ? {} : { via });
          expect((stored ?? '').length).toBeLessThanOrEqual(VALUE_LIMITS[column]);
        },
      ),
      { numRuns: 1000 },
    );
  });
});
