/** Reading and setting the pixel's cookies. */
import { describe, expect, it } from 'vitest';
import { optOutCookies, readCookie } from '../../src/model/cookie.ts';

describe('a cookie', () => {
  it.each([
    [null, ''],
    ['', ''],
    ['name=value', 'value'],
    ['other=1; name=value; more=2', 'value'],
    ['a=1;name = value ;b=2', 'value'],
    ['name=a=b', 'a=b'],
    ['name=first; name=second', 'first'],
    ['name=', ''],
    ['name', ''],
    ['=name', ''],
    ['names=1; my-name=2; a=name', ''],
  ])('is read from %j as %j', (header, value) => {
    expect(readCookie(header, 'name')).toBe(value);
  });

  it('is read by a name of one letter, too', () => {
    expect(readCookie('n=1', 'n')).toBe('1');
    expect(readCookie('=1; n=2', 'n')).toBe('2');
  });

  it('says no to all sites for 395 days, and is removed as it was set', () => {
    expect(optOutCookies(true)).toEqual([
      'speck_optout=1; Max-Age=34128000; Path=/; HttpOnly; Secure; SameSite=None',
      'speck_optout=1; Max-Age=34128000; Path=/; HttpOnly; Secure; SameSite=None; Partitioned',
    ]);
    expect(optOutCookies(false)).toEqual([
      'speck_optout=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=None',
      'speck_optout=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=None; Partitioned',
    ]);
  });
});
