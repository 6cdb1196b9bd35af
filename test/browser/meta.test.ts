/** Meta's fbq and advanced matching, in a real Chromium, against a recorder in the Worker's place. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { breaksGlobals } from './hostile.ts';
import { SCRIPTS, type SentEvent } from './recorder.ts';
import { openShop, PIXEL, PX, SHOP, STUB, tag } from './shop.ts';
import { eventually } from './site.ts';

declare global {
  interface Window {
    fbq: (...call: unknown[]) => void;
  }
}

const shop = openShop();
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const summaryOf = (events: readonly SentEvent[]) => events.map(({ ev, dl, cd }) => ({ ev, dl, cd }));

/** Meta's base snippet, with another host and another id. */
const metaSnippet = (calls: string): string => `<script>
!function(f,b,e,v,n,t,s)
{if(f.fbq)return;n=f.fbq=function(){n.callMethod?
n.callMethod.apply(n,arguments):n.queue.push(arguments)};
if(!f._fbq)f._fbq=n;n.push=n;n.loaded=!0;n.version='2.0';
n.queue=[];t=b.createElement(e);t.async=!0;
t.src=v;s=b.getElementsByTagName(e)[0];
s.parentNode.insertBefore(t,s)}(window, document,'script',
'${PX}/en_US/fbevents.js');
${calls}
</script>`;

function serveFbevents(): void {
  const file = SCRIPTS['/speck.meta.js'] as URL;
  shop.recorder.on('/en_US/fbevents.js', () => ({
    headers: { 'content-type': 'text/javascript', 'access-control-allow-origin': '*' },
    body: readFileSync(file),
  }));
}

describe("Meta's own snippet with another host and id", () => {
  test('counts the page and what the page reports, once each', async () => {
    serveFbevents();
    shop.site.page('/', metaSnippet(`fbq('init', '${PIXEL}');\nfbq('track', 'PageView');`));
    await shop.page.goto(SHOP);
    await shop.events(1);
    await shop.page.evaluate(() => {
      window.fbq('track', 'PageView');
      window.fbq(
        'track',
        'Purchase',
        {
          value: 30,
          currency: 'EUR',
          content_ids: ['a'],
          contents: [{ id: 'a', quantity: 2 }],
          num_items: 2,
        },
        { eventID: 'A-17' },
      );
      window.fbq('trackCustom', 'Share', { to: 'x' });
      window.fbq('set', 'autoConfig', false, 'px');
      history.pushState(null, '', '/next');
      window.fbq('track', 'PageView');
    });
    const events = await shop.events(4);
    expect(events).toEqual([
      { id: PIXEL, ev: 'pageview', dl: `${SHOP}/`, rl: '' },
      {
        id: PIXEL,
        ev: 'Purchase',
        dl: `${SHOP}/`,
        rl: '',
        eid: 'A-17',
        cd: {
          value: 30,
          currency: 'EUR',
          content_ids: ['a'],
          contents: [{ id: 'a', quantity: 2 }],
          num_items: 2,
        },
      },
      { id: PIXEL, ev: 'Share', dl: `${SHOP}/`, rl: '', cd: { to: 'x' } },
      { id: PIXEL, ev: 'pageview', dl: `${SHOP}/next`, rl: `${SHOP}/`, nav: 1 },
    ]);
    expect(shop.noise).toEqual([]);
  });

  test('counts no page that it was not told of, and nothing before it knows its pixel', async () => {
    serveFbevents();
    shop.site.page(
      '/',
      metaSnippet(`fbq('track', 'Early'); fbq('consent', 'revoke'); fbq('init', '${PIXEL}');`),
    );
    await shop.page.goto(SHOP);
    await eventually(() => shop.page.evaluate(() => 'callMethod' in window.fbq), 'the script');
    await shop.page.evaluate(() => window.fbq('track', 'Lead'));
    expect(await shop.events(1)).toMatchObject([{ ev: 'Lead', consent: 'denied' }]);
  });
});

describe('data-alias', () => {
  test('makes fbq, whose page view is the one that is counted anyway', async () => {
    shop.site.page(
      '/',
      `<script>fbq = function () { fbq.callMethod ? fbq.callMethod(...arguments) : fbq.queue.push(arguments) };
        fbq.queue = [];
        fbq('init', '1234567890'); fbq('track', 'PageView', {}, { eventID: 'P-1' }); fbq('track', 'Lead');
      </script>${tag('data-alias="fbq"')}`,
    );
    await shop.page.goto(SHOP);
    await shop.events(2);
    await shop.page.evaluate(() => window.fbq('trackSingle', '1234567890', 'Contact', { by: 'mail' }));
    const events = await shop.events(3);
    expect(summaryOf(events)).toEqual([
      { ev: 'pageview', dl: `${SHOP}/`, cd: {} },
      { ev: 'Lead', dl: `${SHOP}/` },
      { ev: 'Contact', dl: `${SHOP}/`, cd: { by: 'mail' } },
    ]);
    expect(events[0]?.eid).toBe('P-1');
    expect(new Set(events.map(({ id }) => id))).toEqual(new Set([PIXEL]));
    expect(shop.noise).toEqual([]);
  });

  test('needs no stub, and says nothing of the page by itself', async () => {
    shop.site.page('/', tag('data-alias="pixel"', 'speck.meta'));
    await shop.page.goto(SHOP);
    await shop.events(1);
    await shop.page.evaluate(() => {
      const { pixel } = window as unknown as { pixel: Window['fbq'] };
      pixel('track', 'PageView');
      pixel('track', 'Lead');
      pixel('consent', 'grant');
    });
    expect(await shop.events(3)).toMatchObject([
      { ev: 'pageview' },
      { ev: 'Lead' },
      { ev: 'engagement', consent: 'granted' },
    ]);
  });
});

describe('advanced matching', () => {
  const ud = {
    em: sha256('ann@site.example'),
    ph: sha256('442079460000'),
    external_id: sha256('User-7'),
  };
  /** On a page of this machine, which has SubtleCrypto without https. */
  const local = (body: string): Promise<unknown> => {
    shop.site.page('/local', body);
    return shop.page.goto(`${shop.site.origin}/local`);
  };

  test('sends hashes of what was normalized, with all events from then on, in their order', async () => {
    await local(tag('data-use="forms" data-local'));
    await shop.events(1);
    await shop.page.evaluate(() => {
      window.speck('track', 'Before');
      window.speck('identify', 'u1', {
        email: '  Ann@Site.Example ',
        phone: '+44 (0)20 7946-0000'.replace('(0)', ''),
        external_id: ' User-7 ',
      });
      window.speck('track', 'After', { n: 1 });
      history.pushState(null, '', '/next');
    });
    const events = await shop.events(5);
    expect(events.map(({ ev, uid, ud }) => ({ ev, uid, ud }))).toEqual([
      { ev: 'pageview' },
      { ev: 'Before' },
      { ev: 'engagement', uid: 'u1', ud },
      { ev: 'After', uid: 'u1', ud },
      { ev: 'pageview', uid: 'u1', ud },
    ]);
    expect(JSON.stringify(events)).not.toMatch(/site\.example|7946|User/i);
    expect(shop.noise).toEqual([]);
  });

  test('passes what is hashed already, and leaves out what is empty', async () => {
    await local(tag('data-use="forms" data-local'));
    await shop.events(1);
    await shop.page.evaluate(
      (em) =>
        window.speck('identify', 'u1', { em, phone: '00 44 20 7946 0000', external_id: '', zip: '12345' }),
      ud.em,
    );
    expect((await shop.events(2))[1]?.['ud']).toEqual({ em: ud.em, ph: ud.ph });
  });

  test('ends with the user it is of', async () => {
    await local(tag('data-use="forms" data-local'));
    await shop.events(1);
    await shop.page.evaluate(() => {
      window.speck('identify', 'u1', { email: 'ann@site.example' });
      window.speck('identify', null);
      window.speck('identify', 'u2');
    });
    const events = await shop.events(4);
    expect(events.slice(1).map(({ uid, ud }) => ({ uid, ud }))).toEqual([
      { uid: 'u1', ud: { em: ud.em } },
      { uid: null },
      { uid: 'u2' },
    ]);
  });

  // Where the page breaks globals, fbq is there once the build for such pages is, unless Meta's stub made it.
  test.skipIf(breaksGlobals())("is what fbq('init') is given", async () => {
    await local(
      `${STUB}${tag('data-alias="fbq" data-local', 'speck.meta')}<script>addEventListener('load', () => {
        fbq('init', '1', { em: 'ann@site.example', ph: 442079460000 }); fbq('track', 'Lead') })</script>`,
    );
    expect((await shop.events(2))[1]).toMatchObject({ ev: 'Lead', ud: { em: ud.em, ph: ud.ph } });
  });

  test('goes by images as by beacons', async () => {
    await local(
      `<script>navigator.sendBeacon = () => false; fetch = undefined</script>${tag('data-use="forms" data-local')}`,
    );
    await eventually(() => shop.recorder.images()[0], 'the page view');
    await shop.page.evaluate(() => window.speck('identify', 'u1', { email: 'ann@site.example' }));
    const image = await eventually(() => shop.recorder.images()[1], 'the signal');
    expect(image).toMatchObject({ ev: 'engagement', uid: 'u1', 'ud[em]': ud.em });
    // Nobody, not a user of the name `null`.
    await shop.page.evaluate(() => window.speck('identify', null));
    const end = await eventually(() => shop.recorder.images()[2], 'the signal of the end');
    expect(end).toMatchObject({ ev: 'engagement', uid: '' });
  });

  test('sends nothing of it where the browser cannot hash, and says so', async () => {
    shop.site.page('/', tag('data-use="forms" data-debug'));
    await shop.page.goto(SHOP);
    await shop.events(1);
    await shop.page.evaluate(() => window.speck('identify', 'u1', { email: 'ann@site.example' }));
    expect((await shop.events(2))[1]).toMatchObject({ ev: 'engagement', uid: 'u1', ud: {} });
    expect(shop.noise.some((line) => /^speck TypeError.*digest/.test(line))).toBe(true);
  });

  // Which does not run where the page breaks globals.
  test.skipIf(breaksGlobals())('is left out by the small tag, which sends no raw value either', async () => {
    await local(tag('data-local'));
    await shop.events(1);
    await shop.page.evaluate(() => window.speck('identify', 'u1', { email: 'ann@site.example' }));
    const signal = (await shop.events(2))[1];
    expect(signal).toMatchObject({ uid: 'u1' });
    expect(signal).not.toHaveProperty('ud');
  });
});
