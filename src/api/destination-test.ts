/**
 * `POST …/destinations/:part/test`: sends one made-up event in the network's test mode, by the code that sends conversions, and shows the answer. Nothing is
 * stored. The event is marked in each of its ids, and its person does not exist.
 */
import { secretsOf } from '../env.ts';
import { Attempts } from '../model/attempts.ts';
import type { Conversion } from '../model/conversion.ts';
import { type DestinationRule, MAX_DESTINATION_TESTS } from '../model/destination.ts';
import { PAGEVIEW } from '../model/event.ts';
import type { Pixel } from '../model/pixel.ts';
import { randomBase58 } from '../model/random.ts';
import type { DestinationTestJson } from '../model/relay-json.ts';
import { networkOf } from '../relay/networks/table.ts';
import { sendTest } from '../relay/send-test.ts';
import { check, readJson } from './body.ts';
import type { PixelCall } from './call.ts';
import { requireDestination, unknownDestination } from './destinations.ts';
import { hashToken } from './hash.ts';
import { Problem } from './problem.ts';
import { DestinationTest } from './relay-bodies.ts';
import { uncachedJson } from './uncached.ts';

/** Each test is a request to a network under the owner's name, so their number is limited. */
const tests = new Attempts(MAX_DESTINATION_TESTS, 3_600_000);

export async function testDestination({ request, env, pixel, part }: PixelCall): Promise<Response> {
  const { as } = check(DestinationTest, await readJson(request));
  const destination = await requireDestination(env, pixel, part);
  const rule = destination.rules.find((one) => as === undefined || one.as === as);
  if (!rule) {
    const message = 'No rule of the destination has this `as`. Send the `as` of one of its rules.';
    throw new Problem('invalid_body', message, { errors: [{ path: 'as', message }] });
  }
  const { title, test } = await networkOf(destination.network);
  if (test === 'none') {
    throw new Problem(
      'conflict',
      `${title} has no test mode. Nothing was sent, because the event would count.`,
    );
  }
  if (test === 'code' && destination.test_code === '') {
    throw new Problem(
      'conflict',
      `Nothing was sent. Set test_code first: ${title} shows it among its test events.`,
    );
  }
  countTest(destination.id);
  const now = Date.now();
  const conversion = await madeUp(pixel, rule, now);
  const outgoing = { conversion, as: rule.as };
  const result = await sendTest(env.DB, secretsOf(env), destination.id, outgoing, { now });
  if (!result) throw unknownDestination();
  return uncachedJson({
    event_id: conversion.event_id,
    sent_as: rule.as,
    ...result,
  } satisfies DestinationTestJson);
}

/** @throws Problem if the destination has been tested too often. */
function countTest(id: string): void {
  const now = Date.now();
  const seconds = tests.wait(id, now);
  if (seconds > 0) {
    throw new Problem(
      'too_many_requests',
      `A destination can be tested ${MAX_DESTINATION_TESTS} times in an hour. Try again in ${seconds} seconds.`,
      { headers: { 'retry-after': String(seconds) } },
    );
  }
  tests.count(id, now);
}

/** An address of example.com, which nobody has. */
const EMAIL = ['speck-test', 'specktest'].map((name) => `${name}@example.com`) as [string, string];
/** A number that is reserved for fiction. */
const PHONE = '12025550143';

/** What a browser reports if somebody buys something for 1 US dollar on the pixel's site. */
async function madeUp(pixel: Pixel, rule: DestinationRule, now: number): Promise<Conversion> {
  const id = `speck-test-${randomBase58(12)}`;
  const [em, emR, ph, phE164, externalId] = (await Promise.all(
    [...EMAIL, PHONE, `+${PHONE}`, 'speck-test'].map(hashToken),
  )) as [string, string, string, string, string];
  return {
    event_id: id,
    name: nameOf(pixel, rule),
    ts: now - 1000,
    url: new URL('/speck-test', pixel.url).href,
    referrer: '',
    reporter: 'browser',
    page_pixels: [],
    // An address for documentation (RFC 5737).
    ip: '192.0.2.1',
    user_agent:
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
    language: 'en',
    country: 'US',
    hashes: { em, em_g: em, em_r: emR, ph, ph_e164: phE164, external_id: externalId },
    network_ids: {},
    clicks: {},
    client_number: '1000000001',
    value: 1_000_000,
    currency: 'USD',
    order_id: id,
    contents: [{ id: 'speck-test', quantity: 1, price: 1_000_000 }],
  };
}

/** The name of an event that the rule is about. */
function nameOf({ settings: { goals } }: Pixel, rule: DestinationRule): string {
  if ('event' in rule) return rule.event;
  const goal = goals.find(({ name }) => name === rule.goal);
  return goal && 'event' in goal ? goal.event : PAGEVIEW;
}
