/** A pixel's events of some days, as a busy site has them: made up, with a seed, and with what an event that D1 does not need has. */
import { Random } from '../../scripts/lib/random.ts';
import type { Event } from '../../src/model/event.ts';

export interface TrafficOptions {
  readonly pixel: string;
  readonly seed: number;
  /** Events in all, about. */
  readonly events: number;
  /** The starts of the days, in epoch milliseconds. */
  readonly days: readonly number[];
}

const HASH = '-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz';
const COUNTRIES = [
  'DE',
  'FR',
  'US',
  'PL',
  'JP',
  'BR',
  'IN',
  'GB',
  'ES',
  'IT',
  'NL',
  'SE',
  'AT',
  'CH',
  'CZ',
  'DK',
  'NO',
  'FI',
];
const BROWSERS = ['Chrome', 'Safari', 'Firefox', 'Edge', 'Samsung Internet', 'Opera'];
const SYSTEMS = ['Windows', 'iOS', 'Android', 'macOS', 'Linux'];
const SOURCES = ['Google', 'Bing', 'DuckDuckGo', 'Hacker News', 'Reddit', 'newsletter', 'Facebook'];
const LANGUAGES = ['de', 'en', 'fr', 'pl', 'ja', 'pt', 'es'];
const DAY = 86_400_000;
const PER_VISITOR = 4.2;

/** Events in no order. */
export function* traffic({ pixel, seed, events, days }: TrafficOptions): Generator<Event> {
  const random = new Random(seed);
  const perDay = Math.ceil(events / days.length);
  let number = 0;
  for (const [index, day] of days.entries()) {
    // Days differ, so that no question about two of them has the answer of one.
    const wanted = Math.round((perDay / PER_VISITOR) * (0.8 + (0.4 * index) / Math.max(1, days.length - 1)));
    for (let visitor = 0; visitor < wanted; visitor++) {
      for (const event of visitorsEvents(random, pixel, day)) {
        number += 1;
        yield { ...event, id: `${seed}-${number}` };
      }
    }
  }
}

/** Small numbers are more frequent than great ones. */
const ranked = (random: Random, count: number): number =>
  Math.min(count - 1, Math.floor(count ** random.next() - 1 + random.next()));

function* visitorsEvents(random: Random, pixel: string, day: number): Generator<Event> {
  const pick = (values: readonly string[]): string => values[ranked(random, values.length)] ?? '';
  const visitor = random.chance(0.02)
    ? ''
    : Array.from({ length: 22 }, () => HASH[random.below(64)]).join('');
  const browser = pick(BROWSERS);
  const country = pick(COUNTRIES);
  const source = random.chance(0.45) ? pick(SOURCES) : '';
  const common = {
    pixel,
    eid: '',
    visitor,
    person: '',
    hostname: random.chance(0.9) ? 'site.example' : 'blog.site.example',
    referrer: '',
    utm_medium: '',
    utm_campaign: '',
    utm_content: '',
    utm_term: '',
    device: pick(['Desktop', 'Mobile', 'Tablet']),
    browser,
    browser_version: `${browser === '' ? '' : 100 + ranked(random, 20)}`,
    os: pick(SYSTEMS),
    os_version: `${ranked(random, 12)}`,
    country,
    region: `${country}-${ranked(random, 6)}`,
    region_name: `Region ${country}`,
    city: `City ${country} ${ranked(random, 40)}`,
    language: pick(LANGUAGES),
    agent_class: 'human',
    props: '',
    authenticated: 0,
  } as const;
  const views = random.chance(0.45) ? 1 : 1 + Math.floor(Math.exp(0.4 + 1.6 * random.next()));
  let ts =
    day + Math.floor(DAY * 0.98 * (0.15 * random.next() + 0.85 * ((random.next() + random.next()) / 2)));
  for (let view = 0; view < views; view++) {
    const own = view === 0 ? source : '';
    const attribution = {
      source: own,
      channel: own === '' ? (view === 0 ? 'Direct' : '') : own === 'newsletter' ? 'Email' : 'Organic Search',
      utm_source: own === 'newsletter' ? own : '',
    };
    const page = `/page/${ranked(random, 400)}`;
    const base = { ...common, ...attribution, page, ts, id: '' };
    yield { ...base, name: 'pageview', engaged: null, scroll: null, value: null, currency: '' };
    if (random.chance(0.25)) {
      const at = ts + 1000 + random.below(20_000);
      yield {
        ...base,
        source: '',
        channel: '',
        utm_source: '',
        ts: at,
        name: 'engagement',
        engaged: at - ts,
        scroll: random.below(101),
        value: null,
        currency: '',
      };
    }
    if (random.chance(0.06)) {
      const isSale = random.chance(0.7);
      yield {
        ...base,
        source: '',
        channel: '',
        utm_source: '',
        ts: ts + 30_000,
        name: isSale ? 'Purchase' : pick(['Signup', 'Download', 'Search']),
        engaged: null,
        scroll: null,
        value: isSale ? (random.chance(0.05) ? -1 : 1) * (900 + random.below(12_000)) * 10_000 : null,
        currency: isSale ? (random.chance(0.8) ? 'EUR' : 'USD') : '',
      };
    }
    ts += 5_000 + random.below(random.chance(0.1) ? 2_400_000 : 240_000);
    if (ts >= day + DAY * 0.999) return;
  }
}
