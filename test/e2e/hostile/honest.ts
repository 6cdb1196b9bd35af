/** Honest visitors, an honest shop's server and an honest dashboard, with a count of what they did to compare answers with. */
import type { Client, Reply } from './client.ts';
import type { Random } from './random.ts';
import { EMAIL_OF_BUYER } from './tricks.ts';

const SITE = 'https://site.example';
const PAGES = ['/', '/shoes', '/hats', '/basket', '/about'];
const AGENTS = [
  'Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0',
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Mobile/15E148 Safari/604.1',
];
const VISITORS = 400;

/** The dashboard's queries, by what their answers are counted under. */
const QUERIES: readonly (readonly [string, Readonly<Record<string, unknown>>])[] = [
  ['dashboard totals', { dimensions: [] }],
  ['dashboard pages', { dimensions: ['event:page'], pagination: { limit: 10 } }],
  ['dashboard sources', { dimensions: ['visit:source'], pagination: { limit: 10 } }],
  ['dashboard hours', { dimensions: ['time:hour'] }],
  [
    'dashboard pages, filtered',
    { dimensions: ['event:page'], filters: [['is', 'visit:device', ['Mobile']]], pagination: { limit: 10 } },
  ],
];
export const DASHBOARD = QUERIES.map(([name]) => name);

/** What was done on a page. */
interface Count {
  pageviews: number;
  readonly visitors: Set<number>;
}

export class Honest {
  readonly #random: Random;
  readonly #pixel: string;
  readonly #auth: Readonly<Record<string, string>>;
  readonly pages = new Map<string, Count>(PAGES.map((page) => [page, { pageviews: 0, visitors: new Set() }]));
  /** Orders that the shop's server has reported, in millionths, by their event id. */
  readonly orders = new Map<string, number>();
  /** Answers of the API to these reports that were not `accepted: 1`. */
  readonly rejectedNames: string[] = [];

  constructor(random: Random, pixel: string, auth: Readonly<Record<string, string>>) {
    this.#random = random;
    this.#pixel = pixel;
    this.#auth = auth;
  }

  /** A page view by the image. It counts if it was answered. */
  async view(client: Client): Promise<void> {
    const visitor = this.#random.below(VISITORS);
    const page = this.#random.pick(PAGES);
    const { status } = await client.send(
      'honest view',
      `/p.gif?id=${this.#pixel}&dl=${encodeURIComponent(SITE + page)}`,
      { headers: addressOf(visitor) },
    );
    if (status !== 200) return;
    const count = this.pages.get(page) as Count;
    count.pageviews++;
    count.visitors.add(visitor);
  }

  /** A purchase that the browser reports, and then the server: one event, with the server's amount. */
  async buy(client: Client): Promise<void> {
    const order = `order-${this.orders.size}`;
    const euros = 1 + this.#random.below(500);
    await client.send('honest purchase', '/beacon', {
      method: 'POST',
      headers: addressOf(this.#random.below(VISITORS)),
      body: JSON.stringify({
        id: this.#pixel,
        ev: 'Purchase',
        dl: `${SITE}/basket`,
        eid: order,
        uid: 'buyer-1',
        ud: { em: EMAIL_OF_BUYER },
        cd: { value: euros, currency: 'EUR' },
      }),
    });
    const { status, text } = await client.send('honest server', '/api/v1/events', {
      method: 'POST',
      headers: { ...this.#auth, 'content-type': 'application/json' },
      body: JSON.stringify({
        events: [{ id: this.#pixel, ev: 'Purchase', eid: order, cd: { value: euros, currency: 'EUR' } }],
      }),
    });
    this.orders.set(order, euros * 1e6);
    if (status !== 202 || !text.includes('"accepted":1'))
      this.rejectedNames.push(`${order}: ${status} ${text}`);
  }

  /** One of the dashboard's queries. */
  async look(client: Client): Promise<Reply> {
    const [name, query] = this.#random.pick(QUERIES);
    return client.send(name, '/api/v2/query', {
      method: 'POST',
      headers: { ...this.#auth, 'content-type': 'application/json', 'cache-control': 'no-cache' },
      body: JSON.stringify({
        site_id: this.#pixel,
        metrics: ['visitors', 'pageviews'],
        date_range: 'day',
        ...query,
      }),
    });
  }

  /** What the pixel tells of the honest pages, and what it should tell. */
  async compare(
    client: Client,
    date: string,
  ): Promise<{ readonly reported: unknown; readonly expected: unknown }> {
    const { text } = await client.send('comparison', '/api/v2/query', {
      method: 'POST',
      headers: { ...this.#auth, 'content-type': 'application/json' },
      body: JSON.stringify({
        site_id: this.#pixel,
        metrics: ['visitors', 'pageviews'],
        date_range: [date, date],
        dimensions: ['event:page'],
        filters: [],
        pagination: { limit: 10_000 },
      }),
    });
    const { results = text } = JSON.parse(text) as {
      results?: { dimensions: [string]; metrics: number[] }[];
    };
    if (typeof results === 'string') return { reported: results, expected: '' };
    const reported = new Map(results.map(({ dimensions, metrics }) => [dimensions[0], metrics]));
    return {
      reported: PAGES.filter((page) => page !== '/basket').map((page) => [page, reported.get(page)]),
      expected: PAGES.filter((page) => page !== '/basket').map((page) => {
        const { visitors, pageviews } = this.pages.get(page) as Count;
        return [page, [visitors.size, pageviews]];
      }),
    };
  }
}

/** Each visitor has an address and one of a few browsers. */
function addressOf(visitor: number): Record<string, string> {
  return {
    'cf-connecting-ip': `198.51.${100 + Math.floor(visitor / 250)}.${visitor % 250}`,
    'user-agent': AGENTS[visitor % AGENTS.length] as string,
  };
}
