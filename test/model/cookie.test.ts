/** Reading and setting the pixel's cookies. */
import { describe, expect, it } from 'vitest';
import { readCookie, readSpeckCookies } from '../../src/model/cookie.ts';
import { FORGET_PERSON, optOutCookies } from '../../src/model/set-cookie.ts';

describe('a cookie', () => {
  it.each([
    [null, ''],
    ['', ''],
    ['name=value', 'value'],
    ['other=1; name=value; more=2', 'value'],
    ['a=1;name = value ;b=2', 'value'],
    ['name=a=b', 'a=b'],
    ['name=first; name=second', 'first'],
    ['name="quoted"', 'quoted'],
    ['name="', '"'],
    ['name=', ''],
    ['name', ''],
    ['=name', ''],
    ['names=1; my-name=2; a=name', ''],
  ])('is read from %j as %j', (header, value) => {
    expect(readCookie(header, 'name')).toBe(value);
  });

  it('can have a name of one letter', () => {
    expect(readCookie('n=1', 'n')).toBe('1');
    expect(readCookie('=1; n=2', 'n')).toBe('2');
  });

  // Browsers refuse names with a prefix from other hosts of the site, and look at the name as it stands.
  const BLANKS = Array.from({ length: 0x10000 }, (_, code) => String.fromCharCode(code)).filter(
    (character) => character.trim() === '' && character !== ' ' && character !== '\t',
  );
  it.each(BLANKS.map((blank) => [blank.charCodeAt(0).toString(16), blank]))(
    'is a different cookie with U+%s next to its name',
    (_, blank) => {
      const value = 'A'.repeat(22);
      const names = (name: string) => [
        blank + name,
        name + blank,
        ` ${blank} ${name}`,
        `${blank}${blank}${name}`,
      ];
      for (const name of names('__Host-speck_id')) {
        expect(readSpeckCookies(`${name}=${value}`)).toEqual({
          hasOptedOut: false,
          person: '',
          hasStalePerson: false,
        });
        expect(readSpeckCookies(`__Host-speck_id=${value}; ${name}=${'B'.repeat(22)}`).person).toBe(value);
      }
      for (const name of names('__Host-speck_optout'))
        expect(readSpeckCookies(`${name}=1`).hasOptedOut).toBe(false);
      for (const name of names('__Host-speck'))
        expect(readCookie(`${name}=${value}`, '__Host-speck')).toBe('');
    },
  );

  it('of an opt-out applies to all sites for 395 days, and its removal also covers the attributes of older versions', () => {
    const attributes = ['SameSite=None', 'SameSite=None; Partitioned'].map(
      (reach) => `Path=/; HttpOnly; Secure; ${reach}`,
    );
    const set = (name: string, value: string) => attributes.map((rest) => `${name}=${value}; ${rest}`);
    const LONG = '1; Max-Age=34128000';
    const GONE = '; Max-Age=0';
    expect(optOutCookies(true)).toEqual(set('__Host-speck_optout', LONG));
    expect(optOutCookies(false)).toEqual([...set('__Host-speck_optout', GONE), ...set('speck_optout', GONE)]);
    const reaches = ['SameSite=Lax', 'SameSite=None; Partitioned'];
    const removed = (name: string) =>
      reaches.map((reach) => `${name}=; Path=/; Max-Age=0; HttpOnly; Secure; ${reach}`);
    expect(FORGET_PERSON).toEqual([...removed('__Host-speck_id'), ...removed('speck_id')]);
  });

  const A = 'A'.repeat(22);
  const B = 'B'.repeat(22);
  const NOBODY = { hasOptedOut: false, person: '', hasStalePerson: false };
  it.each([
    [null, NOBODY],
    ['other=1', NOBODY],
    [`__Host-speck_id=${A}`, { ...NOBODY, person: A }],
    [`a=b;  __Host-speck_id="${A}" ; c=d`, { ...NOBODY, person: A }],
    [`__Host-speck_id=${A}; __Host-speck_id=${A}`, { ...NOBODY, person: A }],
    // Two people are none, in whatever order.
    [`__Host-speck_id=${A}; __Host-speck_id=${B}`, { ...NOBODY, hasStalePerson: true }],
    [`__Host-speck_id=${A}; __Host-speck_id=`, { ...NOBODY, hasStalePerson: true }],
    [`__Host-speck_id=${A}A`, { ...NOBODY, hasStalePerson: true }],
    // What any host of the site may have set is no person.
    [`speck_id=${A}`, { ...NOBODY, hasStalePerson: true }],
    [`speck_id=${A}; __Host-speck_id=${B}`, { hasOptedOut: false, person: B, hasStalePerson: true }],
    // A refusal holds whoever says it, by whichever name, however many others say the opposite.
    ['speck_optout=1', { ...NOBODY, hasOptedOut: true }],
    ['__Host-speck_optout=1', { ...NOBODY, hasOptedOut: true }],
    ['speck_optout=0; speck_optout=1', { ...NOBODY, hasOptedOut: true }],
    ['speck_optout=1; speck_optout=0', { ...NOBODY, hasOptedOut: true }],
    ['speck_optout=0; __Host-speck_optout="1"', { ...NOBODY, hasOptedOut: true }],
    ['__Host-speck_optout=0; speck_optout = 1', { ...NOBODY, hasOptedOut: true }],
    ['speck_optout=0', NOBODY],
    ['not_speck_optout=1; a=speck_optout=1; speck_optout', NOBODY],
  ] as const)('of the header %j says %j', (header, said) => {
    expect(readSpeckCookies(header)).toEqual(said);
  });
});
