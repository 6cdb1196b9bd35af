/** The tag's options, each in a real Chromium, against a recorder in the Worker's place. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { breaksGlobals } from './hostile.ts';
import { SCRIPTS, type SentEvent } from './recorder.ts';
import { openShop, PIXEL, PX, SHOP, STUB, tag } from './shop.ts';
import { eventually } from './site.ts';

const shop = openShop();
const tall = '<div style="height:4000px"></div>';
const scriptUrls = (): string[] =>
  shop.recorder.requests.map(({ url }) => url.pathname).filter((path) => path.endsWith('.js'));

describe.skipIf(breaksGlobals())('what is loaded', () => {
  test('is the small tag alone where no option is asked for', async () => {
    shop.site.page('/', tag('data-consent="granted"'));
    await shop.page.goto(SHOP);
    await shop.allEvents();
    expect(scriptUrls()).toEqual(['/speck.js']);
  });

  test('are the options in its stead where one is, with all calls made before', async () => {
    shop.site.page(
      '/',
      `${STUB}${tag('data-use="forms"')}<script>speck('track', 'Early');
        addEventListener('load', () => speck('track', 'At load'))</script>`,
    );
    await shop.page.goto(SHOP);
    expect((await shop.allEvents()).map(({ ev }) => ev)).toEqual(['pageview', 'Early', 'At load']);
    expect(scriptUrls()).toEqual(['/speck.js', '/speck.plus.js']);
    expect(shop.noise).toEqual([]);
  });

  test('is the small tag again where the options cannot be loaded', async () => {
    shop.site.page('/', tag('data-use="all"'));
    await shop.page.route('**/speck.plus.js', (route) => route.abort());
    await shop.page.goto(SHOP);
    expect((await shop.allEvents()).map(({ ev }) => ev)).toEqual(['pageview']);
  });
});

describe('engagement', () => {
  const engagementOf = (event?: SentEvent) => event?.['cd'] as { engaged: number; scroll: number };
  const HIDE = `Object.defineProperty(document, 'hidden', { get: () => window.away, configurable: true });`;
  const leave = (away: boolean) =>
    shop.page.evaluate((hidden) => {
      Object.assign(window, { away: hidden });
      document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
    }, away);

  test('is the time that the page was visible, and the greatest depth, reported when it is hidden', async () => {
    shop.site.page('/', `<!doctype html><script>${HIDE}</script>${tag('data-use="engagement"')}${tall}`);
    const before = performance.now();
    await shop.page.goto(SHOP);
    await shop.events(1);
    await shop.page.evaluate(() => {
      const scrolled = new Promise((resolve) => addEventListener('scroll', resolve, { once: true }));
      scrollTo(0, 2000);
      return scrolled.then(() => {});
    });
    await shop.page.evaluate(() => scrollTo(0, 0));
    await shop.page.waitForTimeout(1200);
    await leave(true);
    const spent = performance.now() - before;
    const [view, first] = await shop.events(2);
    expect(view).toMatchObject({ ev: 'pageview' });
    expect(first).toEqual({
      id: PIXEL,
      ev: 'engagement',
      dl: `${SHOP}/`,
      rl: '',
      cd: { engaged: expect.any(Number), scroll: expect.any(Number) },
    });
    const { engaged, scroll } = engagementOf(first);
    expect(engaged).toBeGreaterThan(1150);
    expect(engaged).toBeLessThan(spent);
    const height = shop.page.viewportSize()?.height ?? 0;
    const fullHeight = await shop.page.evaluate(() => document.documentElement.scrollHeight);
    expect(scroll).toBe(Math.round((100 * (2000 + height)) / fullHeight));

    // A second in the background is not looked at, and what is too short is no report.
    await shop.page.waitForTimeout(1200);
    await leave(false);
    await leave(true);
    expect(await shop.allEvents()).toHaveLength(2);
  });

  test('of a page is reported before the next one of the same application', async () => {
    shop.site.page('/', `<!doctype html>${tag('data-use="engagement"')}${tall}`);
    await shop.page.goto(SHOP);
    await shop.events(1);
    await shop.page.evaluate(() => {
      scrollTo(0, document.documentElement.scrollHeight);
      return new Promise((resolve) => setTimeout(resolve, 100));
    });
    await shop.page.evaluate(() => {
      history.pushState(null, '', '/next');
      scrollTo(0, 0);
    });
    await shop.page.goto('about:blank');
    const events = await shop.events(4);
    expect(events).toMatchObject([
      { ev: 'pageview', dl: `${SHOP}/` },
      { ev: 'engagement', dl: `${SHOP}/`, cd: { scroll: 100 } },
      { ev: 'pageview', dl: `${SHOP}/next` },
      { ev: 'engagement', dl: `${SHOP}/next`, rl: `${SHOP}/` },
    ]);
    expect(engagementOf(events[3]).scroll).toBeLessThan(60);
  });

  test('survives that the tab is closed', async () => {
    shop.site.page('/', tag('data-use="engagement"'));
    const tab = await shop.context.newPage();
    await tab.goto(SHOP);
    await shop.events(1);
    await tab.close({ runBeforeUnload: true });
    expect(await shop.events(2)).toMatchObject([{ ev: 'pageview' }, { ev: 'engagement', dl: `${SHOP}/` }]);
  });

  test('is not measured unless asked for', async () => {
    shop.site.page('/', tag('data-use="outbound forms"'));
    await shop.page.goto(SHOP);
    await shop.events(1);
    await shop.page.goto('about:blank');
    await shop.page.waitForTimeout(200);
    expect(shop.recorder.beacons()).toHaveLength(1);
  });
});

describe('links', () => {
  const LINKS = `
    <a id="out" href="http://other.example/a?b=c#d"><b>out</b></a>
    <a id="in" href="/in">in</a>
    <a id="file" href="http://cdn.example/report.PDF?v=2">file</a>
    <a id="mail" href="mailto:ann@site.example">mail</a>
    <a id="model" href="/model.stl">model</a>
    <div id="host"></div><script>
      document.querySelector('#host').attachShadow({ mode: 'open' }).innerHTML =
        '<a id="inner" href="http://other.example/shadow">x</a>';
      // A page that keeps clicks to itself, and one that stays.
      document.querySelector('#out').addEventListener('click', (event) => event.stopPropagation());
      addEventListener('click', (event) => event.preventDefault(), true);
      addEventListener('auxclick', (event) => event.preventDefault(), true);
    </script>`;
  const outbound = (url: string) => ({ ev: 'Outbound Link: Click', dl: `${SHOP}/`, cd: { url } });

  test('that lead out count by mouse and keyboard, also into a new tab, and delay nothing', async () => {
    shop.site.page('/', tag('data-use="outbound"') + LINKS);
    await shop.page.goto(SHOP);
    await shop.events(1);
    await shop.page.click('#out b');
    await shop.page.click('#out', { button: 'middle' });
    await shop.page.click('#out', { modifiers: ['ControlOrMeta'] });
    await shop.page.focus('#out');
    await shop.page.keyboard.press('Enter');
    await shop.page.click('#inner');
    await shop.page.click('#out', { button: 'right' });
    await shop.page.click('#in');
    await shop.page.click('#mail');
    await shop.page.click('#file');
    const [, ...clicks] = await shop.allEvents();
    const out = outbound('http://other.example/a?b=c#d');
    expect(clicks).toMatchObject([
      out,
      out,
      out,
      out,
      outbound('http://other.example/shadow'),
      outbound('http://cdn.example/report.PDF?v=2'),
    ]);
    expect(clicks).toHaveLength(6);
    expect(shop.noise).toEqual([]);
  });

  test('arrive although the page is left', async () => {
    shop.site.page('/', `${tag('data-use="outbound"')}<a href="http://other.example/elsewhere">out</a>`);
    shop.site.page('/elsewhere', 'Elsewhere');
    await shop.page.goto(SHOP);
    await shop.events(1);
    await shop.page.click('a');
    await shop.page.waitForURL('http://other.example/elsewhere');
    expect(await shop.events(2)).toMatchObject([
      { ev: 'pageview' },
      { ev: 'Outbound Link: Click', dl: `${SHOP}/`, cd: { url: 'http://other.example/elsewhere' } },
    ]);
  });

  test('to files are downloads, of the kinds that the page names', async () => {
    shop.site.page('/', tag('data-use="downloads outbound"') + LINKS);
    await shop.page.goto(SHOP);
    await shop.events(1);
    await shop.page.click('#file');
    await shop.page.click('#model');
    expect((await shop.allEvents()).slice(1)).toMatchObject([
      { ev: 'File Download', cd: { url: 'http://cdn.example/report.PDF?v=2' } },
    ]);

    shop.recorder.forget();
    shop.site.page('/', tag('data-use="downloads" data-downloads="stl|obj"') + LINKS);
    await shop.page.goto(SHOP);
    await shop.events(1);
    await shop.page.click('#file');
    await shop.page.click('#model');
    expect((await shop.allEvents()).slice(1)).toMatchObject([
      { ev: 'File Download', cd: { url: `${SHOP}/model.stl` } },
    ]);
  });
});

describe('forms and marked elements', () => {
  const FORM = `
    <form action="http://other.example/in" data-speck-event="Newsletter" data-speck-list="weekly">
      <input name="email" value="ann@site.example"><input name="attributes"><button>Send</button>
    </form>
    <div data-speck-event="Card" data-speck-plan-name="pro"><button id="buy" data-speck-event="Buy"
      data-speck-value="9.5" data-speck-currency="EUR">Buy</button></div>
    <script>addEventListener('submit', (event) => event.preventDefault())</script>`;

  test('a form that is sent counts with its page, never with what is in it', async () => {
    shop.site.page('/join', tag('data-use="forms"') + FORM);
    await shop.page.goto(`${SHOP}/join?invited=1`);
    await shop.events(1);
    await shop.page.click('form button');
    const events = await shop.allEvents();
    expect(events.slice(1)).toMatchObject([{ ev: 'Form: Submission', cd: { path: '/join' } }]);
    expect(events).toHaveLength(2);
    expect(JSON.stringify(events)).not.toContain('ann@');
    expect(shop.noise).toEqual([]);
  });

  test('what has data-speck-event is that event when it is clicked, or sent', async () => {
    shop.site.page('/join', tag('data-use="attributes"') + FORM.replace('name="attributes"', ''));
    await shop.page.goto(`${SHOP}/join`);
    await shop.events(1);
    await shop.page.click('#buy');
    await shop.page.click('form input');
    await shop.page.click('form button');
    const [, ...events] = await shop.allEvents();
    expect(events).toMatchObject([
      { ev: 'Buy', cd: { value: '9.5', currency: 'EUR' } },
      { ev: 'Card', cd: { 'plan-name': 'pro' } },
      { ev: 'Newsletter', cd: { list: 'weekly' } },
    ]);
    expect(events).toHaveLength(3);
  });

  test('a form whose fields hide its own properties breaks nothing', async () => {
    shop.site.page('/join', tag('data-use="all"') + FORM);
    await shop.page.goto(`${SHOP}/join`);
    await shop.events(1);
    await shop.page.click('form button');
    expect(await shop.allEvents()).toMatchObject([
      { ev: 'pageview' },
      { ev: 'Form: Submission' },
      { ev: 'Newsletter', cd: { list: 'weekly' } },
    ]);
    expect(shop.noise).toEqual([]);
  });
});

describe('a page that is not there', () => {
  test('counts as 404 when it was answered so', async () => {
    shop.site.on('/gone', () => ({
      status: 404,
      headers: { 'content-type': 'text/html' },
      body: tag('data-use="404"'),
    }));
    await shop.page.goto(`${SHOP}/gone?x=1`);
    expect(await shop.allEvents()).toMatchObject([{ ev: 'pageview' }, { ev: '404', cd: { path: '/gone' } }]);
  });

  test('counts as 404 when the page says so, and no other page does', async () => {
    shop.site.page('/', tag('data-404'));
    await shop.page.goto(SHOP);
    expect(await shop.allEvents()).toMatchObject([{ ev: 'pageview' }, { ev: '404', cd: { path: '/' } }]);
    shop.recorder.forget();
    shop.site.page('/', tag('data-use="all"'));
    await shop.page.goto(SHOP);
    expect(await shop.allEvents()).toMatchObject([{ ev: 'pageview' }]);
  });
});

describe('the page as it is reported', () => {
  test.each([
    ['/base/#/about', '/base/about'],
    ['/base/#!/about', '/base/about'],
    ['/?utm_source=news#/about/us', '/about/us?utm_source=news'],
    ['/#/find?q=x', '/find?q=x'],
    ['/base/#top', '/base/'],
    ['/base/', '/base/'],
  ])('with data-hash: %s is %s', async (address, reported) => {
    for (const path of ['/', '/base/']) shop.site.page(path, tag('data-hash'));
    await shop.page.goto(SHOP + address);
    expect(await shop.events(1)).toMatchObject([{ ev: 'pageview', dl: SHOP + reported }]);
  });

  test('changes with the route in the fragment', async () => {
    shop.site.page('/', `${tag('data-hash')}<a href="#/b">b</a>`);
    await shop.page.goto(`${SHOP}/#/a`);
    await shop.events(1);
    await shop.page.click('a');
    await shop.page.evaluate(() => {
      location.hash = 'top';
    });
    expect(await shop.allEvents()).toMatchObject([
      { dl: `${SHOP}/a` },
      { dl: `${SHOP}/b`, rl: `${SHOP}/a` },
      { dl: `${SHOP}/`, rl: `${SHOP}/b` },
    ]);
  });

  test('is what data-url says, for all events', async () => {
    shop.site.page(
      '/orders/4711',
      `${tag('data-url="http://shop.example/orders/_" data-use="forms"')}<form>`,
    );
    await shop.page.goto(`${SHOP}/orders/4711`);
    await shop.events(1);
    await shop.page.evaluate(() => {
      history.pushState(null, '', '/orders/4712');
      window.speck('track', 'Paid');
      document.querySelector('form')?.requestSubmit();
    });
    await shop.page.waitForTimeout(300);
    expect(JSON.stringify(shop.recorder.beacons())).not.toMatch(/471/);
    expect(shop.recorder.beacons()).toMatchObject([
      { ev: 'pageview', dl: `${SHOP}/orders/_` },
      { ev: 'Paid', dl: `${SHOP}/orders/_` },
      { ev: 'Form: Submission', cd: { path: '/orders/_' } },
    ]);
  });

  test('is counted by the owner alone with data-manual', async () => {
    shop.site.page('/', tag('data-manual'));
    await shop.page.goto(SHOP);
    await eventually(() => scriptUrls().includes('/speck.plus.js'), 'the options');
    await shop.page.evaluate(() => {
      history.pushState(null, '', '/next');
      window.speck('track', 'pageview', { plan: 'pro' }, { url: 'http://shop.example/virtual' });
    });
    expect(await shop.allEvents()).toMatchObject([
      { ev: 'pageview', dl: `${SHOP}/virtual`, cd: { plan: 'pro' } },
    ]);
  });
});

test('data-host and data-path say where events go', async () => {
  shop.site.on('/collect', () => ({ status: 204 }));
  shop.site.page('/', tag('data-host="http://stats.example" data-path="/collect"'));
  shop.site.forget();
  await shop.page.goto(SHOP);
  const request = await eventually(
    () => shop.site.requests.find(({ url }) => url.href === 'http://stats.example/collect'),
    'the event',
  );
  expect(JSON.parse(request.body)).toMatchObject([{ id: PIXEL, ev: 'pageview' }]);
  expect(shop.recorder.beacons()).toEqual([]);
});

describe('who is not counted', () => {
  test.each(['127.0.0.1', 'localhost', 'shop.localhost'])(
    'a page on %s, unless data-local says so',
    async (host) => {
      const origin = `http://${host}:${shop.site.port}`;
      shop.site.page('/off', tag());
      shop.site.page('/on', tag('data-local'));
      await shop.page.goto(`${origin}/off`);
      await shop.page.evaluate(() => window.speck('track', 'Signup'));
      await shop.page.waitForTimeout(200);
      expect(shop.recorder.beacons()).toEqual([]);
      await shop.page.goto(`${origin}/on`);
      expect(await shop.events(1)).toMatchObject([{ ev: 'pageview', dl: `${origin}/on` }]);
    },
  );

  // Pages that break every global also break the console.
  test.skipIf(breaksGlobals()).each(['speck', 'speck.plus', 'speck.meta', 'speck.all'])(
    'and the console says once why: %s',
    async (file) => {
      const origin = `http://localhost:${shop.site.port}`;
      const told = (): string[] => shop.noise.filter((line) => line.startsWith('Speck'));
      shop.site.page('/off', tag('', file));
      // The file does not know this attribute, so it hands over to another.
      shop.site.page('/handed-over', tag('data-hash', file));
      for (const path of ['/off', '/handed-over']) {
        shop.noise = [];
        await shop.page.goto(origin + path);
        await eventually(() => told()[0], 'the message');
        await shop.page.waitForTimeout(100);
        expect(told()).toEqual(['Speck: localhost, no data-local']);
      }

      // Nobody needs to be told what they have chosen.
      shop.recorder.on('/opt-out', () => ({ status: 204 }));
      shop.noise = [];
      shop.site.page('/on', tag('data-local', file));
      await shop.page.goto(`${origin}/on`);
      await shop.events(1);
      shop.site.page('/', `${STUB}<script>speck('optout')</script>${tag('', file)}`);
      await shop.page.goto(SHOP);
      await eventually(
        () => shop.recorder.requests.find(({ url }) => url.pathname === '/opt-out'),
        'the opt-out',
      );
      await shop.page.evaluate(() => localStorage.setItem('speck_ignore', '1'));
      await shop.page.reload();
      await shop.page.waitForTimeout(100);
      expect(told()).toEqual([]);
    },
  );

  // The test answers for one file of the tag alone.
  test.skipIf(breaksGlobals())('a page on [::1], likewise', async () => {
    // No server here need have that address: the test answers.
    const body = readFileSync(SCRIPTS['/speck.js'] as URL, 'utf8');
    await shop.page.route(`${PX}/speck.js`, (route) =>
      route.fulfill({ contentType: 'text/javascript', body }),
    );
    for (const [path, attributes] of [
      ['/off', ''],
      ['/on', 'data-local'],
    ] as const) {
      await shop.page.route(`http://[::1]${path}`, (route) =>
        route.fulfill({ contentType: 'text/html', body: tag(attributes) }),
      );
    }
    const sent: string[] = [];
    shop.page.on('request', (request) => {
      if (request.url() === `${PX}/beacon`) sent.push(String(request.postData()));
    });
    await shop.page.goto('http://[::1]/off');
    await shop.page.evaluate(() => window.speck('track', 'Signup'));
    await shop.page.waitForTimeout(200);
    expect(sent).toEqual([]);
    await shop.page.goto('http://[::1]/on');
    await eventually(() => sent[0], 'the page view');
  });

  test('a browser whose owner has set speck_ignore', async () => {
    shop.site.page('/', tag());
    await shop.context.addInitScript(() => localStorage.setItem('speck_ignore', 'true'));
    await shop.page.goto(SHOP);
    await shop.page.evaluate(() => window.speck('track', 'Signup'));
    await shop.page.waitForTimeout(200);
    expect(shop.recorder.beacons()).toEqual([]);
  });

  test('but a page that may have no storage is', async () => {
    shop.site.page('/', tag(), { 'content-security-policy': 'sandbox allow-scripts' });
    await shop.page.goto(SHOP);
    expect(await shop.events(1)).toMatchObject([{ ev: 'pageview' }]);
    expect(shop.noise).toEqual([]);
  });

  test('nobody after an opt-out, which is asked for at once, also with consent denied', async () => {
    shop.recorder.on('/opt-out', () => ({ status: 204 }));
    shop.site.page('/', tag('data-consent="denied"'));
    await shop.page.goto(SHOP);
    await shop.events(1);
    await shop.page.evaluate(() => {
      window.speck('optout');
      window.speck('track', 'Signup');
      history.pushState(null, '', '/next');
    });
    const request = await eventually(
      () => shop.recorder.requests.find(({ url }) => url.pathname === '/opt-out'),
      'the opt-out',
    );
    expect(request.method).toBe('POST');
    expect(request.body).toBe('from=tag');
    await shop.page.waitForTimeout(200);
    expect(shop.recorder.beacons()).toHaveLength(1);
    expect(await shop.page.evaluate(() => localStorage.length + sessionStorage.length)).toBe(0);
  });
});

describe('consent and users', () => {
  const CID = /^\d+(,\d+){3}$/;

  test('are signalled at once, and sent with all that follows', async () => {
    shop.site.page('/', tag());
    await shop.page.goto(SHOP);
    await shop.events(1);
    await shop.page.evaluate(() => {
      window.speck('consent', 'granted');
      window.speck('identify', 'user-1');
      window.speck('track', 'Signup');
      window.speck('consent', 'denied');
    });
    const events = await shop.allEvents();
    const common = { id: PIXEL, dl: `${SHOP}/`, rl: '' };
    const cid = events[1]?.['cid'];
    expect(cid).toMatch(CID);
    expect(events).toEqual([
      { ...common, ev: 'pageview' },
      { ...common, ev: 'engagement', consent: 'granted', cid },
      { ...common, ev: 'engagement', consent: 'granted', cid, uid: 'user-1' },
      { ...common, ev: 'Signup', consent: 'granted', cid, uid: 'user-1' },
      { ...common, ev: 'engagement', consent: 'denied', uid: 'user-1' },
    ]);
  });

  test('a user id goes with the signature that the page was given, and no other id does', async () => {
    shop.site.page('/', tag());
    await shop.page.goto(SHOP);
    await shop.events(1);
    await shop.page.evaluate(() => {
      window.speck('identify', 'user-1', { sig: 'f00d' });
      window.speck('track', 'Signup');
      window.speck('identify', 'user-2');
      window.speck('identify', null);
    });
    await shop.events(5);
    const ids = (await shop.allEvents()).map((event) => [event['uid'], event['uid_sig']]);
    expect(ids).toEqual([
      [undefined, undefined],
      ['user-1', 'f00d'],
      ['user-1', 'f00d'],
      ['user-2', undefined],
      [null, undefined],
    ]);
  });

  test('each page load has an id of its own, only with consent', async () => {
    shop.site.page('/', tag('data-consent="granted"'));
    for (const _ of [1, 2, 3]) await shop.page.goto(SHOP);
    const ids = (await shop.events(3)).map((event) => event['cid']);
    expect(ids.every((cid) => CID.test(String(cid)))).toBe(true);
    expect(new Set(ids).size).toBe(3);
  });

  test("an owner's event id is sent as it is", async () => {
    shop.site.page('/', tag());
    await shop.page.goto(SHOP);
    await shop.page.evaluate(() => window.speck('track', 'Purchase', { value: 1 }, { eventID: 'A-17' }));
    expect((await shop.allEvents())[1]).toMatchObject({ ev: 'Purchase', eid: 'A-17' });
  });
});

describe('many events, or no network', () => {
  test('events of one moment go in few requests, none is lost', async () => {
    shop.site.page('/', tag());
    await shop.page.goto(SHOP);
    await shop.page.evaluate(() => {
      for (let n = 0; n < 120; n++) window.speck('track', 'Tick', { n });
    });
    const ticks = (await shop.allEvents()).filter(({ ev }) => ev === 'Tick');
    expect(ticks.map((event) => (event['cd'] as { n: number }).n).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 120 }, (_, n) => n),
    );
    expect(shop.recorder.requests.filter(({ url }) => url.pathname === '/beacon').length).toBeLessThan(8);
  });

  test('more than a beacon takes arrives by images', async () => {
    shop.site.page('/', tag());
    await shop.page.goto(SHOP);
    await shop.page.evaluate(() => {
      for (let n = 0; n < 50; n++) window.speck('track', 'Large', { n, text: 'x'.repeat(2000) });
    });
    await eventually(() => shop.recorder.images().length >= 50, 'the images');
    expect(new Set(shop.recorder.images().map((event) => event['cd[n]'])).size).toBe(50);
  });

  test('what is made offline goes when there is a network again', async () => {
    shop.site.page('/', tag('data-use="forms"'));
    await shop.page.goto(SHOP);
    await shop.events(1);
    await shop.context.setOffline(true);
    await shop.page.evaluate(() => {
      window.speck('track', 'Offline 1');
      history.pushState(null, '', '/next');
      window.speck('track', 'Offline 2');
    });
    await shop.page.waitForTimeout(300);
    expect(shop.recorder.beacons()).toHaveLength(1);
    await shop.context.setOffline(false);
    expect((await shop.events(4)).map(({ ev }) => ev)).toEqual([
      'pageview',
      'Offline 1',
      'pageview',
      'Offline 2',
    ]);
  });
});

test('an opt-out made offline is asked for when there is a network again', async () => {
  shop.recorder.on('/opt-out', () => ({ status: 204 }));
  shop.site.page('/', tag('data-use="forms"'));
  await shop.page.goto(SHOP);
  await shop.events(1);
  await shop.context.setOffline(true);
  await shop.page.evaluate(() => {
    window.speck('track', 'Offline');
    window.speck('optout');
  });
  await shop.context.setOffline(false);
  await eventually(
    () => shop.recorder.requests.find(({ url }) => url.pathname === '/opt-out'),
    'the opt-out',
  );
  expect(shop.recorder.beacons()).toHaveLength(1);
});

test('data-debug explains what is sent, and why something is not', async () => {
  shop.site.page('/', tag('data-debug'));
  await shop.page.goto(SHOP);
  await shop.events(1);
  await shop.page.evaluate(() => {
    const cycle = {};
    window.speck('track');
    window.speck('track', 'Cycle', Object.assign(cycle, { cycle }));
    window.speck('sing');
    window.speck('optout');
    window.speck('track', 'Signup');
  });
  expect(shop.noise[0]).toMatch(/^speck \{"id":"px_123456789ABCDEFG","ev":"pageview"/);
  expect(shop.noise.slice(1)).toEqual([
    expect.stringMatching(/^speck .*no name/),
    expect.stringMatching(/^speck Cycle RangeError/),
    'speck sing',
    'speck Signup opted out',
  ]);
  await shop.page.goto(shop.site.origin);
  await eventually(() => shop.noise.includes('speck pageview no data-local'), 'the reason');
});

test('a page may pin the tag by its hash', async () => {
  const file = readFileSync(SCRIPTS['/speck.plus.js'] as URL);
  const integrity = `sha384-${createHash('sha384').update(file).digest('base64')}`;
  const pinned = (hash: string) =>
    tag(`data-use="forms" crossorigin="anonymous" integrity="${hash}"`, 'speck.plus');
  shop.site.page('/other', pinned(integrity.replace(/.$/, 'x')));
  await shop.page.goto(`${SHOP}/other`);
  await shop.page.waitForTimeout(200);
  expect(shop.recorder.beacons()).toEqual([]);
  shop.site.page('/', pinned(integrity));
  await shop.page.goto(SHOP);
  expect(await shop.events(1)).toMatchObject([{ ev: 'pageview', dl: `${SHOP}/` }]);
});

describe('a content security policy with nonces', () => {
  test.each([
    ['nonce', `script-src 'nonce-abc'; connect-src ${PX}`],
    ['strict-dynamic', `script-src 'nonce-abc' 'strict-dynamic'; connect-src ${PX}; base-uri 'none'`],
  ])('lets the tag and its options run: %s', async (_, policy) => {
    shop.site.page('/', tag('data-use="all" nonce="abc"'), {
      'content-security-policy': `default-src 'none'; ${policy}`,
    });
    await shop.page.goto(SHOP);
    expect(await shop.events(1)).toMatchObject([{ ev: 'pageview' }]);
    expect(scriptUrls().slice(0, 2)).toEqual(['/speck.js', '/speck.plus.js']);
    expect(shop.noise).toEqual([]);
  });
});
