/** A network without peculiarities, and its server: for tests of delivering as such, in which a network's own file would only be in the way. */
import type { Conversion } from '../../src/model/conversion.ts';
import type { NetworkName } from '../../src/model/destination.ts';
import type { EventVerdict, JsonObject, Network } from '../../src/relay/network.ts';
import { answerOf, each, jsonOf, listAt, retryAfterOf, textAt } from '../../src/relay/networks/shared.ts';

const field = (name: string) => ({ name, label: name, help: '', pattern: /^.*$/ });

/** @param more what is different of it. */
export function plainNetwork(more: Partial<Network> = {}): Network {
  return {
    name: 'webhook',
    title: 'Plain',
    account: field('account'),
    secret: field('secret'),
    settings: [],
    events: { Purchase: 'buy' },
    as: { pattern: /^.+$/, help: '' },
    batch: { events: 100, bytes: 1_000_000 },
    maxAge: 90 * 86_400_000,
    deduplicates: 'all',
    test: 'validate',
    problemOf: ({ conversion }) => (conversion.order_id === 'unsendable' ? 'It has no order.' : null),
    event: ({ conversion, as }) => ({
      id: conversion.event_id,
      as,
      click: conversion.clicks.gclid?.id ?? '',
      em: conversion.hashes.em ?? '',
    }),
    request: (events, { secret, destination }) => ({
      method: 'POST',
      url: `https://plain.example/${destination.account}?key=${secret}`,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ events, test: destination.mode === 'test' }),
    }),
    verdict: (response, count, { now }) => {
      const json = jsonOf(response.body);
      const answer = answerOf(response, { message: textAt(json, 'message'), trace: textAt(json, 'trace') });
      if (response.status === 401) return { kind: 'stop', answer: { ...answer, advice: 'Enter it again.' } };
      if (response.status === 400) return { kind: 'split', answer };
      if (response.status !== 200) return { kind: 'retry', answer, after: retryAfterOf(response, now) };
      const states = listAt(json, 'states');
      if (states.length === 0) return each(count, { kind: 'delivered', answer });
      return { kind: 'each', events: states.map((kind) => ({ kind, answer }) as EventVerdict) };
    },
    ...more,
  };
}

/** What the server does with a request. `lost`: it takes the events, and the connection breaks. */
export type Behaviour = 'lost' | 'unreachable' | 'slow' | ((events: readonly JsonObject[]) => Response);

/** Counts what arrives. It takes everything, unless it is told otherwise for its next requests. */
export class PlainServer {
  readonly name: NetworkName = 'webhook';
  /** How often each event has been taken. */
  readonly arrivals = new Map<string, number>();
  readonly requests: {
    readonly url: string;
    readonly events: readonly JsonObject[];
    readonly test: boolean;
  }[] = [];
  /** When each has been taken, by this clock. */
  readonly times = new Map<string, number[]>();
  clock: () => number = Date.now;
  next: Behaviour[] = [];
  /** Ids of events because of which a request is refused as a whole. */
  bad: ReadonlySet<string> = new Set();
  /** Called when a request has arrived. */
  onRequest: () => Promise<void> = async () => {};

  fetch = async (url: string, init: RequestInit): Promise<Response> => {
    const { events, test } = JSON.parse(String(init.body)) as { events: JsonObject[]; test: boolean };
    const behaviour = this.next.shift();
    if (behaviour === 'unreachable') throw new Error('Network connection lost.');
    this.requests.push({ url, events, test });
    await this.onRequest();
    if (behaviour === 'slow') return new Promise(() => {});
    if (typeof behaviour === 'function') return behaviour(events);
    if (events.some(({ id }) => this.bad.has(String(id)))) {
      return Response.json({ message: 'One is wrong.' }, { status: 400 });
    }
    for (const { id } of events) {
      this.arrivals.set(String(id), (this.arrivals.get(String(id)) ?? 0) + 1);
      this.times.set(String(id), [...(this.times.get(String(id)) ?? []), this.clock()]);
    }
    if (behaviour === 'lost') throw new Error('Network connection lost.');
    return Response.json({ trace: 't1' });
  };
}

export const answering =
  (status: number, body: unknown = {}, headers: Record<string, string> = {}): Behaviour =>
  () =>
    Response.json(body, { status, headers });

/** A purchase of a consented visitor. */
export function conversionOf(id: string, ts: number, more: Partial<Conversion> = {}): Conversion {
  return {
    event_id: id,
    name: 'Purchase',
    ts,
    url: 'https://site.example/thanks',
    referrer: '',
    reporter: 'browser',
    page_pixels: [],
    ip: '192.0.2.7',
    user_agent: 'Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0',
    language: 'en',
    country: 'DE',
    hashes: { em: 'a'.repeat(64) },
    network_ids: {},
    clicks: {},
    client_number: '1234567890',
    value: 12_500_000,
    currency: 'EUR',
    order_id: `order-${id}`,
    contents: [],
    ...more,
  };
}
