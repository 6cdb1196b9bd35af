/** Where a visit came from: its source, and the channel of that source. */
import { describe, expect, it } from 'vitest';
import { readPage } from '../../src/enrich/addresses.ts';
import { attribute, linkParametersOf, referrerOf } from '../../src/enrich/referrer.ts';
import { LIMITS } from '../../src/model/limits.ts';

const from = (query: string, referrer = '') => {
  const { source, channel } = attribute(
    linkParametersOf(new URL(`https://site.example/?${query}`)),
    referrer === '' ? null : referrerOf(new URL(referrer)),
    ['site.example'],
  );
  return [source, channel];
};

describe('a click id', () => {
  it.each([
    ['gclid', 'Google', 'Paid Search'],
    ['wbraid', 'Google', 'Paid Search'],
    ['gbraid', 'Google', 'Paid Search'],
    ['gad_source', 'Google', 'Paid Search'],
    ['gad_campaignid', 'Google', 'Paid Search'],
    ['dclid', 'Google', 'Display'],
    ['msclkid', 'Bing', 'Paid Search'],
    ['yclid', 'Yandex', 'Paid Search'],
    ['ttclid', 'TikTok', 'Paid Social'],
    ['li_fat_id', 'LinkedIn', 'Paid Social'],
    ['twclid', 'Twitter', 'Paid Social'],
    ['rdt_cid', 'Reddit', 'Paid Social'],
    ['ScCid', 'Snapchat', 'Paid Social'],
  ])('%s is of %s: %s', (param, source, channel) => {
    expect(from(`${param}=1`)).toEqual([source, channel]);
    expect(from(`${param}=1&utm_source=${source}`)).toEqual([source, channel]);
    // An unknown name and an unknown site contradict nothing.
    expect(from(`${param}=1&utm_source=partner`)).toEqual(['partner', channel]);
    expect(from(`${param}=1`, 'https://blog.example/')).toEqual(['blog.example', channel]);
  });

  it.each([
    // On iPhones, with and without the referrer.
    ['gbraid=x', 'https://www.google.com/', 'Google', 'Paid Search'],
    ['gad_source=1&wbraid=x', 'https://www.google.de/', 'Google', 'Paid Search'],
    ['gclid=x', 'https://www.youtube.com/', 'Youtube', 'Paid Video'],
    ['gad_source=2', 'https://m.youtube.com/', 'Youtube', 'Paid Video'],
    // Search engines that show the advertisements of others.
    ['gclid=x', 'https://search.aol.com/', 'AOL', 'Paid Search'],
    ['msclkid=x', 'https://duckduckgo.com/', 'DuckDuckGo', 'Paid Search'],
    ['msclkid=x', 'https://search.yahoo.com/', 'Yahoo!', 'Paid Search'],
    // A link that was copied with its id.
    ['gclid=x', 'https://www.facebook.com/', 'Facebook', 'Organic Social'],
    ['gclid=x', 'android-app://com.slack/', 'Slack', 'Organic Social'],
    ['gclid=x', 'https://mail.google.com/', 'Gmail', 'Email'],
    ['gclid=x', 'https://chatgpt.com/', 'ChatGPT', 'AI Assistants'],
    ['ttclid=x', 'https://www.facebook.com/', 'Facebook', 'Organic Social'],
    ['ttclid=x', 'https://www.google.com/', 'Google', 'Organic Search'],
    ['li_fat_id=x', 'https://www.youtube.com/', 'Youtube', 'Organic Video'],
    ['msclkid=x', 'https://www.youtube.com/', 'Youtube', 'Organic Video'],
    ['gclid=x&utm_source=facebook', '', 'Facebook', 'Organic Social'],
    // What Facebook adds says of other sources nothing.
    ['fbclid=x', 'https://www.instagram.com/', 'Instagram', 'Organic Social'],
    ['fbclid=x', 'https://blog.example/', 'blog.example', 'Referral'],
    ['fbclid=x&utm_source=partner', '', 'partner', 'Referral'],
    // Google's comes before Facebook's.
    ['fbclid=x&gclid=x', '', 'Google', 'Paid Search'],
  ])('%s from %s is %s: %s', (query, referrer, source, channel) => {
    expect(from(query, referrer)).toEqual([source, channel]);
  });

  it.each([
    ['gclid=1&utm_medium=display', 'Google', 'Display'],
    ['gclid=1&utm_medium=cpc', 'Google', 'Paid Search'],
    ['gclid=1&utm_medium=email', 'Google', 'Email'],
    ['gclid=1&utm_medium=email&utm_source=partner', 'partner', 'Email'],
    ['gclid=1&utm_source=newsletter', 'newsletter', 'Email'],
    ['gclid=1&utm_medium=sms', 'Google', 'SMS'],
    ['gclid=1&utm_medium=social', 'Google', 'Organic Social'],
    ['ttclid=1&utm_medium=social', 'TikTok', 'Paid Social'],
    ['gclid=1&utm_medium=organic', 'Google', 'Paid Search'],
    ['gclid=1&utm_medium=video', 'Google', 'Paid Video'],
    ['gclid=1&utm_medium=flyer', 'Google', 'Paid Search'],
    ['gclid=1&utm_campaign=cross-network', 'Google', 'Cross-network'],
    ['gclid=1&utm_medium=cpc&utm_campaign=shopping', 'Google', 'Paid Shopping'],
    ['fbclid=1', 'Facebook', 'Organic Social'],
    ['fbclid=1&utm_medium=email', 'Facebook', 'Email'],
    ['fbclid=1&utm_medium=cpc', 'Facebook', 'Paid Social'],
    ['fbclid=1&utm_medium=flyer', 'Facebook', 'Organic Social'],
  ])('ranks below the medium, and above the default: %s is %s: %s', (query, source, channel) => {
    expect(from(query)).toEqual([source, channel]);
  });
});

describe('a tag', () => {
  it.each([
    ['utm_source=Newsletter', 'Newsletter', 'Email'],
    ['utm_source=spring-e_mail', 'spring-e_mail', 'Email'],
    ['utm_source=sms', 'sms', 'SMS'],
    ['utm_source=firebase', 'firebase', 'Mobile Push Notifications'],
    ['utm_source=meta', 'Facebook', 'Organic Social'],
    ['utm_source=yandex', 'Yandex', 'Organic Search'],
    ['utm_source=slack', 'Slack', 'Organic Social'],
    ['utm_source=m.facebook.com', 'Facebook', 'Organic Social'],
    ['utm_source=amazon', 'Amazon', 'Organic Shopping'],
    ['utm_source=ebay.de', 'eBay', 'Organic Shopping'],
    ['utm_source=Vimeo', 'Vimeo', 'Organic Video'],
    ['utm_source=GOOGLE', 'Google', 'Organic Search'],
    ['utm_source=WWW.Google.com', 'Google', 'Organic Search'],
    ['utm_source=fb', 'Facebook', 'Organic Social'],
    ['utm_source=ig', 'Instagram', 'Organic Social'],
    ['utm_source=x', 'Twitter', 'Organic Social'],
    ['utm_source=yt', 'Youtube', 'Organic Video'],
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

  it.each(['(direct)', '(none)', '(not set)'])('%s is none', (tag) => {
    expect(from(`utm_source=${tag}&utm_medium=(none)`)).toEqual(['', 'Direct']);
    expect(from(`utm_source=${tag}&utm_medium=(none)`, 'https://blog.example/')).toEqual([
      'blog.example',
      'Referral',
    ]);
  });

  it.each([
    ['facebook-ads', 'Facebook', 'Paid Social'],
    ['facebook_ad', 'Facebook', 'Paid Social'],
    ['facebook_feed_ad', 'Facebook', 'Paid Social'],
    ['fbads', 'Facebook', 'Paid Social'],
    ['FB-Ads', 'Facebook', 'Paid Social'],
    ['linkedin_ads', 'LinkedIn', 'Paid Social'],
    ['adwords', 'Google', 'Paid Search'],
    ['gads', 'Google', 'Paid Search'],
    ['google ads', 'Google', 'Paid Search'],
    ['yt-ads', 'Youtube', 'Paid Video'],
    ['amazon-ads', 'Amazon', 'Paid Shopping'],
    ['gmail-ads', 'Gmail', 'Paid Other'],
    ['Threads', 'Threads', 'Organic Social'],
    ['tribads', 'tribads', 'Referral'],
    ['roads', 'roads', 'Referral'],
    ['ads', 'ads', 'Referral'],
  ])('%s is an advertisement only after a source: %s, %s', (tag, source, channel) => {
    expect(from(`utm_source=${encodeURIComponent(tag)}`)).toEqual([source, channel]);
  });

  it('is cut if it is too long', () => {
    const tag = 'x'.repeat(LIMITS.utm + 1);
    const { source, utm } = attribute(
      linkParametersOf(new URL(`https://site.example/?utm_source=${tag}`)),
      null,
      [],
    );
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
    ['ppcx', 'Referral'],
    ['Display', 'Display'],
    ['cpm', 'Display'],
    ['displays', 'Referral'],
    ['in-banner', 'Referral'],
    ['E-Mail', 'Email'],
    ['mail', 'Email'],
    ['email', 'Email'],
    ['e_mail', 'Email'],
    ['e mail', 'Email'],
    ['email-weekly', 'Email'],
    ['newsletter', 'Email'],
    ['mailing', 'Referral'],
    ['hotmail', 'Referral'],
    ['affiliate', 'Affiliates'],
    ['audio', 'Audio'],
    ['sms', 'SMS'],
    ['push', 'Mobile Push Notifications'],
    ['notification', 'Mobile Push Notifications'],
    ['web-push', 'Mobile Push Notifications'],
    ['mobile', 'Mobile Push Notifications'],
    ['app-notifications', 'Mobile Push Notifications'],
    ['pushed', 'Referral'],
    ['referral', 'Referral'],
    ['app', 'Referral'],
    ['link', 'Referral'],
    ['affiliates', 'Referral'],
    ['video', 'Organic Video'],
    ['instream-video', 'Organic Video'],
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
    ['google', 'Paid Search', 'Organic Search'],
    ['facebook', 'Paid Social', 'Organic Social'],
    ['youtube', 'Paid Video', 'Organic Video'],
    ['vimeo', 'Paid Video', 'Organic Video'],
    ['ebay', 'Paid Shopping', 'Organic Shopping'],
    ['chatgpt', 'Paid Other', 'AI Assistants'],
    ['gmail', 'Paid Other', 'Email'],
    ['partner', 'Paid Other', 'Referral'],
    ['criteo', 'Paid Other', 'Paid Other'],
  ])('of a paid kind from %s is %s, else %s', (source, paid, organic) => {
    for (const medium of ['cpc', 'CPM-x', 'ppc', 'retargeting', 'paid_social'])
      expect(from(`utm_source=${source}&utm_medium=${medium}`)[1], medium).toBe(paid);
    expect(from(`utm_source=${source}`)[1]).toBe(organic);
    expect(from(`utm_source=${source}&utm_medium=referral`)[1]).toBe(organic);
    expect(from(`utm_source=${source}&utm_medium=display`)[1]).toBe('Display');
    expect(from(`utm_source=${source}&utm_medium=cpc&utm_campaign=x-Cross-Network`)[1]).toBe('Cross-network');
  });

  it('cpm is paid if its kind is recognized, else display', () => {
    expect(from('utm_source=facebook&utm_medium=cpm')[1]).toBe('Paid Social');
    expect(from('utm_source=partner&utm_medium=cpm')[1]).toBe('Display');
  });

  it.each([
    ['shop', true],
    ['Spring-Shopping', true],
    ['eshop', true],
    ['my shop', true],
    ['windowshopping', true],
    ['bishop', false],
    ['workshop', false],
    ['sale', false],
  ])('with the campaign %j is shopping: %s', (campaign, isShopping) => {
    const query = `utm_source=partner&utm_campaign=${campaign}`;
    expect(from(query)[1]).toBe(isShopping ? 'Organic Shopping' : 'Referral');
    expect(from(`${query}&utm_medium=cpc`)[1]).toBe(isShopping ? 'Paid Shopping' : 'Paid Other');
  });

  it('can be determined by the source', () => {
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
    ['https://www.google.co.uk/products', 'Google Product Search', 'Organic Shopping'],
    ['https://images.google.com.br/', 'Google Images', 'Organic Search'],
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

  it.each([
    ['https://fr-fr.facebook.com/', 'Facebook', 'Organic Social'],
    ['https://web.facebook.com/x', 'Facebook', 'Organic Social'],
    ['https://l.instagram.com/?u=x', 'Instagram', 'Organic Social'],
    ['https://de.linkedin.com/', 'LinkedIn', 'Organic Social'],
    ['https://m.youtube.com/watch', 'Youtube', 'Organic Video'],
    ['https://music.youtube.com/', 'Youtube', 'Organic Video'],
    ['https://player.vimeo.com/video/1', 'Vimeo', 'Organic Video'],
    ['https://vimeo.com/1', 'Vimeo', 'Organic Video'],
    ['https://www.twitch.tv/x', 'Twitch', 'Organic Video'],
    ['https://html.duckduckgo.com/html', 'DuckDuckGo', 'Organic Search'],
    ['https://lite.duckduckgo.com/', 'DuckDuckGo', 'Organic Search'],
    ['https://cn.bing.com/', 'Bing', 'Organic Search'],
    ['https://xx.search.yahoo.com/', 'Yahoo!', 'Organic Search'],
    ['https://news.google.de/', 'Google News', 'Organic Search'],
    ['https://scholar.google.de/', 'Google', 'Organic Search'],
    ['https://docs.google.com/document', 'Google', 'Referral'],
    ['https://us-mg5.mail.yahoo.com/', 'Yahoo! Mail', 'Email'],
    ['https://eur01.safelinks.protection.outlook.com/', 'Outlook.com', 'Email'],
    ['https://np.reddit.com/r/x', 'Reddit', 'Organic Social'],
    ['https://mobile.twitter.com/', 'Twitter', 'Organic Social'],
    ['https://nl.pinterest.com/', 'Pinterest', 'Organic Social'],
    ['https://www.pinterest.de/', 'Pinterest', 'Organic Social'],
    ['https://web.telegram.org/', 'Telegram', 'Organic Social'],
    ['https://app.slack.com/client', 'Slack', 'Organic Social'],
    ['https://ptb.discord.com/', 'Discord', 'Organic Social'],
    ['https://statics.teams.cdn.office.net/', 'Microsoft Teams', 'Organic Social'],
    ['https://de.m.wikipedia.org/wiki/X', 'Wikipedia', 'Referral'],
    ['https://medium.com/@x', 'Medium', 'Organic Social'],
    ['https://m.so.com/', '360.cn', 'Organic Search'],
    ['https://webmail.orange.fr/', 'Orange Webmail', 'Email'],
    ['https://smile.amazon.de/', 'Amazon', 'Organic Shopping'],
    ['https://www.etsy.com/', 'Etsy', 'Organic Shopping'],
    ['https://WWW.Facebook.com/', 'Facebook', 'Organic Social'],
    ['https://de-de.facebook.com./', 'Facebook', 'Organic Social'],
  ])('%s is below a host of %s: %s', (referrer, source, channel) => {
    expect(from('', referrer)).toEqual([source, channel]);
  });

  it.each([
    'facebook.com.evil.example',
    'notfacebook.com',
    'face-book.com',
    'facebook.example',
    't.company.com',
    'xt.co',
    'x.com.example',
    'google.evil.example',
    'google.com.evil.example',
    'notgoogle.de',
    // Other people's sites.
    'someone.blogspot.com',
    'someone.github.io',
    'someone.wordpress.com',
    'someone.tumblr.com',
    'someone.livejournal.com',
    'someone.substack.com',
    'someone.myshopify.com',
    'someone.medium.com',
    'blog.naver.com',
    'sites.google.com',
  ])('%s is itself', (host) => {
    expect(from('', `https://${host}/x`)).toEqual([host, 'Referral']);
  });

  it.each([
    ['com.slack', 'Slack', 'Organic Social'],
    ['com.Slack', 'Slack', 'Organic Social'],
    ['com.facebook.katana', 'Facebook', 'Organic Social'],
    ['com.facebook.orca', 'Messenger', 'Organic Social'],
    ['com.instagram.android', 'Instagram', 'Organic Social'],
    ['org.telegram.messenger', 'Telegram', 'Organic Social'],
    ['free.reddit.news', 'Reddit', 'Organic Social'],
    ['com.whatsapp', 'WhatsApp', 'Organic Social'],
    ['com.pinterest', 'Pinterest', 'Organic Social'],
    ['com.zhiliaoapp.musically', 'TikTok', 'Organic Social'],
    ['com.google.android.youtube', 'Youtube', 'Organic Video'],
    ['com.google.android.gm', 'Gmail', 'Email'],
    ['com.google.android.googlequicksearchbox/https/www.google.com', 'Google', 'Organic Search'],
    ['com.openai.chatgpt', 'ChatGPT', 'AI Assistants'],
    ['com.ebay.mobile', 'eBay', 'Organic Shopping'],
    ['com.slackers', 'com.slackers', 'Referral'],
    ['org.telegrammmm.scam', 'org.telegrammmm.scam', 'Referral'],
    ['com.example.app', 'com.example.app', 'Referral'],
  ])('android-app://%s is %s: %s', (app, source, channel) => {
    expect(from('', `android-app://${app}/`)).toEqual([source, channel]);
  });

  it('counts if the page is unknown', () => {
    expect(attribute(null, referrerOf(new URL('https://blog.example/')), [])).toEqual({
      referrer: 'blog.example',
      source: 'blog.example',
      channel: 'Referral',
      utm: { source: '', medium: '', campaign: '', content: '', term: '' },
    });
  });
});

describe('an ampersand that HTML has escaped', () => {
  it.each([
    'utm_source=news&amp;utm_medium=cpc&amp;utm_campaign=spring&amp;gclid=x',
    'utm_source=news&amp;amp;utm_medium=cpc&AMP;utm_campaign=spring',
    'amp;utm_source=news&amp;utm_medium=cpc&utm_campaign=spring',
  ])('is one: ?%s', (query) => {
    const page = readPage(`https://site.example/?${query}&amp;tab=2`, '', ['tab']);
    expect(page?.link.utm).toMatchObject({ source: 'news', medium: 'cpc', campaign: 'spring' });
    expect(page?.page).toBe('/?tab=2');
  });

  it('is kept within a name, a value or a path', () => {
    const page = readPage('https://site.example/a&amp;b?utm_source=camp;x&lamp;utm_medium=cpc', '', []);
    expect(page?.link.utm).toMatchObject({ source: 'camp;x', medium: '' });
    expect(page?.page).toBe('/a&amp;b');
  });
});
