/** The visitor's pages of the whole Worker over HTTP, with the cookies kept by hand. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../eventually.ts';
import { type Speck, startSpeck } from './harness.ts';

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0';
const SITE = 'https://site.example';
/** An image that a page of the pixel's site shows. */
const OF_PAGE = {
  referer: `${SITE}/`,
  'sec-fetch-site': 'same-site',
  'sec-fetch-mode': 'no-cors',
  'sec-fetch-dest': 'image',
};

let speck: Speck;

beforeAll(async () => {
  speck = await startSpeck();
});
afterAll(() => speck.close());

let addresses = 0;

/** A browser as far as cookies go. It has one jar, wherever they are set. */
class Browser {
  readonly cookies = new Map<string, string>();
  readonly userAgent: string;

  /** Each browser has an address of its own, since one may ask for the page only so often. */
  readonly address = `198.51.100.${++addresses}`;

  constructor(userAgent = FIREFOX) {
    this.userAgent = userAgent;
  }

  async ask(path: string, init: RequestInit = {}): Promise<Response> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = new Headers(init.headers);
    headers.set('user-agent', this.userAgent);
    headers.set('cf-connecting-ip', this.address);
    if (cookie !== '') headers.set('cookie', cookie);
    const response = await fetch(speck.url + path, { ...init, headers, redirect: 'manual' });
    for (const set of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
      if (/max-age=0/i.test(set)) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return response;
  }

  async read(path: string): Promise<string> {
    return (await this.ask(path)).text();
  }

  /** Presses a page's button. */
  press(path: string, body = ''): Promise<Response> {
    const headers = {
      origin: speck.url,
      'sec-fetch-site': 'same-origin',
      'content-type': 'application/x-www-form-urlencoded',
    };
    return this.ask(path, { method: 'POST', headers, body });
  }
}

async function count(sql: string, pixel: string): Promise<number> {
  const { results } = await speck.db.prepare(sql).bind(pixel).all<{ n: number | null }>();
  return Number(results[0]?.n ?? 0);
}
const events = (pixel: string) => count('SELECT count(*) AS n FROM events WHERE pixel = ?', pixel);
const rejectionCount = (pixel: string) =>
  count(`SELECT sum(count) AS n FROM rejections WHERE pixel = ? AND reason = 'opted_out'`, pixel);

async function until(ask: () => Promise<number>, expected: number): Promise<void> {
  await eventually(async () => (await ask()) >= expected, `${expected} of them`);
  expect(await ask()).toBe(expected);
}

describe('opting out', () => {
  it('stores nothing more by any request, until it is taken back', async () => {
    const pixel = await speck.addPixel();
    const ann = new Browser();
    expect(await ann.read('/opt-out')).toContain('This browser is being counted.');
    const out = await ann.press('/opt-out');
    expect(out.status).toBe(303);
    expect(out.headers.get('location')).toBe('opt-out?done');
    const done = await ann.read('/opt-out?done');
    expect(done).toContain('This browser has opted out.');
    expect(done).not.toContain('did not keep your choice');

    await ann.ask(`/p.gif?id=${pixel}`);
    await ann.ask(`/tr?id=${pixel}&ev=PageView`);
    await ann.ask('/beacon', { method: 'POST', body: JSON.stringify({ id: pixel, consent: 'granted' }) });
    await until(() => rejectionCount(pixel), 3);
    expect(await events(pixel)).toBe(0);
    expect(await ann.read('/privacy')).toContain('You have opted out: nothing is added.');

    const back = await ann.press('/opt-out', 'undo=1');
    expect(back.headers.get('location')).toBe('opt-out');
    expect(ann.cookies.size).toBe(0);
    expect(await ann.read('/opt-out')).toContain('This browser is being counted.');
    await ann.ask(`/p.gif?id=${pixel}`);
    await until(() => events(pixel), 1);
  });

  it('removes the cookie of a person', async () => {
    const pixel = await speck.addPixel();
    await speck.api('PATCH', `/api/v1/pixels/${pixel}`, { settings: { cookie: 'first_party' } });
    const ann = new Browser();
    await ann.ask(`/p.gif?id=${pixel}&consent=granted`, { headers: OF_PAGE });
    expect([...ann.cookies.keys()]).toEqual(['__Host-speck_id']);
    await ann.press('/opt-out');
    expect([...ann.cookies]).toEqual([['__Host-speck_optout', '1']]);
  });

  it('says so when the browser keeps no cookie, and what a signal means', async () => {
    const headers = { 'user-agent': FIREFOX };
    const lost = await (await fetch(`${speck.url}/opt-out?done`, { headers })).text();
    expect(lost).toContain('Your browser did not keep your choice.');
    expect(lost).toContain('Global Privacy Control');
    expect(lost).toContain('This browser is being counted.');
    for (const signal of ['sec-gpc', 'dnt']) {
      const page = await fetch(`${speck.url}/opt-out`, { headers: { ...headers, [signal]: '1' } });
      expect(await page.text()).toContain('This browser asks not to be tracked.');
    }
  });

  it('is for the tag of another site, too, which cannot take it back', async () => {
    const ann = new Browser();
    const foreign = { origin: SITE, 'sec-fetch-site': 'cross-site' };
    const post = (body: string) => ann.ask('/opt-out', { method: 'POST', headers: foreign, body });
    const out = await post('from=tag');
    expect(out.status).toBe(204);
    expect(out.headers.get('access-control-allow-origin')).toBe(SITE);
    expect(out.headers.get('access-control-allow-credentials')).toBe('true');
    expect(out.headers.get('vary')).toBe('Origin');
    expect(
      out.headers.getSetCookie().filter((cookie) => cookie.startsWith('__Host-speck_optout=1;')),
    ).toHaveLength(2);
    for (const body of ['undo=1', 'undo=1&from=tag']) {
      expect((await post(body)).status).toBe(403);
      expect([...ann.cookies]).toEqual([['__Host-speck_optout', '1']]);
    }
  });

  it('is what any form counts as that does not clearly ask for the opposite', async () => {
    for (const body of ['undo=0', 'undo=1%00', `${'x'.repeat(2000)}&undo=1`, '%&=', 'undo']) {
      const ann = new Browser();
      expect((await ann.press('/opt-out', body)).status).toBe(303);
      expect([...ann.cookies]).toEqual([['__Host-speck_optout', '1']]);
    }
  });
});

describe('the page of what is kept', () => {
  it('shows what was sent, erases it, and leaves alone what others sent', async () => {
    const pixel = await speck.addPixel({ name: 'Shop & Söhne', timezone: 'Pacific/Kiritimati' });
    const ann = new Browser(`${FIREFOX} Ann`);
    const bob = new Browser(`${FIREFOX} Bob`);
    expect(await ann.read('/privacy')).toContain('We have nothing about you today.');
    await ann.ask('/beacon', {
      method: 'POST',
      headers: { 'accept-language': 'de-AT' },
      body: JSON.stringify({
        id: pixel,
        ev: 'Purchase',
        dl: `${SITE}/thanks?token=hush-hush&utm_campaign=spring`,
        rl: 'https://www.google.com/search?q=shoes',
        eid: 'order-17',
        cd: { value: 49.9, currency: 'EUR', plan: 'pro' },
      }),
    });
    await bob.ask(`/p.gif?id=${pixel}&dl=${SITE}/of-bob`);
    await until(() => events(pixel), 2);

    const page = await ann.read('/privacy');
    const storedTexts = [
      '<h2>site.example</h2>',
      '1 event on 1 website.',
      'Purchase',
      'site.example/thanks',
      'Time zone: Pacific/Kiritimati.',
    ];
    for (const word of storedTexts) expect(page).toContain(word);
    // Whoever shares the address could ask as this browser: they would see the page, and no more.
    const more = ['spring', 'google.com', '49.9', 'plan', 'Firefox', 'German', 'order-17'];
    const never = ['hush-hush', 'of-bob', 'shoes', 'Gecko', 'Söhne'];
    for (const word of [...more, ...never]) expect(page).not.toContain(word);
    const { results } = await speck.db
      .prepare('SELECT visitor, id FROM events WHERE pixel = ? AND name = ?')
      .bind(pixel, 'Purchase')
      .all<{ visitor: string; id: string }>();
    for (const code of Object.values(results[0] ?? {})) expect(page).not.toContain(code);

    const foreign = { origin: SITE, 'sec-fetch-site': 'cross-site' };
    expect((await ann.ask('/privacy', { method: 'POST', headers: foreign })).status).toBe(403);
    expect(await events(pixel)).toBe(2);

    const erased = await ann.press('/privacy');
    expect(erased.status).toBe(303);
    expect(erased.headers.get('location')).toBe('privacy?erased=1');
    const after = await ann.read('/privacy?erased=1');
    expect(after).toContain('1 event deleted for good.');
    expect(after).toContain('We have nothing about you today.');
    expect(await events(pixel)).toBe(1);
    expect(await bob.read('/privacy')).toContain('site.example/of-bob');
  });

  it('finds a person by the cookie from another address, after the day is over', async () => {
    const pixel = await speck.addPixel();
    await speck.api('PATCH', `/api/v1/pixels/${pixel}`, { settings: { cookie: 'first_party' } });
    const ann = new Browser(`${FIREFOX} Person`);
    const sent = 'eid=order-18&cd[value]=49.9&cd[currency]=EUR&cd[plan]=pro';
    await ann.ask(`/p.gif?id=${pixel}&consent=granted&dl=${SITE}/as-a-person%3Futm_campaign=spring&${sent}`, {
      headers: { ...OF_PAGE, 'accept-language': 'de-AT' },
    });
    await until(() => events(pixel), 1);
    // As if it were long ago: another day, and a visitor hash of a salt that is gone.
    await speck.db
      .prepare(`UPDATE events SET ts = ts - 3456000000, visitor = 'of-long-ago' WHERE pixel = ?`)
      .bind(pixel)
      .run();
    const elsewhere = new Browser(`${FIREFOX} Elsewhere`);
    expect(await elsewhere.read('/privacy')).toContain('We have nothing about you today.');
    elsewhere.cookies.set('__Host-speck_id', ann.cookies.get('__Host-speck_id') ?? '');
    const page = await elsewhere.read('/privacy');
    expect(page).toContain('/as-a-person');
    const proven = ['spring', '€49.90', 'plan: pro', 'Firefox 130', 'German', 'order-18'];
    for (const word of proven) expect(page).toContain(word);
    // Codes that an export may hold.
    const { results } = await speck.db
      .prepare('SELECT visitor, person FROM events WHERE pixel = ?')
      .bind(pixel)
      .all<{ visitor: string; person: string }>();
    for (const code of Object.values(results[0] ?? {})) expect(page).not.toContain(code);
    expect(results[0]?.person).not.toBe('');
    const erased = await elsewhere.press('/privacy');
    expect(erased.headers.get('location')).toBe('privacy?erased=1');
    expect(elsewhere.cookies.size).toBe(0);
    expect(await events(pixel)).toBe(0);
  });

  it('escapes whatever an event holds', async () => {
    const hostile = `<script>alert(1)</script>"'><img src=x onerror=alert(1)>`;
    const pixel = await speck.addPixel({ name: hostile });
    await speck.api('PATCH', `/api/v1/pixels/${pixel}`, { settings: { cookie: 'first_party' } });
    const ann = new Browser(`${FIREFOX} Mallory`);
    await ann.ask('/beacon', {
      method: 'POST',
      headers: { referer: `${SITE}/`, 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'no-cors' },
      body: JSON.stringify({
        id: pixel,
        consent: 'granted',
        ev: hostile,
        eid: hostile,
        dl: `${SITE}/${hostile}?utm_source=${encodeURIComponent(hostile)}&utm_term=${encodeURIComponent(hostile)}`,
        rl: `https://other.example/${hostile}`,
        cd: { [hostile]: hostile },
      }),
    });
    await until(() => events(pixel), 1);
    const page = await ann.read(`/privacy?id=${pixel}&erased=${encodeURIComponent(hostile)}`);
    expect(page.match(/&lt;script&gt;alert\(1\)/g)?.length).toBeGreaterThanOrEqual(7);
    expect(page).not.toMatch(/<script|<img|"'>/);
    expect(page).not.toContain('deleted for good');
  });

  it.each(['-1', '1.5', '1e3', '99999999999', 'abc', ''])('believes no number such as %s', async (number) => {
    const page = await new Browser(`${FIREFOX} Number`).read(`/privacy?erased=${number}`);
    expect(page).not.toContain('deleted for good');
  });
});

describe.each(['/opt-out', '/privacy', '/privacy?id=px_1111111111111111'])('the answer of %s', (path) => {
  it('lets nothing else in, is kept nowhere, and works without scripts', async () => {
    const response = await fetch(speck.url + path);
    const policy = response.headers.get('content-security-policy') ?? '';
    const [, nonce = ''] = /'nonce-([\w-]{22})'/.exec(policy) ?? [];
    expect(policy).toBe(
      `default-src 'none'; style-src 'nonce-${nonce}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`,
    );
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('referrer-policy')).toBe('same-origin');
    expect(response.headers.get('cross-origin-resource-policy')).toBe('same-origin');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('vary')).toBe('Accept-Language, Cookie, User-Agent, Sec-GPC, DNT');
    const page = await response.text();
    expect(page).toContain(`<style nonce="${nonce}">`);
    expect(page).toContain('<html lang="en" dir="ltr">');
    expect(page).not.toMatch(/<script|<link|<img| on\w+=| style=|\{\w+\}/);
    const again = await fetch(speck.url + path);
    expect(again.headers.get('content-security-policy')).not.toContain(nonce);
  });

  it('has its headers for HEAD, and refuses other methods', async () => {
    const [get, head] = await Promise.all(
      ['GET', 'HEAD'].map((method) => fetch(speck.url + path, { method })),
    );
    expect(head?.status).toBe(get?.status);
    expect(head?.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(await head?.text()).toBe('');
    for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      const rejected = await fetch(speck.url + path, { method, body: method === 'OPTIONS' ? null : 'x' });
      expect(rejected.status).toBe(405);
      expect(rejected.headers.get('allow')).toBe('GET, HEAD, POST');
    }
  });
});
