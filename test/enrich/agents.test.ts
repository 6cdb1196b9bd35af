/** Who is a person, and with what: real user agents of browsers, televisions, phones, mail proxies and programs. */
import { describe, expect, it } from 'vitest';
import agents from '../../node_modules/user-agents/dist/user-agents.json?raw';
import { parseAgent } from '../../src/enrich/agent.ts';
import { classify } from '../../src/enrich/bots.ts';
import { NO_HINTS } from '../../src/model/wire.ts';

interface Recorded {
  readonly userAgent: string;
  readonly deviceCategory: 'desktop' | 'mobile' | 'tablet';
}

const classOf = (userAgent: string, name = 'pageview') => classify(userAgent, '', name, true).class;
const namesOf = (userAgent: string) => {
  const { browser, os, device } = parseAgent(userAgent, NO_HINTS);
  return [browser, os, device];
};

const WEBKIT = 'AppleWebKit/537.36 (KHTML, like Gecko)';
const android = (model: string, rest = 'Chrome/120.0.0.0 Mobile Safari/537.36') =>
  `Mozilla/5.0 (Linux; Android 11; ${model}) ${WEBKIT} ${rest}`;

describe('a browser', () => {
  const recorded: readonly Recorded[] = JSON.parse(agents);
  // Every twentieth of the ten thousand, which are in no order.
  const some = recorded.filter((_, index) => index % 20 === 0);

  it(`is a person's: ${some.length} of real visits`, () => {
    expect(some.length).toBeGreaterThan(400);
    expect(some.filter(({ userAgent }) => classOf(userAgent) !== 'human')).toEqual([]);
  });

  it('is on a television only where it says so', () => {
    expect(some.filter(({ userAgent }) => namesOf(userAgent)[2] === 'TV')).toEqual([]);
    for (const { userAgent, deviceCategory } of some) {
      if (deviceCategory === 'mobile') expect(namesOf(userAgent)[2], userAgent).toBe('Mobile');
    }
  });

  it('has one name, in whatever case it says it', () => {
    const others = [
      ...some.map(({ userAgent }) => userAgent),
      ...TELEVISIONS,
      ...PHONES,
      `${android('K')} brave/1.2`,
      `${android('K')} KAKAOTALK 10.4.5`,
      `${android('K')} Instagram 335.1`,
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/602.1 (KHTML, like Gecko) Version/9.1 Epiphany/3.20 Safari/602.1',
      'Mozilla/5.0 (X11; FreeBSD amd64; rv:130.0) Gecko/20100101 Firefox/130.0',
      'Mozilla/5.0 (Mobile; Nokia 8110 4G; rv:48.0) Gecko/48.0 Firefox/48.0 KAIOS/2.5',
      'Opera/9.80 (Android; Opera Mini/36.2.2254/119.132; U; id) Presto/2.12.423 Version/12.16',
      'Mozilla/5.0 (BB10; Touch) AppleWebKit/537.35+ (KHTML, like Gecko) Version/10.3 Mobile Safari/537.35+',
      'Mozilla/5.0 (PlayStation; PlayStation 5/2.26) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.0 Safari/605.1.15',
    ];
    for (const agent of others) {
      expect(namesOf(agent.toLowerCase()), agent).toEqual(namesOf(agent));
      expect(namesOf(agent.toUpperCase()), agent).toEqual(namesOf(agent));
    }
  });

  it.each([
    [`Mozilla/5.0 (Windows NT 10.0) ${WEBKIT} chrome/140.0.0.0 Safari/537.36`, 'Chrome', 'Windows'],
    ['opera/9.80 (windows nt 6.1; u; de) presto/2.10.229 version/11.62', 'Opera', 'Windows'],
    [
      `Mozilla/5.0 (linux; android 14; K) ${WEBKIT} Chrome/140.0.0.0 Mobile Safari/537.36`,
      'Chrome',
      'Android',
    ],
    [
      `Mozilla/5.0 (Linux; Android 14; K) ${WEBKIT} Chrome/140.0 Mobile Safari/537.36 brave/1.60`,
      'Brave',
      'Android',
    ],
    ['Mozilla/5.0 (Mobile; rv:48.0) Gecko/48.0 Firefox/48.0 KAIOS/2.5', 'Firefox', 'KaiOS'],
  ])('%s is %s on %s', (agent, browser, os) => {
    expect(namesOf(agent).slice(0, 2)).toEqual([browser, os]);
  });
});

const TELEVISIONS = [
  `Mozilla/5.0 (SMART-TV; Linux; Tizen 5.0) ${WEBKIT} SamsungBrowser/2.2 Chrome/63.0.3239.84 TV Safari/537.36`,
  'Mozilla/5.0 (Linux; Tizen 2.3; SMART-TV) AppleWebKit/538.1 (KHTML, like Gecko) Version/2.3 TV Safari/538.1',
  `Mozilla/5.0 (Web0S; Linux/SmartTV) ${WEBKIT} Chrome/79.0.3945.79 Safari/537.36 WebAppManager`,
  `Mozilla/5.0 (Web0S; Linux/SmartTV) ${WEBKIT} Chrome/79.0.3945.79 Safari/537.36 HbbTV/1.5.1 (+DRM; LGE; OLED77G1PVA; WEBOS6.0 03.00.27; W60_O20N; DTV_W21O;)`,
  'Mozilla/5.0 (Linux; NetCast; U) AppleWebKit/537.31 (KHTML, like Gecko) Chrome/38.0.2125.122 Safari/537.31 SmartTV/7.0',
  'HbbTV/1.2.1 (;Panasonic;VIERA 2013;3.672;4101-0003 0002-0000;)',
  'Mozilla/5.0 (FreeBSD; U; Viera; de-DE) AppleWebKit/535.1 (KHTML, like Gecko) Viera/1.2.4 Chrome/14.0.835.202 Safari/535.1',
  'Opera/9.80 (Linux mips; U; CE-HTML/1.0 NETTV/3.0.1; PHILIPS-AVM-2012; en) Presto/2.6.33 Version/10.70',
  'Mozilla/5.0 (Linux; U; en-US; CE-HTML/1.0; Philips) AppleWebKit/534.24',
  `Opera/9.80 NETTV/4.5.0 Mozilla/5.0 (Linux armv7i; CE-HTML/1.0; U; en) ${WEBKIT} Chrome/49.0.2623.75 Safari/537.36 Tbrowser/2.0`,
  'Opera/9.80 (Linux mips; HbbTV/1.2.1 (; Freesat/1.0; hdr1000s; 1.0.0; 1.0.0; wired); ce-html/1.0) Presto/2.12.407 Version/12.50',
  'Opera/9.80 (Linux armv7l; HbbTV/1.1.1 (; Sony; KDL32W650A; PKG3.211EUA; 2013;); CE-HTML/1.0 (hasAudio)) Presto/2.12.362 Version/12.11',
  'Opera/9.80 (Linux armv7l; InettvBrowser/2.2 (00014A;SonyDTV115;0002;0100) KDL40EX720; CC/USA; en) Presto/2.8.115 Version/11.10',
  'Opera/9.80 (Linux mips; ) Presto/2.12.407 Version/12.51 MB97/0.0.39.10 (ALDINORD, Mxl661L32, wireless) VSTVB_MB97',
  `Mozilla/5.0 (Linux armv7l) ${WEBKIT} Chrome/84.0.4147.140 Safari/537.36 OPR/46.0.2207.0 OMI/4.21.4.112.Catcher4.69 Model/Hisense-MT9602 VIDAA`,
  `Mozilla/5.0 (X11; Linux armv7l) ${WEBKIT} Chrome/90.0.4430.225 Safari/537.36 CrKey/1.56.500000`,
  'Mozilla/5.0 (Linux; GoogleTV 3.2; VAP430 Build/MASTER) AppleWebKit/534.24 (KHTML, like Gecko) Chrome/11.0.696.77 Safari/534.24',
  'Roku/DVP-9.10 (519.10E04111A)',
  'Mozilla/5.0 (Roku; Roku OS 11.5) AppleWebKit/537.36 (KHTML, like Gecko)',
  'AppleTV6,2/11.1',
  'AppleTV11,1/11.1',
  'Mozilla/5.0 (Apple TV; CPU OS 9_0 like Mac OS X) AppleWebKit/601.1.46',
  android('AFTMM Build/PS7233', 'Silk/98.6.10 like Chrome/98.0.4758.136 Safari/537.36'),
  android('AFTS Build/NS6265; wv', 'Version/4.0 Chrome/70.0.3538.110 Mobile Safari/537.36'),
  android('BRAVIA 4K UR2 Build/PTT1.190515.001.S52', 'Chrome/110.0.0.0 Safari/537.36'),
  android('SHIELD Android TV Build/RQ1A.210105.003', 'Chrome/110.0.0.0 Safari/537.36'),
  android('MiTV-AXSO0 Build/OPR6.170623.013', 'Chrome/84.0.4147.125 Safari/537.36'),
  // Boxes and sticks, of which the parser makes tablets.
  ...['MIBOX4', 'H96 Max', 'X96 Mini', 'TX3 Mini', 'TV BOX', 'rk3368-box', 'A95X F3 Slim', '55LEX-8174'].map(
    (model) => android(model, 'Chrome/95.0.4638.74 Safari/537.36'),
  ),
  android('Chromecast Build/STTL.240206.005', 'Chrome/120.0.0.0 Safari/537.36'),
  android('Google TV Streamer', 'Chrome/120.0.0.0 Safari/537.36'),
  android(
    '4K Google TV Stick Build/RTT0.210618.003; wv',
    'Version/4.0 Chrome/101.0.4951.61 Mobile Safari/537.36',
  ),
  android(
    'U55G8000QG Build/PPR2.180905.006.A1; wv',
    'Version/4.0 Chrome/66.0.3359.158 YaBrowser/22.8.0.9 (lite) TV Safari/537.36',
  ),
];

describe('a television', () => {
  it.each(TELEVISIONS)('is recognized, with a person in front of it: %s', (agent) => {
    expect([classOf(agent), namesOf(agent)[2]]).toEqual(['human', 'TV']);
  });
});

const PHONES = [
  // With names of programs.
  ...[
    'CUBOT X30',
    'CUBOT_NOTE_S',
    'S222 Build/CUBOT',
    'XBot Junior',
    'Robot Phone',
    'M bot 60 Build/NRD90M',
    'Spider 8',
  ].map((model) => android(model)),
  // With a tuner.
  ...['Joy_TV Build/KOT49H', 'KAZAM TV 45', 'myA9 DTV', 'RIVIERA F23', 'Positivo Q20'].map((model) =>
    android(model),
  ),
  android(
    'OPPO R9s Plus Build/MMB29M; wv',
    'Version/4.0 Chrome/68.0.3440.106 Mobile Safari/537.36 SogouMSE,SogouMobileBrowser/5.21',
  ),
  'Mozilla/5.0 (Linux; U; Android 4.2.2; it-it; ROBOT 2 Build/JDQ39) AppleWebKit/534.30 (KHTML, like Gecko) Version/4.0 Mobile Safari/534.30',
  'Mozilla/5.0 (SAMSUNG; SAMSUNG-GT-S8500/S8500XXJF4; U; Bada/1.0; fr-fr) AppleWebKit/533.1 (KHTML, like Gecko) Dolfin/2.0 Mobile WVGA',
];

describe('a phone', () => {
  it.each(PHONES)('is recognized, with a person in front of it: %s', (agent) => {
    expect([classOf(agent), namesOf(agent)[2]]).toEqual(['human', 'Mobile']);
  });

  it.each([
    ['Discovery 1000c Build/LMY47V', 'Tablet'],
    ['Positivo BGH Y210 Build/LMY47V', 'Tablet'],
  ])('%s is a %s', (model, device) => {
    const agent = android(model, 'Chrome/98.0.4758.101 Safari/537.36');
    expect([classOf(agent), namesOf(agent)[2]]).toEqual(['human', device]);
  });
});

describe("a mail's image", () => {
  it.each([
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0',
    'Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)',
    'YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html',
    'Mozilla/5.0 (compatible; OutlookImageProxy/1.0)',
    'Mozilla/5.0 SeznamEmailProxy/2.0.174',
    'Seznam Email Proxy',
    'RamblerMail/6.0 (incompatible; ImageProxy/6.0)',
    'UkrNet Mail Proxy',
    // All that Apple's Mail Privacy Protection says.
    'Mozilla/5.0',
  ])('fetched by %s counts no visitor', (agent) => {
    expect(classOf(agent, 'email_open')).toBe('mail_proxy');
  });

  it.each([
    // An Edge of 2015, Outlook, Apple Mail without its protection, and Thunderbird.
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/42.0.2311.135 Safari/537.36 Edge/12.246',
    'Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; WOW64; Trident/8.0; Microsoft Outlook 16.0; ms-office; MSOffice 16)',
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)',
    'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.0',
  ])('fetched by %s counts a visitor', (agent) => {
    expect(classOf(agent, 'email_open')).toBe('human');
  });

  it('is distinct from the proxy of a search engine', () => {
    expect(classOf('StartpagePrivateImageProxy/2.0 (https://www.startpage.com/)', 'email_open')).toBe('bot');
  });
});

describe('a program', () => {
  it.each([
    'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
    `Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) ${WEBKIT} Chrome/120.0.0.0 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)`,
    `Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm) Chrome/116.0.1938.76 Safari/537.36`,
    `Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)`,
    'Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; ClaudeBot/1.0; +claudebot@anthropic.com)',
    'Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)',
    'Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)',
    'Sogou web spider/4.0(+http://www.sogou.com/docs/help/webmasters.htm#07)',
    'Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)',
    'Mozilla/5.0 (compatible; SemrushBot/7~bl; +http://www.semrush.com/bot.html)',
    'Mozilla/5.0 (compatible; MJ12bot/v1.4.8; http://mj12bot.com/)',
    'Mozilla/5.0 (compatible; DotBot/1.2; +https://opensiteexplorer.org/dotbot; help@moz.com)',
    'Mozilla/5.0 (compatible; PetalBot;+https://webmaster.petalsearch.com/site/petalbot)',
    `Mozilla/5.0 (Linux; Android 5.0) ${WEBKIT} Mobile Safari/537.36 (compatible; Bytespider; spider-feedback@bytedance.com)`,
    'DuckDuckBot/1.1; (+http://duckduckgo.com/duckduckbot.html)',
    'facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)',
    'Twitterbot/1.0',
    'LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)',
    'Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)',
    'Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)',
    'TelegramBot (like TwitterBot)',
    'WhatsApp/2.23.20.0',
    'Pinterestbot/1.0 (+https://www.pinterest.com/bot.html)',
    'Mozilla/5.0 (compatible; archive.org_bot +http://archive.org/details/archive.org_bot)',
    'CCBot/2.0 (https://commoncrawl.org/faq/)',
    'Applebot/0.1 (+http://www.apple.com/go/applebot)',
    `Mozilla/5.0 (X11; Linux x86_64) ${WEBKIT} HeadlessChrome/120.0.0.0 Safari/537.36`,
    `Mozilla/5.0 (Linux; Android 11; moto g power (2022)) ${WEBKIT} Chrome/119.0.0.0 Mobile Safari/537.36 Chrome-Lighthouse`,
    'Mozilla/5.0 (Linux; U; Android 4.0.2; en-us; Catchpoint) AppleWebKit/534.30 (KHTML, like Gecko) Version/4.0 Mobile Safari/534.30',
    `Mozilla/5.0 (Linux; Android 11; Bot +http://crawler.example/) ${WEBKIT} Chrome/119.0.0.0 Mobile Safari/537.36`,
    `Mozilla/5.0 (Linux; Android 10; K; compatible; FooBot/1.0) ${WEBKIT} Chrome/119.0.0.0 Mobile Safari/537.36`,
    'Mozilla/5.0 (compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)',
    'Pingdom.com_bot_version_1.4_(http://www.pingdom.com/)',
    'StatusCake_Pagespeed_Indev',
    'Mozilla/5.0 (compatible; Site24x7)',
    'python-requests/2.31.0',
    'Python/3.11 aiohttp/3.9.1',
    'Go-http-client/2.0',
    'Java/17.0.2',
    'okhttp/4.12.0',
    'axios/1.6.2',
    'node-fetch/1.0 (+https://github.com/bitinn/node-fetch)',
    'Wget/1.21.4',
    'libwww-perl/6.72',
    'Apache-HttpClient/4.5.13 (Java/11.0.20)',
    'PostmanRuntime/7.36.0',
    'Scrapy/2.11.0 (+https://scrapy.org)',
    'W3C_Validator/1.3',
    'Feedly/1.0 (+http://www.feedly.com/fetcher.html; like FeedFetcher-Google)',
    'FeedFetcher-Google; (+http://www.google.com/feedfetcher.html)',
    'Mozilla/5.0 (compatible; Nmap Scripting Engine; https://nmap.org/book/nse.html)',
    'Roku Crawler/1.0 (+http://crawler.example/)',
    'SmartTV-spider/1.0 (+http://crawler.example/)',
  ])('is recognized: %s', (agent) => {
    expect(classOf(agent)).toBe('bot');
  });
});
