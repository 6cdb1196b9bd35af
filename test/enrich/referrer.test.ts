/** Where a visit came from: its source, and the channel of that source. */
import { describe, expect, it } from 'vitest';
import { attribute, marksOf, referrerOf } from '../../src/enrich/referrer.ts';
import { LIMITS } from '../../src/model/limits.ts';

const from = (query: string, referrer = '') => {
  const { source, channel } = attribute(
    marksOf(new URL(`https://site.example/?${query}`)),
    referrer === '' ? null : referrerOf(new URL(referrer)),
    ['site.example'],
  );
  return [source, channel];
};

describe('a click id', () => {
  it.each([
    ['gclid', 'Google', 'Paid Search'],
    ['msclkid', 'Bing', 'Paid Search'],
    ['ttclid', 'TikTok', 'Paid Social'],
    ['li_fat_id', 'LinkedIn', 'Paid Social'],
    ['twclid', 'Twitter', 'Paid Social'],
    ['fbclid', 'Facebook', 'Organic Social'],
  ])('%s is of %s: %s', (param, source, channel) => {
    expect(from(`${param}=1`)).toEqual([source, channel]);
    // A tag says better where the link was; that it was paid for, the click id.
    expect(from(`${param}=1&utm_source=partner`)).toEqual(['partner', channel]);
  });

  it('does not make a visit paid for that a tag says is an advertisement of another kind', () => {
    expect(from('gclid=1&utm_medium=display')).toEqual(['Google', 'Display']);
    expect(from('gclid=1&utm_medium=email')).toEqual(['Google', 'Paid Search']);
    expect(from('fbclid=1&utm_medium=email')).toEqual(['Facebook', 'Email']);
  });
});

describe('a tag', () => {
  it.each([
    ['utm_source=Newsletter', 'Newsletter', 'Referral'],
    ['utm_source=GOOGLE', 'Google', 'Organic Search'],
    ['utm_source=WWW.Google.com', 'Google', 'Organic Search'],
    ['utm_source=fb', 'Facebook', 'Organic Social'],
    ['utm_source=ig', 'Instagram', 'Organic Social'],
    ['utm_source=x', 'Twitter', 'Organic Social'],
    ['utm_source=yt', 'Youtube', 'Organic Social'],
    ['utm_source=Gmail', 'Gmail', 'Email'],
    ['utm_source=ChatGPT', 'ChatGPT', 'AI Assistants'],
    ['utm_source=chatgpt.com', 'ChatGPT', 'AI Assistants'],
    ['source=partner', 'partner', 'Referral'],
    ['ref=partner', 'partner', 'Referral'],
    ['utm_source=a&source=b&ref=c', 'a', 'Referral'],
    ['source=b&ref=c', 'b', 'Referral'],
  ])('%s is %s: %s', (query, source, channel) => {
    expect(from(query)).toEqual([source, channel]);
    expect(from(query, 'https://blog.example/')).toEqual([source, channel]);
  });

  it('is cut where it is too long', () => {
    const tag = 'x'.repeat(LIMITS.utm + 1);
    const { source, utm } = attribute(marksOf(new URL(`https://site.example/?utm_source=${tag}`)), null, []);
    expect([source.length, utm.source.length]).toEqual([LIMITS.source, LIMITS.utm]);
  });
});

describe('a medium', () => {
  it.each([
    ['CPC', 'Paid Other'],
    ['ppc', 'Paid Other'],
    ['retargeting', 'Paid Other'],
    ['paidsocial', 'Paid Other'],
    ['ucpv-video', 'Paid Other'],
    ['unpaid', 'Referral'],
    ['retargeting-list', 'Referral'],
    ['Display', 'Display'],
    ['cpm', 'Display'],
    ['displays', 'Referral'],
    ['in-banner', 'Referral'],
    ['E-Mail', 'Email'],
    ['mail', 'Email'],
    ['email', 'Email'],
    ['mailing', 'Referral'],
    ['hotmail', 'Referral'],
    ['affiliate', 'Affiliates'],
    ['audio', 'Audio'],
    ['sms', 'SMS'],
    ['push', 'Mobile Push Notifications'],
    ['notification', 'Mobile Push Notifications'],
    ['video', 'Organic Video'],
    ['organic', 'Organic Search'],
    ['social', 'Organic Social'],
    ['Social-Media', 'Organic Social'],
    ['sm', 'Organic Social'],
    ['antisocial', 'Referral'],
    ['smart', 'Referral'],
    ['constructor', 'Referral'],
    ['flyer', 'Referral'],
    ['', 'Direct'],
  ])('%j is the channel %s', (medium, channel) => {
    expect(from(`utm_medium=${medium}`)).toEqual(['', channel]);
    if (medium !== '') expect(from(`utm_medium=${medium}&utm_source=partner`)).toEqual(['partner', channel]);
  });

  it.each([
    ['google', 'Paid Search'],
    ['facebook', 'Paid Social'],
    ['partner', 'Paid Other'],
    ['gmail', 'Paid Other'],
  ])('of money from %s is %s', (source, channel) => {
    expect(from(`utm_source=${source}&utm_medium=cpc`)[1]).toBe(channel);
  });

  it('may be told by the source', () => {
    expect(from('utm_source=E-Mail')).toEqual(['E-Mail', 'Email']);
  });
});

describe('a referrer', () => {
  it.each([
    ['https://google.com/', 'Google', 'Organic Search'],
    ['https://www.google.com/search', 'Google', 'Organic Search'],
    ['https://search.yahoo.com/x', 'Yahoo!', 'Organic Search'],
    ['https://google.de/imgres', 'Google Images', 'Organic Search'],
    ['https://www.google.de/imgres', 'Google Images', 'Organic Search'],
    ['https://www.bing.com/images/search', 'Bing Images', 'Organic Search'],
    ['https://bing.com/', 'Bing', 'Organic Search'],
    ['https://www.google.co.uk/products', 'Google Product Search', 'Organic Search'],
    ['https://so.com/s', '360.cn', 'Organic Search'],
    ['https://adform.net/click', 'Adform', 'Paid Other'],
    ['https://help.example/', 'help.example', 'Referral'],
    ['https://claude.ai/', 'Claude', 'AI Assistants'],
    ['https://www.perplexity.ai/search/1', 'Perplexity', 'AI Assistants'],
    ['https://www.blog.example/post', 'blog.example', 'Referral'],
    ['https://site.example/post', '', 'Direct'],
    ['https://www.site.example/post', '', 'Direct'],
  ])('%s is %s: %s', (referrer, source, channel) => {
    expect(from('', referrer)).toEqual([source, channel]);
  });

  it('is what counts when the page is unknown', () => {
    expect(attribute(null, referrerOf(new URL('https://blog.example/')), [])).toEqual({
      referrer: 'blog.example',
      source: 'blog.example',
      channel: 'Referral',
      utm: { source: '', medium: '', campaign: '', content: '', term: '' },
    });
  });
});
