/** The order of the checks is policy: which reason an event gets that fails several of them. */
import { describe, expect, it } from 'vitest';
import { type Arrival, Candidate } from '../../src/enrich/candidate.ts';
import { CHECKS, STAGES } from '../../src/enrich/checks.ts';
import { enrich } from '../../src/enrich/enrich.ts';
import { DEFAULT_SETTINGS, type Pixel, type PixelSettings } from '../../src/model/pixel.ts';
import type { RejectionReason } from '../../src/model/rejection.ts';
import { BLANK_EVENT, type Client, type RawEvent, UNKNOWN_CLIENT } from '../../src/model/wire.ts';

interface Parts {
  readonly raw?: Partial<RawEvent>;
  readonly arrival?: Partial<Arrival>;
  readonly client?: Partial<Client>;
  readonly settings?: Partial<PixelSettings>;
}

type Input = readonly [raw: RawEvent, arrival: Arrival, pixel: Pixel];

/** An event that passes every check, with these parts changed: the last change counts. */
function inputOf(...changes: readonly Parts[]): Input {
  const { raw, arrival, client, settings } = changes.reduce(
    (sum, change) => ({
      raw: { ...sum.raw, ...change.raw },
      arrival: { ...sum.arrival, ...change.arrival },
      client: { ...sum.client, ...change.client },
      settings: { ...sum.settings, ...change.settings },
    }),
    {},
  );
  const browser = {
    ...UNKNOWN_CLIENT,
    ip: '192.0.2.1',
    userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0',
    origin: 'https://site.example',
    ...client,
  };
  return [
    { ...BLANK_EVENT, id: 'px_1111111111111111', dl: 'https://site.example/', ...raw },
    {
      id: 'edge00',
      receivedAt: Date.parse('2026-11-24T10:00:00Z'),
      head: false,
      overrides: null,
      ...arrival,
      client: browser,
    },
    {
      id: 'px_1111111111111111',
      name: 'Test',
      url: 'https://site.example',
      timezone: 'UTC',
      settings: { ...DEFAULT_SETTINGS, ...settings },
      created_at: 0,
    },
  ];
}

/** The checks in the order that is policy, each with what fails it and with the reason that this gives. */
const POLICY: readonly (readonly [name: string, failing: Parts, reason: RejectionReason])[] = [
  ['a HEAD request is not a view', { arrival: { head: true } }, 'head_request'],
  ['the visitor has opted out', { client: { refusal: 'opt_out' } }, 'opted_out'],
  [
    'the visitor asks not to be followed, and the pixel drops such events',
    { raw: { consent: 'denied' }, settings: { gpc: 'drop' } },
    'refused',
  ],
  ['the name', { raw: { ev: ' ' } }, 'invalid_name'],
  [
    'what an authenticated sender says in the place of its client',
    { arrival: { overrides: { ts: 'never' } } },
    'invalid_time',
  ],
  ['bots and prefetches', { client: { userAgent: 'Googlebot/2.1' } }, 'bot'],
  ['the origins that the pixel allows', { settings: { origins: ['other.example'] } }, 'origin_not_allowed'],
  ['the event id', { raw: { eid: 'x'.repeat(200) } }, 'invalid_eid'],
  ['the page', { raw: { dl: 'ftp://site.example/' } }, 'invalid_url'],
  [
    'engagement is counted of visitors who may be followed',
    { raw: { ev: 'engagement', consent: 'denied' } },
    'refused',
  ],
  ['user id and hashed user data', { raw: { uid: 'x'.repeat(300) } }, 'invalid_uid'],
];

/** The check that rejects an event, and the reason that enriching gives. */
function firstFailure(input: Input): readonly (string | undefined)[] {
  const candidate = new Candidate(...input);
  const result = enrich(...input);
  return [
    CHECKS.find(({ reject }) => reject(candidate) !== null)?.name,
    result.ok ? undefined : result.error.reason,
  ];
}

describe('the checks of an event', () => {
  it('are in the order of the policy: privacy before names before bots before origins', () => {
    expect(CHECKS.map(({ name }) => name)).toEqual(POLICY.map(([name]) => name));
    const stages = CHECKS.map(({ stage }) => STAGES.indexOf(stage));
    expect(stages).toEqual(stages.toSorted((a, b) => a - b));
    expect(STAGES).toEqual(['request', 'privacy', 'name', 'bot', 'origin', 'field']);
  });

  it('let an event pass that fails none', () => {
    expect(firstFailure(inputOf())).toEqual([undefined, undefined]);
  });

  it.each(POLICY)('reject an event for "%s" alone', (name, failing, reason) => {
    expect(firstFailure(inputOf(failing))).toEqual([name, reason]);
    expect(CHECKS.find((check) => check.name === name)?.reasons).toContain(reason);
  });

  it.each(POLICY)(
    'reject an event for "%s" whichever later checks it fails, too',
    (name, failing, reason) => {
      const later = POLICY.slice(POLICY.findIndex(([other]) => other === name) + 1);
      for (const [, second] of later) expect(firstFailure(inputOf(second, failing))).toEqual([name, reason]);
      expect(firstFailure(inputOf(...later.map(([, second]) => second), failing))).toEqual([name, reason]);
    },
  );

  it('return the reasons that they declare, each by one check except privacy signals', () => {
    const reasons = CHECKS.flatMap((check) => check.reasons);
    expect(reasons.filter((reason, index) => reasons.indexOf(reason) !== index)).toEqual(['refused']);
  });
});
