/** The example shop of the demo: its pixel, its pages, where its visitors come from and where they are. */
import { Weighted, zipf } from './random.ts';

export const DEMO_ZONE = 'Europe/Berlin';

export const DEMO_PIXEL = {
  name: 'Fern & Kettle',
  url: 'https://fernandkettle.example',
  timezone: DEMO_ZONE,
  settings: {
    goals: [
      { name: 'Looked into the shop', page: '/tea/*' },
      { name: 'Filled a basket', event: 'AddToCart' },
      { name: 'Bought tea', event: 'Purchase' },
      { name: 'Signed up', event: 'Signup' },
      { name: 'Read the journal', page: '/journal/*' },
    ],
    funnels: [
      {
        name: 'To a purchase',
        steps: ['Looked into the shop', 'Filled a basket', 'Bought tea'],
        within: 'visit',
      },
      { name: 'From reader to subscriber', steps: ['Read the journal', 'Signed up'], within: 'visit' },
    ],
  },
};

export interface Source {
  readonly weight: number;
  readonly source: string;
  readonly channel: string;
  readonly referrer?: string;
  readonly utm?: readonly [source: string, medium: string, campaign: string, content?: string, term?: string];
}

export const SOURCES: readonly Source[] = [
  { weight: 30, source: '', channel: 'Direct' },
  { weight: 31, source: 'Google', channel: 'Organic Search', referrer: 'google.com' },
  { weight: 5, source: 'DuckDuckGo', channel: 'Organic Search', referrer: 'duckduckgo.com' },
  { weight: 4, source: 'Bing', channel: 'Organic Search', referrer: 'bing.com' },
  { weight: 7, source: 'Instagram', channel: 'Organic Social', referrer: 'l.instagram.com' },
  { weight: 4, source: 'Reddit', channel: 'Organic Social', referrer: 'reddit.com/r/tea/comments/1kq9x2' },
  { weight: 3, source: 'Pinterest', channel: 'Organic Social', referrer: 'pinterest.com/pin/88164' },
  { weight: 3, source: 'steepster.com', channel: 'Referral', referrer: 'steepster.com/teas' },
  { weight: 2, source: 'teaguardian.com', channel: 'Referral', referrer: 'teaguardian.com/where-to-buy' },
  {
    weight: 6,
    source: 'newsletter',
    channel: 'Email',
    utm: ['newsletter', 'email', 'first-flush', 'header'],
  },
  {
    weight: 3,
    source: 'newsletter',
    channel: 'Email',
    utm: ['newsletter', 'email', 'winter-blends', 'footer'],
  },
  {
    weight: 5,
    source: 'Google',
    channel: 'Paid Search',
    referrer: 'google.com',
    utm: ['google', 'cpc', 'gyokuro', 'ad-2', 'buy gyokuro'],
  },
  {
    weight: 3,
    source: 'Instagram',
    channel: 'Paid Social',
    referrer: 'l.instagram.com',
    utm: ['instagram', 'paid', 'teapot-launch', 'reel-1'],
  },
];
export const SOURCE = new Weighted(SOURCES.map(({ weight }) => weight));
export const VIRAL: Source = {
  weight: 1,
  source: 'Hacker News',
  channel: 'Referral',
  referrer: 'news.ycombinator.com/item',
};
export const VIRAL_PAGE = '/journal/why-we-closed-our-warehouse';

const JOURNAL = [
  'how-to-brew-gyokuro',
  'water-matters-more-than-leaves',
  'why-we-closed-our-warehouse',
  'a-week-in-uji',
  'what-oolong-is',
  'cold-brew-without-bitterness',
  'the-kettle-that-lasts',
].map((name) => `/journal/${name}`);
const TEAS = [
  'gyokuro-okumidori',
  'sencha-first-flush',
  'milk-oolong',
  'assam-breakfast',
  'white-peony',
  'lapsang-souchong',
  'houjicha',
  'genmaicha',
  'earl-grey-blue',
  'rooibos-orange',
  'jasmine-pearls',
].map((name) => `/tea/${name}`);
const OTHER = ['/', '/tea/', '/teapots', '/about', '/shipping', '/gift-cards', '/contact'];

export const ENTRIES = ['/', ...JOURNAL, ...TEAS, '/teapots'];
export const ENTRY = new Weighted([
  30,
  ...zipf(JOURNAL.length, 0.7).map((w) => w * 9),
  ...zipf(TEAS.length, 0.8).map((w) => w * 7),
  4,
]);
export const PAGES = [...OTHER, ...JOURNAL, ...TEAS];
export const PAGE = new Weighted([
  9,
  14,
  6,
  5,
  4,
  2,
  2,
  ...zipf(JOURNAL.length, 0.7).map((w) => w * 5),
  ...zipf(TEAS.length, 0.8).map((w) => w * 8),
]);
export const VIEWS = new Weighted([38, 20, 13, 9, 7, 5, 4, 2, 2]);

export const PLACES: readonly (readonly [
  weight: number,
  country: string,
  region: string,
  name: string,
  city: string,
])[] = [
  [17, 'DE', 'BE', 'Land Berlin', 'Berlin'],
  [8, 'DE', 'HH', 'Hamburg', 'Hamburg'],
  [7, 'DE', 'BY', 'Bavaria', 'Munich'],
  [6, 'DE', 'NW', 'North Rhine-Westphalia', 'Cologne'],
  [3, 'DE', 'SN', 'Saxony', 'Leipzig'],
  [7, 'AT', '9', 'Vienna', 'Vienna'],
  [5, 'CH', 'ZH', 'Zurich', 'Zurich'],
  [9, 'GB', 'ENG', 'England', 'London'],
  [3, 'GB', 'SCT', 'Scotland', 'Edinburgh'],
  [6, 'FR', 'IDF', 'Île-de-France', 'Paris'],
  [5, 'NL', 'NH', 'North Holland', 'Amsterdam'],
  [4, 'US', 'NY', 'New York', 'New York'],
  [4, 'US', 'CA', 'California', 'San Francisco'],
  [2, 'US', 'WA', 'Washington', 'Seattle'],
  [2, 'CA', 'ON', 'Ontario', 'Toronto'],
  [2, 'SE', 'AB', 'Stockholm', 'Stockholm'],
  [2, 'PL', '14', 'Mazovia', 'Warsaw'],
  [2, 'IT', '25', 'Lombardy', 'Milan'],
  [2, 'ES', 'CT', 'Catalonia', 'Barcelona'],
  [2, 'JP', '26', 'Kyoto', 'Uji'],
  [1, 'SG', '', '', 'Singapore'],
  [1, 'AU', 'VIC', 'Victoria', 'Melbourne'],
  [1, 'IN', 'WB', 'West Bengal', 'Kolkata'],
  [1, 'BR', 'SP', 'São Paulo', 'São Paulo'],
  [0.5, 'ZA', 'WC', 'Western Cape', 'Cape Town'],
];
export const PLACE = new Weighted(PLACES.map(([weight]) => weight));
export const LANGUAGES: Readonly<Record<string, string>> = {
  DE: 'de',
  AT: 'de',
  CH: 'de',
  FR: 'fr',
  NL: 'nl',
  SE: 'sv',
  PL: 'pl',
  IT: 'it',
  ES: 'es',
  JP: 'ja',
  BR: 'pt',
};
