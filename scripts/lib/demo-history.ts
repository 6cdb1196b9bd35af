/**
 * Sixty days of an example shop: visits that vary by weekday and hour, visitors who come back on the same day, campaigns, a day with
 * many links to the shop, purchases, people who sign in. It has a seed, so only the dates differ from one start to the next. The rows
 * are those of an export, which `PUT /api/v1/pixels/:id/events` stores unchanged.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAgent } from '../../src/enrich/agent.ts';
import { addDays, dayStart, localDay } from '../../src/model/time-zone.ts';
import {
  DEMO_ZONE,
  ENTRIES,
  ENTRY,
  LANGUAGES,
  PAGE,
  PAGES,
  PLACE,
  PLACES,
  SOURCE,
  SOURCES,
  type Source,
  VIEWS,
  VIRAL,
  VIRAL_PAGE,
} from './demo-shop.ts';
import { Random, Weighted } from './random.ts';
import { ROOT } from './wrangler.ts';

export const DEMO_DAYS = 60;
const SEED = 20_260_724;

export type Row = Readonly<Record<string, unknown>> & { readonly id: string; readonly ts: string };

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const VISITS_A_DAY = 150;
/** From Sunday on. */
const WEEKDAYS = [0.82, 1.12, 1.1, 1.06, 1.04, 0.98, 0.74];
const HOURS = [3, 2, 1, 1, 1, 2, 5, 9, 12, 13, 13, 13, 14, 13, 12, 12, 13, 14, 15, 17, 19, 18, 12, 7];
const HOUR_OF_DAY = new Weighted(HOURS);
const ALL_HOURS = HOURS.reduce((sum, weight) => sum + weight, 0);
/** How many days ago a newsletter with many readers mentioned the shop. */
const VIRAL_DAYS_AGO = 17;
/** The share of visits by someone who was there before on the same day. */
const RETURNING = 0.27;
/** The share of first visits by people who are signed in. */
const SIGNED_IN = 0.09;
/** Milliseconds without an event after which a visit is over, and somewhat more. */
const AWAY = 31 * MINUTE;

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

/** A visitor of one day, who may come back on that day. */
interface Guest {
  readonly visitor: string;
  readonly person: string;
  readonly place: number;
  readonly device: Readonly<Record<string, string>>;
  /** When the last visit ended. */
  left: number;
}

export class DemoHistory {
  readonly #random = new Random(SEED);
  readonly #zone: string;
  readonly #people: readonly Person[];
  #ids = 0;
  #day = '';
  /** The guests of that day. */
  #guests: Guest[] = [];
  /** Events of visits that have begun, which happen later. */
  #coming: Row[] = [];
  /** When the next visit begins. */
  #next = 0;

  /** @param zone the time zone of the shop's days. */
  constructor(zone = DEMO_ZONE) {
    this.#zone = zone;
    const random = this.#random;
    this.#people = Array.from({ length: 140 }, () => ({
      hash: this.#hash(),
      place: PLACE.pick(random),
      devices: Array.from({ length: random.chance(0.35) ? 2 : 1 }, () => agentColumns(random)),
    }));
  }

  /** All rows from midnight sixty days ago until a moment, day by day. */
  *days(until: number): Generator<Row[]> {
    const today = localDay(this.#zone, until);
    for (let ago = DEMO_DAYS - 1; ago >= 0; ago--) {
      const day = addDays(today, -ago);
      const start = dayStart(this.#zone, day);
      const usual = visitsOn(day, ago) * (0.9 + this.#random.next() * 0.2);
      const wave = ago === VIRAL_DAYS_AGO ? 2.1 : ago === VIRAL_DAYS_AGO - 1 ? 0.8 : 0;
      const visits = [
        ...this.#moments(start, usual).map((at) => ({ at, from: null })),
        ...this.#moments(start, usual * wave).map((at) => ({ at, from: VIRAL })),
      ].toSorted((one, other) => one.at - other.at);
      for (const { at, from } of visits) {
        if (at <= until) this.#coming.push(...this.#visit(at, from));
      }
      yield this.#happened(ago === 0 ? until : Number.POSITIVE_INFINITY);
    }
    this.#next = until;
    this.#schedule();
  }

  /** The rows from the last call, or from the end of the days, until a moment: visits come at the pace of the days before. */
  continue(until: number): Row[] {
    while (this.#next <= until) {
      this.#coming.push(...this.#visit(this.#next, null));
      this.#schedule();
    }
    return this.#happened(until);
  }

  /** Whoever opens the live view should see somebody. */
  visitNow(now: number): Row[] {
    this.#coming.push(...this.#visit(now - MINUTE, null));
    return this.#happened(now);
  }

  #schedule(): void {
    const day = localDay(this.#zone, this.#next);
    const hour = Math.floor((this.#next - dayStart(this.#zone, day)) / HOUR) % 24;
    const anHour = (visitsOn(day, 0) * (HOURS[hour] ?? 1)) / ALL_HOURS;
    this.#next += this.#random.around(HOUR / anHour);
  }

  #happened(until: number): Row[] {
    const isOver = ({ ts }: Row): boolean => Date.parse(ts) <= until;
    const rows = this.#coming.filter(isOver);
    this.#coming = this.#coming.filter((row) => !isOver(row));
    return rows;
  }

  #moments(start: number, count: number): number[] {
    return Array.from({ length: Math.round(count) }, () => {
      const hour = HOUR_OF_DAY.pick(this.#random) + this.#random.next();
      return start + (Math.floor(hour * HOUR) % DAY);
    });
  }

  #hash(): string {
    return Array.from({ length: 22 }, () => HASH[this.#random.below(HASH.length)]).join('');
  }

  /** Who visits: a guest who was there before and has left, or a new one. */
  #guest(at: number, from: Source | null): Guest {
    const random = this.#random;
    const day = localDay(this.#zone, at);
    if (day !== this.#day) {
      this.#day = day;
      this.#guests = [];
    }
    const away = this.#guests.filter(({ left }) => left + AWAY < at);
    if (from === null && away.length > 0 && random.chance(RETURNING)) {
      return away[random.below(away.length)] as Guest;
    }
    const person =
      from === null && random.chance(SIGNED_IN) ? this.#people[random.below(this.#people.length)] : undefined;
    const device = person?.devices[random.below(person.devices.length)] ?? agentColumns(random);
    const known = this.#guests.find((guest) => guest.person === person?.hash && guest.device === device);
    if (known !== undefined && known.left + AWAY < at) return known;
    const isAnonymous = person === undefined || known !== undefined;
    const guest = {
      visitor: this.#hash(),
      person: isAnonymous ? '' : person.hash,
      place: person?.place ?? PLACE.pick(random),
      device,
      left: at,
    };
    this.#guests.push(guest);
    return guest;
  }

  /** The events of one visit. */
  #visit(at: number, from: Source | null): Row[] {
    const random = this.#random;
    const guest = this.#guest(at, from);
    const [, country = '', region = '', region_name = '', city = ''] = PLACES[guest.place] ?? [];
    const source = from ?? (SOURCES[SOURCE.pick(random)] as Source);
    const [utm_source = '', utm_medium = '', utm_campaign = '', utm_content = '', utm_term = ''] =
      source.utm ?? [];
    const common = {
      visitor: guest.visitor,
      person: guest.person,
      hostname: 'fernandkettle.example',
      source: source.source,
      channel: source.channel,
      utm_source,
      utm_medium,
      utm_campaign,
      utm_content,
      utm_term,
      ...guest.device,
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
    guest.left = ts;
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

/** How many visits a day has, on average. */
function visitsOn(day: string, ago: number): number {
  const weekday = WEEKDAYS[new Date(`${day}T00:00:00Z`).getUTCDay()] ?? 1;
  return VISITS_A_DAY * weekday * (1 + 0.35 * (1 - ago / DEMO_DAYS));
}

const HASH = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
