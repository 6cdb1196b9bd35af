/**
 * The lines by which the documents hand an event's id to the networks' own pixels: they run in a page with the networks' snippets, before the tag is there.
 * Each gives the id where its network looks for it, and the event the name that the Worker sends by default.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { NETWORKS, type NetworkName } from '../../src/model/destination.ts';
import { RELAY_STUB } from '../../src/model/stub.ts';
import { EVENT_ID, GRANTED, openShop, SHOP, tag } from './shop.ts';

const shop = openShop();

/** What each network's snippet makes of its global: calls wait in a list. */
const SNIPPETS = `<script>
  calls = [];
  for (const name of ['fbq', 'gtag', 'lintrk', 'pintrk', 'snaptr', 'rdt', 'oaiq'])
    window[name] = (...given) => void calls.push([name, ...given]);
  ttq = []; ttq.track = (...given) => void calls.push(['ttq', 'track', ...given]);
  uetq = []; uetq.push = (...given) => calls.push(['uetq', ...given]);
</script>`;

/** The global, and what it was called with. */
// biome-ignore lint/suspicious/noExplicitAny: each network's calls have another form.
type Call = readonly any[];
interface Report {
  /** The event's name; null for networks that know conversions by a number. */
  readonly name: string | null;
  readonly id: unknown;
}

/** Where each network looks. Google's own documents, and those of LinkedIn, Meta, OpenAI, Reddit, Snap and TikTok, say it; Pinterest's and Microsoft's pixels take it as  * tag managers give it. */
const READ: Partial<Record<NetworkName, (call: Call) => Report | null>> = {
  meta: ([pixel, command, name, , about]) =>
    pixel === 'fbq' && command === 'track' ? { name: name ?? '', id: about?.['eventID'] } : null,
  google: ([pixel, command, name, data]) =>
    pixel === 'gtag' && command === 'event' && name === 'conversion'
      ? { name: null, id: data?.['transaction_id'] }
      : null,
  ga4: ([pixel, command, name, data]) =>
    pixel === 'gtag' && command === 'event' && name !== 'conversion'
      ? { name: name ?? '', id: data?.['transaction_id'] }
      : null,
  tiktok: ([pixel, , name, , about]) =>
    pixel === 'ttq' ? { name: name ?? '', id: about?.['event_id'] } : null,
  linkedin: ([pixel, command, data]) =>
    pixel === 'lintrk' && command === 'track' && typeof data?.['conversion_id'] === 'number'
      ? { name: null, id: data['event_id'] }
      : null,
  pinterest: ([pixel, command, name, data]) =>
    pixel === 'pintrk' && command === 'track' ? { name: name ?? '', id: data?.['event_id'] } : null,
  snap: ([pixel, command, name, data]) =>
    pixel === 'snaptr' && command === 'track' ? { name: name ?? '', id: data?.['client_dedup_id'] } : null,
  // Its pixel writes the names of the API without capitals.
  reddit: ([pixel, command, name, data]) =>
    pixel === 'rdt' && command === 'track'
      ? { name: (name ?? '').replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase(), id: data?.['conversionId'] }
      : null,
  microsoft: ([pixel, command, name, data]) =>
    pixel === 'uetq' && command === 'event' ? { name: name ?? '', id: data?.['event_id'] } : null,
  openai: ([pixel, command, name, , about]) =>
    pixel === 'oaiq' && command === 'measure' ? { name: name ?? '', id: about?.['event_id'] } : null,
};

const FOLDER = new URL('../../docs/', import.meta.url);
/** The codes of a document that report an event. */
const codesOf = (document: string): string[] =>
  [...readFileSync(new URL(document, FOLDER), 'utf8').matchAll(/^```js\n(.*?)^```/gms)]
    .map(([, code = '']) => code)
    .filter((code) => /speck\('track'/.test(code) && /^(?!speck|const|\s*$)/m.test(code));

/** What a network's page says that it calls an event. The tests of test/relay hold the pages to the code. */
const nameAt = (network: NetworkName, event: string): string | undefined =>
  new RegExp(`^\\| \`${event}\` \\| \`([^\`]+)\` \\|$`, 'm').exec(
    readFileSync(new URL(`relay/${network}.md`, FOLDER), 'utf8'),
  )?.[1];

interface Run {
  readonly calls: readonly Call[];
  /** The name, the id and the order of the event at Speck. */
  readonly event: Readonly<{ ev: string; eid: string; cd?: { order?: string } }>;
}

/** Runs a code on a page whose tag comes later. */
async function run(code: string): Promise<Run> {
  shop.site.page(
    '/',
    `<script>${RELAY_STUB}</script>${SNIPPETS}${tag(GRANTED, 'speck.all')}<script>${code}</script>`,
  );
  await shop.page.goto(SHOP);
  const events = await shop.events(2);
  expect(shop.noise).toEqual([]);
  const calls = await shop.page.evaluate<Call[]>('calls');
  return { calls, event: events.find(({ ev }) => ev !== 'pageview') as unknown as Run['event'] };
}

function check(network: NetworkName, { calls, event }: Run): void {
  const report = calls.map((call) => READ[network]?.(call)).find((one) => one);
  expect(report, `the call of ${network}`).toBeTruthy();
  expect(event.eid).toMatch(EVENT_ID);
  // Google knows an order by its number, and Speck sends this as well.
  expect([event.eid, event.cd?.order]).toContain(report?.id);
  if (network !== 'google' && network !== 'ga4') expect(report?.id).toBe(event.eid);
  if (report?.name !== null) expect(report?.name).toBe(nameAt(network, event.ev));
}

const PIXELS = NETWORKS.filter((name) => name !== 'webhook');

test('docs/tag.md has a line for each network', async () => {
  const code = codesOf('tag.md').find((one) => one.includes('fbq('));
  const result = await run(String(code));
  // One line is for both of Google's.
  for (const network of PIXELS.filter((name) => name !== 'ga4')) check(network, result);
});

test('docs/relay.md has a line that is right', async () => {
  const [code] = codesOf('relay.md');
  check('reddit', await run(String(code)));
});

describe('the page of each network', () => {
  test('is there', () => {
    expect(readdirSync(new URL('relay', FOLDER)).toSorted()).toEqual(
      NETWORKS.map((name) => `${name}.md`).toSorted(),
    );
  });
  test.each(PIXELS)('has a line for %s', async (network) => {
    const [code] = codesOf(`relay/${network}.md`);
    check(network, await run(String(code)));
  });
});
