/** The view Conversions without a browser: its addresses, what its form sends, and the sentences that say how a destination is. */
import { describe, expect, it } from 'vitest';
import { addressOf, type Place, placeOf } from '../../src/dashboard/conversions/address.ts';
import {
  bodyOf,
  errorsOf,
  fieldsOf,
  newFields,
  pathsOf,
  withEvent,
} from '../../src/dashboard/conversions/fields.ts';
import {
  answerText,
  byTrouble,
  healthOf,
  reportedBy,
  statusOf,
} from '../../src/dashboard/conversions/health.ts';
import { fromNow, timeOf } from '../../src/dashboard/conversions/times.ts';
import { clock, moment } from '../../src/dashboard/format.ts';
import type { DestinationJson, DestinationSummaryJson, NetworkJson } from '../../src/model/relay-json.ts';

const ID = 'ds_1111111111111111';
const TIME = '2026-11-30T00:00:00.000Z';

const field = (name: string) => ({ name, label: name, help: '', pattern: '.+', default: null });
const META: NetworkJson = {
  name: 'meta',
  title: 'Meta',
  account: field('account'),
  secret: field('secret'),
  settings: [field('version')],
  events: { Purchase: 'Purchase', Signup: 'CompleteRegistration' },
  as: { pattern: '.+', help: '' },
  max_age: 1,
  deduplicates: 'all',
  test: 'code',
};

const DESTINATION: DestinationJson = {
  id: ID,
  pixel: 'px_1',
  network: 'meta',
  name: 'The shop',
  account: '123',
  settings: {},
  rules: [
    { event: 'Purchase', as: 'Purchase' },
    { goal: 'Paid', as: 'Lead' },
  ],
  mode: 'live',
  test_code: '',
  state: 'on',
  problem: null,
  has_secret: true,
  missing_goals: [],
  etag: '1',
  secret_at: TIME,
  created_at: TIME,
  updated_at: TIME,
};

const NONE = { waiting: 0, sent: 0, delivered: 0, refused: 0, expired: 0, withdrawn: 0, unknown: 0 };
const summary = (
  states: Partial<typeof NONE>,
  more: Partial<DestinationSummaryJson> = {},
): DestinationSummaryJson => ({
  days: 7,
  since: TIME,
  complete: true,
  states: { ...NONE, ...states },
  by_day: [],
  refusals: [],
  on_page: 0,
  deduplicable: 0,
  doubled: 0,
  server_only: 0,
  median_delay: null,
  p95_delay: null,
  sent: 0,
  match_keys_of: 0,
  match_keys: [],
  ...more,
});
const refusal = (count: number, message: string, advice = '') => ({
  ...{ name: 'Purchase', status: 0, code: '', message, advice, count, last_at: TIME },
});
const LATER = '2026-11-30T00:14:00.000Z';
const TOMORROW = '2026-12-01T00:14:00.000Z';
const AT = clock(Date.parse(LATER), 'Europe/Berlin');
const NOW = { at: Date.parse(TIME), timezone: 'Europe/Berlin' };
const said = (
  destination: Partial<DestinationJson>,
  of: DestinationSummaryJson,
  network: NetworkJson = META,
): string[] => healthOf({ ...DESTINATION, ...destination }, of, network, NOW).map(({ text }) => text);
const problem = (change: Partial<NonNullable<DestinationJson['problem']>>) => ({
  ...{ status: 429, code: '', message: 'Too many requests', advice: '', at: TIME, retry_at: null },
  ...change,
});

describe('addresses', () => {
  it.each<Place>([
    { at: 'list' },
    { at: 'new', network: null },
    { at: 'new', network: 'meta' },
    { at: 'edit', destination: ID },
    { at: 'destination', destination: ID, state: null },
    { at: 'destination', destination: ID, state: 'refused' },
    { at: 'conversion', name: 'A&B=c', event: '../?# %2F' },
  ])('of each place lead to it: %j', (place) => {
    for (const search of ['', '?period=7d&f=is,event:page,/']) {
      const address = addressOf('px_1', place, search);
      const { pathname, search: query } = new URL(address, 'https://px.example');
      expect(placeOf(pathname.split('/').slice(4), query)).toEqual(place);
      expect(query.startsWith(search)).toBe(true);
    }
  });

  it.each([
    ['/nosuch', ''],
    ['/new/more', ''],
    [`/${ID}/more`, ''],
    [`/${ID}/edit/more`, ''],
    ['/ds_0', ''],
    ['/event', ''],
    ['/event', '?name=Purchase'],
  ])('of nothing lead nowhere: %s%s', (path, search) => {
    expect(placeOf(path.split('/').slice(1), search)).toBeNull();
  });

  it('with a state that does not exist show all of the ledger', () => {
    expect(placeOf([ID], '?state=nosuch')).toEqual({ at: 'destination', destination: ID, state: null });
  });
});

describe('the form', () => {
  it('begins with the event that matters most, under its name at the network', () => {
    expect(newFields(META)).toMatchObject({
      name: 'Meta',
      rules: [{ kind: 'event', what: 'Purchase', as: 'Purchase' }],
    });
    expect(newFields({ ...META, events: {} })).toMatchObject({
      rules: [{ kind: 'event', what: 'Purchase', as: '' }],
    });
  });

  it('sends what a destination has, and no secret unless one is typed', () => {
    const { network, name, account, settings, rules, mode, test_code } = DESTINATION;
    const expected = { network, name, account, settings, rules, mode, test_code, state: 'on' };
    expect(bodyOf(fieldsOf(DESTINATION))).toEqual(expected);
    expect(bodyOf({ ...fieldsOf(DESTINATION), secret: 's' })).toEqual({ ...expected, secret: 's' });
    expect(bodyOf({ secret: '' })).toEqual({});
    expect(bodyOf({ settings: { version: 'v26.0', host: '' }, isOn: false })).toEqual({
      settings: { version: 'v26.0' },
      state: 'off',
    });
  });

  it('keeps a stopped destination on', () => {
    expect(fieldsOf({ ...DESTINATION, state: 'stopped' }).isOn).toBe(true);
    expect(fieldsOf({ ...DESTINATION, state: 'off' }).isOn).toBe(false);
  });

  it('names an event as the network does, unless the owner has chosen a name', () => {
    const { events } = META;
    const signup = { kind: 'event', what: 'Signup' } as const;
    const rule = { kind: 'event', what: 'Purchase', as: 'Purchase' } as const;
    expect(withEvent(rule, signup, events).as).toBe('CompleteRegistration');
    expect(withEvent({ ...rule, as: 'Mine' }, signup, events).as).toBe('Mine');
    expect(withEvent(rule, { kind: 'goal', what: 'Signup' }, events).as).toBe('Purchase');
    expect(withEvent({ kind: 'event', what: '', as: '' }, signup, events).as).toBe('CompleteRegistration');
  });

  it('shows errors at their fields, and others below', () => {
    const paths = pathsOf(META, { rules: fieldsOf(DESTINATION).rules });
    const errors = [
      { path: 'settings.version', message: 'Such as v25.0.' },
      { path: 'rules[1].as', message: 'Too long.' },
      { path: 'state', message: 'Use on.' },
    ];
    const { at, others } = errorsOf(errors, paths);
    expect([...at]).toEqual([
      ['settings.version', 'Such as v25.0.'],
      ['rules[1].as', 'Too long.'],
    ]);
    expect(others).toEqual(errors.slice(2));
    // A row that was removed since has no place.
    expect(errorsOf(errors, pathsOf(META, { rules: [] })).others).toEqual(errors.slice(1));
    expect(errorsOf([], pathsOf(META, newFields(META)))).toEqual({ at: new Map(), others: [] });
  });
});

describe('how a destination is', () => {
  it('is said of what was delivered and what was refused', () => {
    expect(
      said(
        {},
        summary(
          { delivered: 124, refused: 2 },
          { refusals: [refusal(2, 'Purchase without a currency', 'Send cd[currency].')] },
        ),
      ),
    ).toEqual(['Delivered 124 of 126.', '2 refused: Purchase without a currency. Send cd[currency].']);
  });

  it('is said of why it has stopped, with what to do', () => {
    const ended = problem({
      message: 'Meta answered 426: its version v20.0 has ended',
      advice: 'Set a newer one',
    });
    expect(said({ state: 'stopped', problem: ended }, summary({ delivered: 12, waiting: 9 }))).toEqual([
      'Stopped: Meta answered 426: its version v20.0 has ended. Set a newer one.',
      'Delivered all 12.',
      '9 wait until you have fixed this, or until they expire.',
    ]);
  });

  it('is said once, and not in all words of a network', () => {
    const advice = 'Meta answered 426: its version v20.0 has ended; set a newer one';
    const ended = problem({ message: 'Requested version is not active', advice });
    expect(said({ state: 'stopped', problem: ended }, summary({ waiting: 1 }))[0]).toBe(
      `Stopped: ${advice}.`,
    );
    const refusals = [{ ...refusal(1, 'x'.repeat(1000), 'Mend it'), status: 400 }];
    expect(said({}, summary({ refused: 1 }, { refusals }))[1]).toBe(
      `1 refused: ${'x'.repeat(160)}… Mend it.`,
    );
  });

  it('is said of what counts twice', () => {
    expect(said({}, summary({ delivered: 31 }, { doubled: 31 })).at(-1)).toBe(
      "31 conversions had no event id while Meta's own pixel was on the page: Meta counts these twice. Add data-relay to the snippet.",
    );
    expect(said({}, summary({ delivered: 1 }, { doubled: 1 })).at(-1)).toContain('Meta counts it twice.');
  });

  it('is said of nothing, one and everything else', () => {
    expect(said({}, summary({}))).toEqual(['No conversions in the last 7 days.']);
    expect(said({}, summary({ delivered: 1 }))).toEqual(['Delivered the only conversion.']);
    expect(said({}, summary({ refused: 1 }))).toEqual(['Delivered none of 1.', '1 refused.']);
    expect(said({}, summary({ waiting: 1 }))).toEqual(['1 waits to be sent.']);
    expect(said({}, summary({ withdrawn: 1 }))).toEqual(['1 withdrawn, since visitors withdrew consent.']);
    expect(said({}, summary({ sent: 2, expired: 3, unknown: 1, delivered: 1000 }))).toEqual([
      'Delivered 1,000 of 1,004.',
      '3 expired: too old for Meta before they could be delivered.',
      '1 sent without an answer, and not sent again, since Meta could count it twice.',
      '2 sent; Meta decides later.',
    ]);
  });

  it('names two reasons, and counts the others', () => {
    const refusals = [refusal(5, 'A'), refusal(3, 'B'), refusal(2, 'C')];
    expect(said({}, summary({ refused: 10 }, { refusals })).slice(1)).toEqual([
      '5 refused: A.',
      '3 refused: B.',
      '2 refused for other reasons.',
    ]);
  });

  it('says what a test, a switched-off destination and a missing goal mean', () => {
    expect(said({ mode: 'test', test_code: 'TEST1' }, summary({}))[0]).toBe(
      'Meta shows the conversions among its test events, under the code TEST1, and may count them.',
    );
    expect(said({ state: 'off' }, summary({}))[0]).toContain('Nothing is sent');
    expect(said({ missing_goals: ['Paid'] }, summary({}))[0]).toContain('no goal “Paid” any more');
  });

  it('is said of why what waits is tried again later, and when', () => {
    const later = problem({ retry_at: LATER });
    expect(said({ problem: later }, summary({ delivered: 3, waiting: 12 }))).toEqual([
      `Meta answered 429: Too many requests. 12 wait; the next try is at ${AT}, in 14 minutes.`,
      'Delivered all 3.',
    ]);
    // One that is tried again although nothing waits any more, one that is due, and one of another day.
    expect(said({ problem: later }, summary({}))[0]).toContain(`requests. The next try is at ${AT}`);
    expect(said({ problem: problem({ retry_at: TIME }) }, summary({ waiting: 1 }))[0]).toContain(
      '1 waits; the next try is due.',
    );
    const tomorrow = problem({ retry_at: TOMORROW });
    expect(said({ problem: tomorrow }, summary({ waiting: 1 }))[0]).toContain(
      `is at ${moment(TOMORROW, 'Europe/Berlin')}, in 1 day.`,
    );
    const silent = problem({ status: 0, message: 'The connection broke.', retry_at: TIME });
    expect(said({ problem: silent }, summary({ waiting: 1 }))[0]).toBe(
      'The connection broke. 1 waits; the next try is due.',
    );
  });

  it('does not blame the network for what the owner has switched off', () => {
    const refusals = [{ ...refusal(2, 'The destination was switched off.'), code: 'switched_off' }];
    const of = summary({ delivered: 5, refused: 2 }, { refusals });
    expect(said({}, of)).toEqual([
      'Delivered all 5.',
      '2 not sent: the destination was switched off while they waited.',
    ]);
    expect(statusOf(DESTINATION, of)).toEqual({ tone: 'good', label: 'On' });
  });

  it('depends on what the network recognizes', () => {
    const of = summary({ delivered: 9 }, { on_page: 4, doubled: 1, deduplicable: 3 });
    const network = (deduplicates: NetworkJson['deduplicates']) => ({ ...META, deduplicates });
    expect(said({}, of, network('all')).at(-1)).toContain('1 conversion had no event id');
    const none = said({}, { ...of, doubled: 4, deduplicable: 0 }, network('none')).at(-1);
    expect(none).toContain('counts these twice, since it recognizes no event');
    expect(none).toContain('4 conversions');
    const unknown = { ...of, doubled: null, deduplicable: null };
    expect(said({}, unknown, network('purchases'))).toEqual(['Delivered all 9.']);
  });

  it('has a label and a tone, from what is known', () => {
    const retry = problem({ retry_at: TIME });
    const label = (destination: Partial<DestinationJson>, of: DestinationSummaryJson | null) => {
      const { tone, label: text } = statusOf({ ...DESTINATION, ...destination }, of);
      return `${tone}: ${text}`;
    };
    const fine = summary({ delivered: 1 });
    expect(label({}, null)).toBe('good: On');
    expect(label({}, fine)).toBe('good: On');
    expect(label({}, summary({}))).toBe('idle: On, nothing to send');
    expect(label({}, summary({ withdrawn: 1 }))).toBe('good: On');
    expect(label({ mode: 'test' }, fine)).toBe('test: On, test mode');
    expect(label({ mode: 'test' }, summary({}))).toBe('test: On, test mode');
    expect(label({ state: 'off', mode: 'test' }, summary({ refused: 1 }))).toBe('idle: Off');
    expect(label({ state: 'stopped', problem: problem({}) }, fine)).toBe('bad: Stopped');
    expect(label({ problem: retry }, fine)).toBe('trouble: Trying again');
    expect(label({ problem: retry }, null)).toBe('trouble: Trying again');
    expect(label({ missing_goals: ['Paid'] }, null)).toBe('trouble: Needs attention');
    expect(label({ missing_goals: ['Paid'] }, summary({}))).toBe('trouble: Needs attention');
    for (const state of ['refused', 'expired', 'unknown'] as const) {
      expect(label({}, summary({ [state]: 3 }))).toBe('bad: Nothing delivered');
      expect(label({}, summary({ [state]: 3, delivered: 1 }))).toBe('trouble: Needs attention');
      // The network has others, and decides later.
      expect(label({}, summary({ [state]: 3, sent: 1 }))).toBe('trouble: Needs attention');
    }
    expect(label({}, summary({ delivered: 1 }, { doubled: 1 }))).toBe('trouble: Needs attention');
  });

  it('puts those first that need their owner', () => {
    const named = (name: string, change: Partial<DestinationJson>) => ({ ...DESTINATION, ...change, name });
    const all = [
      named('off', { state: 'off' }),
      named('one', {}),
      named('goal', { missing_goals: ['Paid'] }),
      named('two', {}),
      named('later', { problem: problem({ retry_at: TIME }) }),
      named('stopped', { state: 'stopped', problem: problem({}) }),
    ];
    expect(byTrouble(all).map(({ name }) => name)).toEqual(['stopped', 'later', 'goal', 'one', 'two', 'off']);
  });
});

it('says who has reported a conversion', () => {
  const of = (reported: ('browser' | 'server')[], on_page: boolean, has_eid = true) =>
    reportedBy({ reported, on_page, has_eid }, META);
  expect(of(['browser'], false)).toBe('Reported by the page');
  expect(of(['server'], false)).toBe('Reported by your server');
  expect(of(['browser', 'server'], false)).toBe('Reported by the page and your server');
  expect(of(['browser'], true)).toBe("Reported by the page, and by Meta's pixel under the same id");
  expect(of(['browser'], true, false)).toBe("Reported by the page, and by Meta's pixel");
  expect(
    reportedBy({ reported: ['server'], on_page: true, has_eid: true }, { ...META, deduplicates: 'none' }),
  ).toBe("Reported by your server, and by Meta's pixel");
});

it('times say how far away they are', () => {
  const at = (seconds: number) => new Date(NOW.at + seconds * 1000).toISOString();
  const texts = [0, -1, -59, -60, -90 * 60, -36 * 3600, 40, 86_390].map((seconds) =>
    fromNow(at(seconds), NOW),
  );
  expect(texts).toEqual([
    'just now',
    'just now',
    '59 seconds ago',
    '1 minute ago',
    '2 hours ago',
    '2 days ago',
    'in 40 seconds',
    'in 24 hours',
  ]);
  expect(timeOf(LATER, NOW)).toBe(AT);
  // Two minutes before a midnight of the pixel.
  const before = '2026-11-29T22:58:00.000Z';
  expect(timeOf(before, NOW)).toBe(moment(before, 'Europe/Berlin'));
  expect(AT).toContain(':14');
});

it('an answer is told with its number and code, once', () => {
  const answer = { status: 400, code: '2804009', message: 'No currency', trace: '', advice: '' };
  expect(answerText(answer, 'Meta')).toBe('Meta answered 400, code 2804009: No currency.');
  expect(answerText({ ...answer, code: '' }, 'Meta')).toBe('Meta answered 400: No currency.');
  expect(answerText({ ...answer, code: '', message: '' }, 'Meta')).toBe('Meta answered 400.');
  expect(answerText({ ...answer, message: 'Meta answered 400: gone.' }, 'Meta')).toBe(
    'Meta answered 400: gone.',
  );
  expect(answerText({ ...answer, status: 0, message: 'A purchase needs a currency' }, 'Meta')).toBe(
    'A purchase needs a currency.',
  );
});
