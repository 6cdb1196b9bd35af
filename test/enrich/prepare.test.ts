/** What is written of incoming events: those that are stored with their hashes, and the others as they are counted. */
import { beforeAll, describe, expect, it } from 'vitest';
import { type IncomingEvent, prepareBatch } from '../../src/enrich/prepare.ts';
import { REJECTION_REASONS, type RejectionReason } from '../../src/model/rejection.ts';
import { BLANK_EVENT, type Client, type RawEvent, UNKNOWN_CLIENT } from '../../src/model/wire.ts';
import { applySchema, makePixel, testEnv } from '../fixtures.ts';

beforeAll(applySchema);

const NOW = Date.parse('2026-11-24T10:00:00Z');
const CLIENT: Client = {
  ...UNKNOWN_CLIENT,
  ip: '192.0.2.1',
  userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0',
};

let made = 0;
const incoming = (raw: Partial<RawEvent> | null, client: Partial<Client> = {}): IncomingEvent => ({
  raw: raw && { ...BLANK_EVENT, ...raw },
  arrival: {
    id: `e${made++}`,
    receivedAt: NOW,
    head: false,
    client: { ...CLIENT, ...client },
    overrides: null,
  },
});
const prepared = (...events: IncomingEvent[]) => prepareBatch(testEnv, events, NOW);

it('does not limit visitors who have opted out, since they have no address', async () => {
  const pixel = await makePixel('UTC');
  const limit = async () => ({ success: false });
  const events = [
    incoming({ id: pixel.id }),
    incoming({ id: pixel.id }, { ...UNKNOWN_CLIENT, refusal: 'opt_out' }),
  ];
  const { batch } = await prepareBatch({ ...testEnv, RATE_LIMIT: { limit } }, events, NOW);
  expect(batch.rejections.map(({ reason, sample }) => [reason, sample === null])).toEqual([
    ['rate_limited', false],
    ['opted_out', true],
  ]);
});

describe('a rejection', () => {
  const counted = (reason: RejectionReason, sample: Record<string, string>) => ({
    pixel: '',
    day: '2026-11-24',
    reason,
    family: '',
    at: NOW,
    sample: { detail: REJECTION_REASONS[reason], name: '', ...sample },
  });

  it('without a pixel is counted by UTC day, with the id that was sent', async () => {
    const id = 'x'.repeat(50);
    const { batch, results } = await prepared(
      incoming(null),
      incoming({ ev: 'Named', dl: 'https://site.example/' }),
      incoming({ id, ev: 'n'.repeat(130) }),
    );
    expect(results.map(({ ok }) => ok)).toEqual([false, false, false]);
    expect(batch.events).toEqual([]);
    expect(batch.rejections).toEqual([
      counted('invalid_event', { id: '' }),
      counted('missing_id', { name: 'Named', id: '' }),
      counted('unknown_pixel', { name: 'n'.repeat(120), id: 'x'.repeat(40) }),
    ]);
  });

  it('of a pixel is counted by local day, with its scrubbed page', async () => {
    const pixel = await makePixel('Pacific/Kiritimati');
    const dl = 'https://site.example/u/ann@mail.example?token=secret';
    const bot = { userAgent: 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)' };
    const { batch } = await prepared(
      incoming({ id: pixel.id, ev: 'ann@mail.example', dl }, bot),
      incoming({ id: pixel.id }, bot),
    );
    const common = { ...counted('bot', {}), pixel: pixel.id, day: '2026-11-25', family: 'Googlebot' };
    const detail = REJECTION_REASONS.bot;
    expect(batch.rejections).toEqual([
      {
        ...common,
        sample: { detail, name: '(email)', hostname: 'site.example', page: '/u/(email)' },
      },
      { ...common, sample: { detail, name: '', hostname: '', page: '' } },
    ]);
  });

  it('of a visitor with a privacy signal stores only a count of that day', async () => {
    const pixel = await makePixel('UTC', { gpc: 'drop' });
    const { batch } = await prepared(
      incoming({ id: pixel.id, ev: 'Secret' }, { refusal: 'signal' }),
      incoming({ id: pixel.id, ev: 'Secret' }, { refusal: 'opt_out' }),
    );
    const common = { pixel: pixel.id, day: '2026-11-24', family: '', sample: null };
    const at = Date.parse('2026-11-24T00:00:00Z');
    expect(batch.rejections).toEqual([
      { ...common, reason: 'refused', at },
      { ...common, reason: 'opted_out', at },
    ]);
  });
});

describe('an event', () => {
  it('keeps its position in the batch, whatever is between the events', async () => {
    const pixel = await makePixel('UTC');
    const { batch, results } = await prepared(
      incoming({ id: pixel.id, ev: 'A' }),
      incoming(null),
      incoming({ id: pixel.id, ev: 'B' }),
    );
    expect(results.map(({ ok }) => ok)).toEqual([true, false, true]);
    expect(batch.events.map(({ event }) => event.name)).toEqual(['A', 'B']);
    expect(batch.id).toMatch(/^[1-9A-Za-z]{12}$/);
  });

  it('has a visitor if the client has an address, and a person if it is identified', async () => {
    const [pixel, other] = [await makePixel('UTC'), await makePixel('UTC')];
    const who: Partial<RawEvent> = { uid: 'customer-4711', ud: [['em', 'ab'.repeat(32)]] };
    const { batch } = await prepared(
      incoming({ id: pixel.id }),
      incoming({ id: pixel.id, ...who }),
      incoming({ id: pixel.id, uid: 'customer-4711' }, { ip: '192.0.2.2' }),
      incoming({ id: pixel.id, ud: who.ud ?? [] }, { ip: '' }),
      incoming({ id: other.id, ...who }),
      incoming({ id: pixel.id, uid: 'ab'.repeat(32) }),
    );
    const [plain, recognized, elsewhere, nobody, atOther, another] = batch.events;
    expect(plain?.event).toMatchObject({ visitor: expect.stringMatching(/^[\w-]{22}$/), person: '' });
    expect(plain).not.toHaveProperty('aliases');
    expect(recognized?.event.visitor).toBe(plain?.event.visitor);
    expect(recognized?.event.person).toMatch(/^u[\w-]{22}$/);
    expect(recognized?.aliases).toEqual([expect.stringMatching(/^e[\w-]{22}$/)]);
    expect(elsewhere?.event.visitor).not.toBe(plain?.event.visitor);
    expect(elsewhere?.event.person).toBe(recognized?.event.person);
    expect(elsewhere).not.toHaveProperty('aliases');
    expect(nobody?.event).toMatchObject({ visitor: '', person: recognized?.aliases?.[0] });
    expect(atOther?.event.visitor).not.toBe(recognized?.event.visitor);
    expect(atOther?.event.person).not.toBe(recognized?.event.person);
    // A user id that is another's hash does not make one hash of both.
    expect(another?.event.person.slice(1)).not.toBe(recognized?.aliases?.[0]?.slice(1));
  });
});
