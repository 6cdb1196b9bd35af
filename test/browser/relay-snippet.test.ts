/** The snippet for data-relay: what `speck(…)` does with it before the tag runs. */
import { describe, expect, test } from 'vitest';
import { RELAY_STUB } from '../../src/model/stub.ts';
import type { SentEvent } from './recorder.ts';
import { EVENT_ID, GRANTED, openShop, PIXEL, PX, SHOP, tag, withNavigator } from './shop.ts';

const shop = openShop();

const SNIPPET = `<script>${RELAY_STUB}</script>`;
/** A page of thanks, which reports its purchase at once. */
const THANKS = `<script>
  ids = [
    speck('track', 'Purchase', { value: 1, currency: 'EUR' }),
    speck('track', 'Lead', {}, { url: '${SHOP}/lead' }),
    speck('track', 'Order', {}, { eventID: 'A-17' }),
    speck('track', 'Purchase', { value: 1, currency: 'EUR' }),
    speck('identify', 'u1'),
  ].map(String);
</script>`;

const ids = () => shop.page.evaluate<string[]>('ids');
const eids = (events: readonly SentEvent[]) => events.map(({ ev, eid }) => [ev, eid]);

/** Lets the tag's scripts arrive late. */
const late = (milliseconds: number): Promise<unknown> =>
  shop.page.route('**/speck*.js', async (route) => {
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    return route.continue().catch(() => {});
  });

test.each([
  ['the file that has data-relay', tag(GRANTED, 'speck.all')],
  ['a small file', tag(GRANTED)],
  ['another small file', tag(GRANTED, 'speck.meta')],
  ['options in the URL', `<script defer src="${PX}/speck.js?id=${PIXEL}&relay&consent=granted"></script>`],
])('an event before the tag has an id at once, which is sent: %s, seconds late', async (_, element) => {
  await late(1500);
  shop.site.page('/', SNIPPET + element + THANKS);
  await shop.page.goto(SHOP, { waitUntil: 'commit' });
  await shop.page.waitForFunction('window.ids');
  const [purchase, lead, order, again, identified] = await ids();
  expect(purchase).toMatch(EVENT_ID);
  expect(lead).toMatch(EVENT_ID);
  expect(again).toMatch(EVENT_ID);
  expect(new Set([purchase, lead, again]).size).toBe(3);
  expect([order, identified]).toEqual(['A-17', 'undefined']);
  const events = await shop.events(6);
  expect(eids(events)).toEqual([
    ['pageview', undefined],
    ['Purchase', purchase],
    ['Lead', lead],
    ['Order', 'A-17'],
    ['Purchase', again],
    ['engagement', undefined],
  ]);
  expect(events[2]).toMatchObject({ dl: `${SHOP}/lead` });
  expect(shop.noise).toEqual([]);
});

test.each([
  ['no consent', 'data-relay', ''],
  ['a refusal', 'data-relay data-consent="denied"', ''],
  ['another word', 'data-relay data-consent="Granted"', ''],
  ['an empty value', 'data-relay data-consent', ''],
  ['no data-relay', 'data-consent="granted"', ''],
  ['a global privacy control', GRANTED, 'globalPrivacyControl: true'],
  ['a do-not-track', GRANTED, "doNotTrack: '1'"],
])('with %s, the page has the id, and the tag sends none', async (_, attributes, signal) => {
  shop.site.page('/', withNavigator(signal) + SNIPPET + tag(attributes) + THANKS);
  await shop.page.goto(SHOP);
  const events = await shop.events(6);
  const [purchase, lead, , again] = await ids();
  for (const id of [purchase, lead, again]) {
    expect(id).toMatch(EVENT_ID);
    expect(JSON.stringify(events)).not.toContain(id);
  }
  expect(eids(events)).toContainEqual(['Order', 'A-17']);
  // Once the tag runs, it answers itself.
  await shop.page.waitForFunction('speck.q.on');
  const given = await shop.page.evaluate(() => String(window.speck('track', 'Later')));
  expect(given).toBe('undefined');
});

test('a consent before the tag counts for the events that follow it', async () => {
  await late(300);
  shop.site.page(
    '/',
    `${SNIPPET}${tag('data-relay', 'speck.all')}<script>
      ids = [speck('track', 'Before'), speck('consent', 'granted'), speck('track', 'After')].map(String);
    </script>`,
  );
  await shop.page.goto(SHOP);
  const events = await shop.events(4);
  expect(eids(events)).toEqual([
    ['pageview', undefined],
    ['Before', undefined],
    ['engagement', undefined],
    ['After', (await ids())[2]],
  ]);
});

test('what held the stub before the tag still works, and has the tag’s ids', async () => {
  shop.site.page('/', `${SNIPPET}<script>old = speck</script>${tag(GRANTED, 'speck.all')}`);
  await shop.page.goto(SHOP);
  await shop.events(1);
  const given = await shop.page.evaluate<string>("old('track', 'Purchase')");
  expect(given).toMatch(EVENT_ID);
  expect(eids(await shop.events(2))[1]).toEqual(['Purchase', given]);
  await shop.page.evaluate("speck('consent', 'denied')");
  expect(await shop.page.evaluate("String(old('track', 'Later'))")).toBe('undefined');
});

test('options that a page uses twice are not changed', async () => {
  shop.site.page(
    '/',
    `${SNIPPET}${tag(GRANTED, 'speck.all')}<script>
      about = Object.freeze({ url: '${SHOP}/thanks' });
      ids = [speck('track', 'One', {}, about), speck('track', 'Two', {}, about)];
    </script>`,
  );
  await shop.page.goto(SHOP);
  const events = await shop.events(3);
  const [one, two] = await ids();
  expect(one).not.toBe(two);
  expect(eids(events).slice(1)).toEqual([
    ['One', one],
    ['Two', two],
  ]);
});

test('without random numbers there is no id, and the event is sent', async () => {
  shop.site.page(
    '/',
    `<script>Object.defineProperty(window, 'crypto', { value: undefined })</script>${SNIPPET}${tag(GRANTED, 'speck.all')}${THANKS}`,
  );
  await shop.page.goto(SHOP);
  const events = await shop.events(6);
  expect((await ids())[0]).toBe('undefined');
  expect(eids(events)[1]).toEqual(['Purchase', undefined]);
  expect(shop.noise).toEqual([]);
});

describe('the click of the landing', () => {
  const LANDING = `${SHOP}/?gclid=Cj0-click_1&utm_source=google`;

  test.each([
    ['a consent on the same page', 0],
    ['a consent after navigations within the page', 2],
  ])('is sent with %s, and not before', async (_, navigations) => {
    shop.site.page('/', SNIPPET + tag('data-relay', 'speck.all'));
    await shop.page.goto(LANDING);
    await shop.events(1);
    for (let count = 1; count <= navigations; count++) {
      await shop.page.evaluate((path) => history.pushState(null, '', path), `/${count}`);
      await shop.events(1 + count);
    }
    expect(await shop.page.evaluate('[localStorage.length, sessionStorage.length, document.cookie]')).toEqual(
      [0, 0, ''],
    );
    await shop.page.evaluate(() => window.speck('consent', 'granted'));
    const events = await shop.events(2 + navigations);
    expect(events.at(-1)).toMatchObject({ ev: 'engagement', consent: 'granted', dl: LANDING });
    expect(await shop.page.evaluate('[localStorage.length, sessionStorage.length, document.cookie]')).toEqual(
      [0, 0, ''],
    );
    await shop.page.evaluate(() => window.speck('track', 'Purchase'));
    expect((await shop.events(3 + navigations)).at(-1)).toMatchObject({
      ev: 'Purchase',
      dl: navigations ? `${SHOP}/${navigations}` : LANDING,
    });
    expect(shop.noise).toEqual([]);
  });

  test('is not in a refusal, nor in what follows it, and is sent with a later consent', async () => {
    shop.site.page('/', SNIPPET + tag('data-relay', 'speck.all'));
    await shop.page.goto(LANDING);
    await shop.page.evaluate(() => {
      history.pushState(null, '', '/next');
      for (const choice of ['granted', 'denied', 'granted']) window.speck('consent', choice);
    });
    const events = (await shop.events(5)).slice(2);
    expect(events.map(({ consent, dl }) => [consent, dl])).toEqual([
      ['granted', LANDING],
      ['denied', `${SHOP}/next`],
      ['granted', LANDING],
    ]);
  });

  test('is not sent later without data-relay', async () => {
    shop.site.page('/', SNIPPET + tag('data-debug', 'speck.all'));
    await shop.page.goto(LANDING);
    await shop.page.evaluate(() => {
      history.pushState(null, '', '/next');
      window.speck('consent', 'granted');
    });
    expect((await shop.events(3)).at(-1)).toMatchObject({ consent: 'granted', dl: `${SHOP}/next` });
  });

  test('is gone on the next page', async () => {
    shop.site.page('/', SNIPPET + tag('data-relay', 'speck.all'));
    shop.site.page('/next', SNIPPET + tag('data-relay', 'speck.all'));
    await shop.page.goto(LANDING);
    await shop.events(1);
    await shop.page.goto(`${SHOP}/next`);
    await shop.page.evaluate(() => window.speck('consent', 'granted'));
    const events = await shop.events(3);
    // The browser's own referrer may have it where both pages are of one site.
    expect(events.slice(1).map(({ dl }) => dl)).toEqual([`${SHOP}/next`, `${SHOP}/next`]);
  });
});

test.each([
  ['has the consent of its own', '', 'granted'],
  ['has the consent that the page tells before the tag reports it', 'restored', 'denied'],
])('a page that the browser restores %s', async (_, listener, expected) => {
  const listen = `<script>addEventListener('pageshow', (event) => event.persisted && speck('consent', 'denied'), true)</script>`;
  shop.site.page('/', SNIPPET + (listener && listen) + tag('data-relay', 'speck.all'));
  shop.site.page('/next', SNIPPET + tag('data-relay data-consent="denied"', 'speck.all'));
  await shop.page.goto(SHOP);
  await shop.page.evaluate(() => window.speck('consent', 'granted'));
  await shop.events(2);
  await shop.page.goto(`${SHOP}/next`);
  await shop.events(3);
  await shop.page.goBack({ waitUntil: 'commit' });
  const events = await shop.events(listener ? 5 : 4);
  expect(events.at(-1)).toMatchObject({ ev: 'pageview', consent: expected });
  for (const event of events.slice(3)) expect(event).toMatchObject({ consent: expected });
});
