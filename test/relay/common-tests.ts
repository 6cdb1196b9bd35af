/** What holds for every network whose API takes a list of events, tried against its fake. */
import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import type { FakeNetwork, Trouble } from '../../scripts/lib/networks/fake.ts';
import type { Network, Outgoing } from '../../src/relay/network.ts';
import { sentFields } from '../../src/relay/networks/shared.ts';
import { runs } from '../runs.ts';
import { conversions, destinationOf, NOW, PURCHASE, send, sendOnce } from './sending.ts';

export interface Tested {
  readonly network: Network;
  readonly makeFake: (now?: () => number) => FakeNetwork;
  /** The recorded schema of a request's body. */
  readonly schema: v.GenericSchema;
  /** The network's name of a purchase. */
  readonly purchase: string;
  /** The owner's page about the network. */
  readonly page: string;
  /** Troubles that pass, those that stop the destination, and those that the network does not know. */
  readonly passing: readonly Trouble[];
  readonly stopping: readonly Trouble[];
}

export function testNetwork({ network, makeFake, schema, purchase, page, passing, stopping }: Tested): void {
  const outgoing: Outgoing = { conversion: PURCHASE, as: purchase };
  const named = (event_id: string): Outgoing => ({ as: purchase, conversion: { ...PURCHASE, event_id } });

  describe('what is sent', () => {
    it('is what the recorded schema describes', async () => {
      const fake = makeFake(() => NOW);
      const { request } = await sendOnce({ network, fake }, [outgoing]);
      const read = v.safeParse(schema, JSON.parse(request.body));
      expect(read.issues).toBeUndefined();
      expect(request.method).toBe('POST');
      expect(fake.counted()).toHaveLength(1);
    });

    it('is accepted if the network’s file finds no problem, and refused if it finds one', async () => {
      const names = fc.constantFrom(purchase, ...Object.values(network.events));
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.record({ conversion: conversions(network.maxAge), as: names }), {
            minLength: 1,
            maxLength: 4,
          }),
          async (batch) => {
            const fake = makeFake(() => NOW);
            const destination = destinationOf(fake);
            const good = batch.filter((each) => network.problemOf(each, destination) === null);
            const bad = batch.filter((each) => network.problemOf(each, destination) !== null);
            if (good.length > 0) {
              const { verdict } = await sendOnce({ network, fake, destination }, good);
              expect(verdict).toMatchObject({
                kind: 'each',
                events: good.map(() => ({ kind: 'delivered' })),
              });
            }
            for (const each of bad) {
              expect(await send({ network, fake, destination }, [each])).toMatchObject([{ kind: 'refused' }]);
            }
          },
        ),
        { numRuns: runs(150, 1500) },
      );
    });

    it('has names, settings and ids that its own patterns accept', () => {
      const whole = ({ source, flags }: RegExp) => new RegExp(`^(?:${source})$`, flags);
      for (const as of Object.values(network.events)) expect(as).toMatch(whole(network.as.pattern));
      for (const field of network.settings) expect(field.default).toMatch(whole(field.pattern));
      const { account, secret } = makeFake();
      expect(account).toMatch(whole(network.account.pattern));
      expect(secret).toMatch(whole(network.secret.pattern));
      expect('two words\n').not.toMatch(whole(network.secret.pattern));
    });

    it('goes to the host and version of the settings', async () => {
      const fake = makeFake();
      const settings = { host: 'http://127.0.0.1:8080/proxy', version: 'v77.0' };
      const access = { destination: destinationOf(fake, { settings }), secret: fake.secret, now: NOW };
      const { url } = await network.request([], access);
      expect(url).toMatch(/^http:\/\/127\.0\.0\.1:8080\/proxy\/(?:open_api\/)?v77\.0\//);
    });

    it('is no test without the code by which the network knows tests', () => {
      const destination = destinationOf(makeFake(), { mode: 'test' });
      const problem = network.problemOf(outgoing, destination);
      if (network.test === 'code') expect(problem).toMatch(/test code/);
      else expect(problem).toBeNull();
      expect(network.problemOf(outgoing, { ...destination, test_code: 'TEST1' })).toBeNull();
    });

    it('is listed on the owner’s page', () => {
      const event = network.event(outgoing, { destination: destinationOf(makeFake()), secret: '', now: NOW });
      const [, list = ''] = /<!-- sent -->\n([\s\S]*?)\n<!-- \/sent -->/.exec(page) ?? [];
      const rows = Array.from(list.matchAll(/^\| `([^`]+)` \| (yes|no) \|/gm), ([, name, hashed]) => ({
        name,
        hashed: hashed === 'yes',
      }));
      expect(rows).toEqual(sentFields(event));
    });

    it('has its settings, its events and its dashboard’s words on the owner’s page', () => {
      const words = page.replace(/\s+/g, ' ');
      for (const { label } of [network.account, network.secret]) expect(words).toContain(`**${label}**`);
      for (const [event, as] of Object.entries(network.events)) {
        expect(page).toContain(`| \`${event}\` | \`${as}\` |`);
      }
    });
  });

  describe('deduplication', () => {
    it('counts an event once that is sent again, or that the browser has reported', async () => {
      const fake = makeFake(() => NOW);
      await send({ network, fake }, [outgoing]);
      await send({ network, fake }, [outgoing]);
      fake.browserEvent(purchase, PURCHASE.event_id, NOW - 590_000);
      expect(fake.counted()).toHaveLength(1);
      expect(fake.arrivals().get(PURCHASE.event_id)).toBe(3);
    });

    it('counts it twice under another name, another id, or after the window', async () => {
      let now = NOW;
      const fake = makeFake(() => now);
      fake.browserEvent(purchase, PURCHASE.event_id, NOW);
      fake.browserEvent('other', PURCHASE.event_id, NOW);
      fake.browserEvent(purchase, 'other', NOW);
      expect(fake.counted()).toHaveLength(3);
      now = NOW + (network.deduplicatesFor ?? 0) + 60_000;
      await send({ network, fake, now }, [outgoing]);
      expect(fake.counted()).toHaveLength(4);
    });
  });

  describe('troubles', () => {
    it.each(passing)('waits and sends again: %s', async (trouble) => {
      const fake = makeFake(() => NOW);
      fake.trouble(trouble);
      expect(await send({ network, fake }, [named('a'), named('b')])).toMatchObject({ kind: 'retry' });
      expect(fake.counted()).toHaveLength(0);
      expect(await send({ network, fake }, [named('a'), named('b')])).toHaveLength(2);
      expect(fake.counted()).toHaveLength(2);
    });

    it.each(stopping)('stops with advice: %s', async (trouble) => {
      const fake = makeFake(() => NOW);
      fake.trouble(trouble);
      const verdict = await send({ network, fake }, [outgoing]);
      expect(verdict).toMatchObject({ kind: 'stop', answer: { advice: expect.stringMatching(/\w.*\./) } });
      expect(fake.counted()).toHaveLength(0);
    });

    it('stops with advice if the secret, the id or the host is wrong', async () => {
      const fake = makeFake(() => NOW);
      const other = network.account.pattern.test('1234567') ? '1234567' : fake.account.replace(/\d/, 'A');
      const account = destinationOf(fake, { account: other });
      const advised = { kind: 'stop', answer: { advice: expect.stringMatching(/\w.*\./) } };
      expect(await send({ network, fake, secret: 'x'.repeat(40) }, [outgoing])).toMatchObject(advised);
      expect(await send({ network, fake, destination: account }, [outgoing])).toMatchObject(advised);
      const path = destinationOf(fake, { settings: { host: 'https://api.example.com/elsewhere' } });
      expect(await send({ network, fake, destination: path }, [outgoing])).toMatchObject(advised);
      expect(fake.counted()).toHaveLength(0);
    });

    it('loses nothing and doubles nothing if the connection breaks after the events were taken', async () => {
      const fake = makeFake(() => NOW);
      fake.trouble('lost');
      await expect(send({ network, fake }, [outgoing])).rejects.toThrow();
      await send({ network, fake }, [outgoing]);
      expect(fake.counted()).toHaveLength(1);
      expect(fake.arrivals().get(PURCHASE.event_id)).toBe(2);
    });

    it('takes the events of a slow answer', async () => {
      const fake = makeFake(() => NOW);
      fake.trouble('slow');
      const sent = send({ network, fake }, [outgoing]);
      await expect.poll(() => fake.counted().length).toBe(1);
      fake.trouble('slow', 0);
      expect(await sent).toMatchObject([{ kind: 'delivered' }]);
    });

    it('refuses only the bad events of a batch, with advice', async () => {
      const fake = makeFake(() => NOW);
      const ids = ['a-1', 'b-2', 'c-3', 'd-4', 'e-5'];
      fake.refuse(['b-2', 'e-5']);
      const events = await send({ network, fake }, ids.map(named));
      expect(events).toMatchObject(
        ids.map((id) => ({ kind: id === 'b-2' || id === 'e-5' ? 'refused' : 'delivered' })),
      );
      expect(
        fake
          .counted()
          .map(({ id }) => id)
          .toSorted(),
      ).toEqual(['a-1', 'c-3', 'd-4']);
      for (const event of events as readonly { kind: string; answer: { advice: string } }[]) {
        expect(event.answer.advice === '').toBe(event.kind === 'delivered');
      }
    });
  });

  it('records nothing of what it sent, though the network repeats it', async () => {
    const fake = makeFake(() => NOW);
    fake.refuse([PURCHASE.event_id]);
    const { answered, verdict } = await sendOnce({ network, fake }, [outgoing]);
    const recorded = JSON.stringify(verdict);
    const repeated = textsOf(PURCHASE).filter((text) => answered.body.includes(text));
    expect(repeated.length).toBeGreaterThan(8);
    for (const text of [...repeated, fake.secret]) expect(recorded).not.toContain(text);

    const odd = { ...PURCHASE, url: 'no address', ip: 'no-ip-203' };
    const refused = await sendOnce({ network, fake }, [{ conversion: odd, as: purchase }]);
    expect(refused.answered.body).toMatch(/no address|no-ip-203/);
    expect(JSON.stringify(refused.verdict)).not.toMatch(/no address|no-ip-203/);
  });
}

/** The texts in a value that tell something of a person or an order. */
function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return value.length < 5 || /^[A-Za-z]+$/.test(value) ? [] : [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsOf) : [];
}

/** Whether a network's own limits are those of its fake, which has them from the network's pages. */
export function testLimits({ network, makeFake, purchase }: Tested): void {
  const old = (age: number): Outgoing => ({
    as: purchase,
    conversion: { ...PURCHASE, clicks: {}, ts: NOW - age },
  });
  const many = (count: number): Outgoing[] =>
    Array.from({ length: count }, () => ({ as: purchase, conversion: { ...PURCHASE, contents: [] } }));

  it('takes an event of the greatest age, and none that is a minute older', async () => {
    const fake = makeFake(() => NOW);
    expect(await send({ network, fake }, [old(network.maxAge - 1000)])).toMatchObject([
      { kind: 'delivered' },
    ]);
    expect(await send({ network, fake }, [old(network.maxAge + 60_000)])).toMatchObject([
      { kind: 'refused' },
    ]);
  });

  it('takes the largest batch, and none that is larger', async () => {
    const sending = { network, fake: makeFake(() => NOW) };
    const { events } = network.batch;
    expect((await sendOnce(sending, many(events))).verdict.kind).toBe('each');
    expect((await sendOnce(sending, many(events + 1))).verdict.kind).not.toBe('each');
  });

  it('recognizes an event until the end of the window, and not after it', async () => {
    let now = NOW;
    const fake = makeFake(() => now);
    const window = network.deduplicatesFor ?? 0;
    fake.browserEvent(purchase, PURCHASE.event_id, NOW);
    now = NOW + window - 60_000;
    await send({ network, fake, now }, [{ as: purchase, conversion: PURCHASE }]);
    expect(fake.counted()).toHaveLength(1);
    now = NOW + window + 60_000;
    await send({ network, fake, now }, [{ as: purchase, conversion: PURCHASE }]);
    expect(fake.counted()).toHaveLength(2);
  });
}
