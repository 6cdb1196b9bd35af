/**
 * Sixty days of an example shop: visits that vary by weekday and hour, campaigns, a day with many links to the shop, purchases, people who
 * sign in. It has a seed, so only the dates differ from one start to the next. The rows are those of an export, which
 * `PUT /api/v1/pixels/:id/events` stores unchanged.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAgent } from '../../src/enrich/agent.ts';
import { addDays, dayStart, localDay } from '../../src/model/time-zone.ts';
import { Random, Weighted, zipf } from './random.ts';
import { ROOT } from './wrangler.ts';

export const DEMO_ZONE = 'Europe/Berlin';
export const DEMO_DAYS = 60;
const SEED = 20_260_724;

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

export type Row = Readonly<Record<string, unknown>> & { readonly id: string; readonly ts: string };

const MINUTE = 60_000;
const DAY = 86_400_000;
const VISITS_A_DAY = 150;
/** From Sunday on. */
const WEEKDAYS = [0.82, 1.12, 1.1, 1.06, 1.04, 0.98, 0.74];
const HOURS = [3, 2, 1, 1, 1, 2, 5, 9, 12, 13, 13, 13, 14, 13, 12, 12, 13, 14, 15, 17, 19, 18, 12, 7];
/** How many days ago a newsletter with many readers mentioned the shop. */
const VIRAL_DAYS_AGO = 17;

interface Source {
  readonly weight: number;
  readonly source: string;
  readonly channel: string;
  readonly referrer?: string;
  readonly utm?: readonly [source: string, medium: string, campaign: string, content?: string, term?: string];
}

const SOURCES: readonly Source[] = [
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
const SOURCE = new Weighted(SOURCES.map(({ weight }) => weight));
const VIRAL: Source = {
  weight: 1,
  source: 'Hacker News',
  channel: 'Referral',
  referrer: 'news.ycombinator.com/item',
};
const VIRAL_PAGE = '/journal/why-we-closed-our-warehouse';

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

const ENTRIES = ['/', ...JOURNAL, ...TEAS, '/teapots'];
const ENTRY = new Weighted([
  30,
  ...zipf(JOURNAL.length, 0.7).map((w) => w * 9),
  ...zipf(TEAS.length, 0.8).map((w) => w * 7),
  4,
]);
const PAGES = [...OTHER, ...JOURNAL, ...TEAS];
const PAGE = new Weighted([
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
const VIEWS = new Weighted([38, 20, 13, 9, 7, 5, 4, 2, 2]);

const PLACES: readonly (readonly [
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
const PLACE = new Weighted(PLACES.map(([weight]) => weight));
const LANGUAGES: Readonly<Record<string, string>> = {
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

/** Real user agents by their frequency on the web. Read from the package's file, since the package itself has no seed. */
const AGENTS = JSON.parse(
  readFileSync(join(ROOT, 'node_modules/user-agents/dist/user-agents.json'), 'utf8'),
) as readonly { readonly userAgent: string; readonly weight: number }[];
const AGENT = new Weighted(AGENTS.map(({ weight }) => weight));

function agentColumns(random: Random): Readonly<Record<string, string>> {
  const agent = parseAgent(AGENTS[AGENT.pick(random)]?.userAgent ?? '', {
    platform: '',
    platformVersion: '',
    mobile: '',
  });
  return {
    device: agent.device,
    browser: agent.browser,
    browser_version: agent.browserVersion,
    os: agent.os,
    os_version: agent.osVersion,
  };
}

interface Person {
  readonly hash: string;
  readonly place: number;
  readonly devices: readonly Readonly<Record<string, string>>[];
}

export class DemoHistory {
  readonly #random = new Random(SEED);
  readonly #people: readonly Person[];
  #ids = 0;

  constructor() {
    const random = this.#random;
    this.#people = Array.from({ length: 140 }, () => ({
      hash: this.#hash(),
      place: PLACE.pick(random),
      devices: Array.from({ length: random.chance(0.35) ? 2 : 1 }, () => agentColumns(random)),
    }));
  }

  /** All rows from midnight sixty days ago until a moment, day by day. */
  *days(until: number): Generator<Row[]> {
    const today = localDay(DEMO_ZONE, until);
    for (let ago = DEMO_DAYS - 1; ago >= 0; ago--) {
      const day = addDays(today, -ago);
      const start = dayStart(DEMO_ZONE, day);
      const weekday = new Date(`${day}T00:00:00Z`).getUTCDay();
      const growth = 1 + 0.35 * (1 - ago / DEMO_DAYS);
      const usual = VISITS_A_DAY * (WEEKDAYS[weekday] ?? 1) * growth * (0.9 + this.#random.next() * 0.2);
      const wave = ago === VIRAL_DAYS_AGO ? 5.5 : ago === VIRAL_DAYS_AGO - 1 ? 1.9 : 0;
      const rows: Row[] = [];
      for (let count = Math.round(usual); count > 0; count--) {
        rows.push(...this.visit(start + this.#momentOfDay(), null));
      }
      for (let count = Math.round(usual * wave); count > 0; count--) {
        rows.push(...this.visit(start + this.#momentOfDay(), VIRAL));
      }
      yield rows.filter(({ ts }) => Date.parse(ts) <= until);
    }
  }

  #momentOfDay(): number {
    const hour = HOUR.pick(this.#random);
    return Math.floor((hour + this.#random.next()) * 3_600_000) % DAY;
  }

  #hash(): string {
    return Array.from({ length: 22 }, () => HASH[this.#random.below(HASH.length)]).join('');
  }

  /** The events of one visit. */
  visit(at: number, from: Source | null): Row[] {
    const random = this.#random;
    const person =
      from === null && random.chance(0.05) ? this.#people[random.below(this.#people.length)] : undefined;
    const [, country = '', region = '', region_name = '', city = ''] =
      PLACES[person?.place ?? PLACE.pick(random)] ?? [];
    const source = from ?? (SOURCES[SOURCE.pick(random)] as Source);
    const [utm_source = '', utm_medium = '', utm_campaign = '', utm_content = '', utm_term = ''] =
      source.utm ?? [];
    const common = {
      visitor: this.#hash(),
      person: person?.hash ?? '',
      hostname: 'fernandkettle.example',
      source: source.source,
      channel: source.channel,
      utm_source,
      utm_medium,
      utm_campaign,
      utm_content,
      utm_term,
      ...(person ? person.devices[random.below(person.devices.length)] : agentColumns(random)),
      country,
      region,
      region_name,
      city,
      language: LANGUAGES[country] ?? 'en',
    };
    const rows: Row[] = [];
    let ts = at;
    const add = (name: string, page: string, more: Readonly<Record<string, unknown>> = {}): void => {
      this.#ids += 1;
      rows.push({
        id: `demo${this.#ids}`,
        ts: new Date(Math.floor(ts)).toISOString(),
        name,
        page,
        ...common,
        ...more,
      });
    };

    let page = from ? VIRAL_PAGE : (ENTRIES[ENTRY.pick(random)] ?? '/');
    const views = from && random.chance(0.7) ? 1 : VIEWS.pick(random) + 1;
    for (let view = 0; view < views; view++) {
      const engaged = Math.min(
        9 * MINUTE,
        2000 + random.around(page.startsWith('/journal') ? 75_000 : 24_000),
      );
      add('pageview', page, view === 0 ? { referrer: source.referrer ?? '' } : {});
      ts += engaged;
      if (random.chance(0.75)) {
        add('engagement', page, { engaged: Math.round(engaged), scroll: 20 + random.below(81) });
      }
      if (page.startsWith('/tea/') && page !== '/tea/' && random.chance(0.17)) {
        add('AddToCart', page, { props: { tea: page.slice(5) } });
        ts += 20_000;
        if (random.chance(0.42)) this.#purchase(add);
      }
      if (page.startsWith('/journal') && random.chance(0.035)) {
        add('Signup', page, { props: { form: random.chance(0.6) ? 'below the article' : 'footer' } });
      }
      ts += 1000 + random.around(8000);
      page = PAGES[PAGE.pick(random)] ?? '/';
    }
    return rows;
  }

  #purchase(add: (name: string, page: string, more: Readonly<Record<string, unknown>>) => void): void {
    const random = this.#random;
    const value = Math.round((14 + random.around(26)) * 10) / 10;
    add('Purchase', '/checkout/thanks', {
      value,
      currency: 'EUR',
      props: {
        plan: random.chance(0.25) ? 'subscription' : 'one-time',
        payment: ['PayPal', 'Card', 'SEPA', 'Klarna'][random.below(4)],
      },
    });
  }
}

const HOUR = new Weighted(HOURS);
const HASH = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
