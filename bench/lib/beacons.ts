/** Sends a recorded Speck events in beacons, and waits until they are stored. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RecordedSpeck } from './recorded-speck.ts';

const WAIT_MS = 20;
const PATIENCE_MS = 10_000;
const AGENT = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:144.0) Gecko/20100101 Firefox/144.0';

/** The fields of an event of a beacon, by its number among those of the beacon. */
export type EventFields = (event: number) => Readonly<Record<string, string>>;

export class Beacons {
  readonly #speck: RecordedSpeck;
  /** Counts the events that are stored. */
  readonly #count: (speck: RecordedSpeck) => Promise<number>;
  /** Events that will be stored once all that was answered so far is. */
  #expected: number;

  private constructor(
    speck: RecordedSpeck,
    count: (speck: RecordedSpeck) => Promise<number>,
    stored: number,
  ) {
    this.#speck = speck;
    this.#count = count;
    this.#expected = stored;
  }

  /** @param store where events go. Points are counted from the start of the Speck. */
  static async of(speck: RecordedSpeck, store: 'd1' | 'analytics_engine' = 'd1'): Promise<Beacons> {
    // What exceeds the points of an invocation goes to D1.
    const count =
      store === 'd1'
        ? countEvents
        : async (): Promise<number> => (await speck.sent()).points + (await countEvents(speck));
    return new Beacons(speck, count, await count(speck));
  }

  /** Sends events in one request, and does not wait until they are stored. */
  async post(events: number, fields: EventFields): Promise<void> {
    const response = await fetch(`${this.#speck.url}/beacon`, {
      method: 'POST',
      headers: {
        'bench-record': 'yes',
        'cf-connecting-ip': `203.0.113.${this.#expected % 250}`,
        'user-agent': AGENT,
        // What a page of the pixel's own site sends: it may say that its visitor has consented.
        origin: 'https://site.example',
      },
      body: JSON.stringify(Array.from({ length: events }, (_, event) => fields(event))),
    });
    if (response.status !== 204) throw new Error(`a beacon: ${response.status} ${await response.text()}`);
    this.#expected += events;
  }

  /** Sends one event as the tag does without JavaScript. Its statements are not recorded. */
  async get(fields: Readonly<Record<string, string>>, visitor: number): Promise<void> {
    const response = await fetch(`${this.#speck.url}/p.gif?${new URLSearchParams(fields)}`, {
      headers: { 'cf-connecting-ip': `203.0.113.${visitor % 250}`, 'user-agent': AGENT },
    });
    await response.arrayBuffer();
    if (response.status !== 200) throw new Error(`a pixel: ${response.status}`);
    this.#expected++;
  }

  /** Sends events in one request, and waits until they are stored. */
  async store(events: number, fields: EventFields): Promise<void> {
    await this.post(events, fields);
    await this.stored();
  }

  /** Waits for what was answered to be stored. */
  async stored(): Promise<void> {
    for (const began = Date.now(); ; await sleep(WAIT_MS)) {
      const count = await this.#count(this.#speck);
      if (count === this.#expected) return;
      if (Date.now() - began > PATIENCE_MS)
        throw new Error(`${count} of ${this.#expected} events were stored`);
    }
  }
}

async function countEvents({ db }: RecordedSpeck): Promise<number> {
  const { results } = await db.prepare('SELECT count(*) AS count FROM events').all<{ count: number }>();
  return results[0]?.count ?? 0;
}
