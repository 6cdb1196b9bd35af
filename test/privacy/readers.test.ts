/** The visitor's pages for readers of each language, and what they say about owners. */
import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { aliasOf } from '../../src/enrich/person.ts';
import { type Env, secretsOf } from '../../src/env.ts';
import worker from '../../src/index.ts';
import type { Owner } from '../../src/model/owner.ts';
import { LANGUAGE_NAMES, LANGUAGES, type Language } from '../../src/privacy/languages.ts';
import type { Texts } from '../../src/privacy/texts/texts.ts';
import { findKeys } from '../../src/store/keys.ts';
import { forgetOwners, MAX_OWNERS } from '../../src/store/owners.ts';
import { updatePixel } from '../../src/store/pixel-changes.ts';
import { deletePixel, listPixels } from '../../src/store/pixels.ts';
import { applySchema, db, makePixel, store, testEnv } from '../fixtures.ts';

const ORIGIN = 'https://px.example';
const COOKIE = 'AAAAAAAAAAAAAAAAAAAAAA';
const OWN = { 'sec-fetch-site': 'same-origin' };
const HOSTILE = `<script>alert(1)</script>"'><img src=x onerror=alert(1)>&amp;{host}`;
const SAFE =
  '&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&gt;&lt;img src=x onerror=alert(1)&gt;&amp;amp;{host}';

let requests = 0;
/** Each request comes from an IP address of its own, since one may open `/privacy` only so often. */
async function ask(
  path: string,
  headers: Record<string, string> = {},
  init: RequestInit = {},
  env: Env = testEnv,
): Promise<Response> {
  requests++;
  const ctx = createExecutionContext();
  const request = new Request(ORIGIN + path, {
    ...init,
    headers: { 'cf-connecting-ip': `10.1.${requests >> 8}.${requests & 255}`, ...headers },
    redirect: 'manual',
  });
  const response = await worker.fetch(request as unknown as Parameters<typeof worker.fetch>[0], env, ctx);
  await waitOnExecutionContext(ctx);
  return response;
}
const text = async (path: string, headers: Record<string, string> = {}): Promise<string> =>
  (await ask(path, headers)).text();

const SHOP: Owner = {
  owner_name: 'Fern & Kettle',
  owner_contact: 'privacy@fern.example',
  owner_policy: 'https://fern.example/privacy?a=1&b=2',
};
const BLOG: Owner = { owner_name: 'Ann', owner_contact: 'https://ann.example/contact', owner_policy: '' };
const SHOP_LINE =
  '<b><bdi>Fern &amp; Kettle</bdi></b> · <a href="mailto:privacy@fern.example" rel="noreferrer"><bdi>privacy@fern.example</bdi></a> · <a href="https://fern.example/privacy?a=1&amp;b=2" rel="noreferrer">Privacy policy</a>';
const BLOG_LINE =
  '<b><bdi>Ann</bdi></b> · <a href="https://ann.example/contact" rel="noreferrer">Contact</a>';

beforeAll(applySchema);
beforeEach(async () => {
  for (const { id } of await listPixels(db)) await deletePixel(db, id);
  forgetOwners();
});
afterEach(() => vi.restoreAllMocks());

/** The part of a page that says who is responsible. */
const ownersOf = (page: string): string => /<section class="owner">.*?<\/section>/s.exec(page)?.[0] ?? '';

describe.each(['/opt-out', '/privacy'])('the owner on %s', (path) => {
  it('is not made up if there is none', async () => {
    expect(ownersOf(await text(path))).toContain('The owner has not given a name or contact here.');
    forgetOwners();
    const { id } = await makePixel('UTC');
    expect(ownersOf(await text(path))).toContain('The owner has not given a name or contact here.');
    expect(ownersOf(await text(`${path}?id=${id}`))).toContain('The owner has not given a name');
  });

  it('is one if all pixels have the same', async () => {
    for (let count = 0; count < 3; count++) await makePixel('UTC', SHOP);
    const owners = ownersOf(await text(path));
    expect(owners).toContain(SHOP_LINE);
    expect(owners).not.toMatch(/<li>|Several owners|Other owners/);
  });

  it('is the one of the pixel in the address, and several without', async () => {
    const shop = await makePixel('UTC', SHOP);
    const blog = await makePixel('UTC', BLOG);
    const unnamed = await makePixel('UTC');
    const all = ownersOf(await text(path));
    expect(all.match(/<li>/g)).toHaveLength(2);
    for (const line of [SHOP_LINE, BLOG_LINE]) expect(all).toContain(`<li>${line}</li>`);
    expect(all).toContain('Other owners have not given their names here.');
    const ofShop = ownersOf(await text(`${path}?id=${shop.id}`));
    expect(ofShop).toContain(SHOP_LINE);
    expect(ofShop).not.toMatch(/Ann|<li>/);
    expect(ownersOf(await text(`${path}?id=${blog.id}`))).toContain(BLOG_LINE);
    expect(ownersOf(await text(`${path}?id=${unnamed.id}`))).toContain('has not given a name');
  });

  it('is shown as it was saved last', async () => {
    const { id } = await makePixel('UTC', SHOP);
    expect(ownersOf(await text(path))).toContain('Fern');
    await updatePixel(db, id, { settings: { ...BLOG } });
    expect(ownersOf(await text(path))).toContain(BLOG_LINE);
    expect(ownersOf(await text(path))).not.toContain('Fern');
  });

  it('is one of up to twenty, and the page says that there are more', async () => {
    for (let count = 0; count <= MAX_OWNERS; count++)
      await makePixel('UTC', { owner_name: `Owner ${count}` });
    const owners = ownersOf(await text(path));
    expect(owners.match(/<li>/g)).toHaveLength(MAX_OWNERS);
    expect(owners).toContain('There are more owners than are shown.');
  });

  it.each(LANGUAGE_NAMES)('is escaped, and no link but to the web and to e-mail: %s', async (lang) => {
    const id = (await makePixel('UTC', { owner_name: HOSTILE })).id;
    // As if something else than the API had written them.
    await updatePixel(db, id, {
      settings: { owner_contact: `https://${HOSTILE}`, owner_policy: 'javascript:alert(1)' },
    });
    const page = await text(`${path}?lang=${lang}`);
    expect(ownersOf(page)).toContain(`<bdi>${SAFE}</bdi>`);
    expect(ownersOf(page)).toContain(`href="https://${SAFE}"`);
    expect(page).not.toMatch(/<script|<img|"'>|javascript:/);
  });
});

describe('without the database', () => {
  const fails = () => {
    throw new Error('D1_ERROR: Network connection lost.');
  };
  const env = { ...testEnv, DB: { prepare: fails, batch: fails } as unknown as D1Database };

  it('a visitor can still opt out, and the page does not claim that nobody is responsible', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    const page = await ask('/opt-out', {}, {}, env);
    expect(page.status).toBe(200);
    const owners = ownersOf(await page.text());
    expect(owners).toContain('The owner’s name cannot be shown right now.');
    expect(owners).not.toContain('has not given');
    expect((await ask('/opt-out', OWN, { method: 'POST' }, env)).status).toBe(303);
  });
});

describe('each website', () => {
  const sections = (page: string) =>
    [...page.matchAll(/<section class="site">.*?<\/section>/gs)].map(([section]) => section);
  const visitor = { 'cf-connecting-ip': '10.9.9.9', 'user-agent': 'Mozilla/5.0 Firefox/130.0' };

  it('names its own owner if there are several, and none again if the page names the only one', async () => {
    const agent = 'Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0';
    const headers = { ...visitor, 'user-agent': agent };
    for (const owner of [SHOP, BLOG, {}]) {
      const { id } = await makePixel('UTC', owner);
      await ask(`/p.gif?id=${id}&dl=https://site.example/`, headers);
    }
    const parts = sections(await text('/privacy', headers));
    expect(parts).toHaveLength(3);
    for (const line of [SHOP_LINE, BLOG_LINE, 'The owner of this website has not given a name'])
      expect(parts.filter((part) => part.includes(line))).toHaveLength(1);
    for (const { id, settings } of await listPixels(db)) {
      const [part = ''] = sections(await text(`/privacy?id=${id}`, headers));
      expect(part).toContain('1 event.');
      expect(part).not.toMatch(/Fern|Ann|has not given/);
      await updatePixel(db, id, { settings: { ...settings, ...SHOP } });
    }
    expect(sections(await text('/privacy', headers)).join('')).not.toMatch(/Fern|has not given/);
  });
});

describe.each(LANGUAGE_NAMES)('a reader of %s', (name: Language) => {
  let texts: Texts;
  beforeAll(async () => {
    texts = (await LANGUAGES[name].load()).default;
  });
  const header = { 'accept-language': `${name}-XX, xx;q=0.5` };
  const plain = (html: string) => html.replaceAll('&nbsp;', ' ');

  it('gets the pages, their answers and their errors in it, by header or by address', async () => {
    const { id } = await makePixel('UTC');
    const [counted] = texts.optOut.states[''];
    const [out, , undo] = texts.optOut.states.opt_out;
    const problems = texts.problems;
    const cases: [
      path: string,
      title: string,
      more: string,
      headers?: Record<string, string>,
      init?: RequestInit,
    ][] = [
      ['/privacy', texts.privacy.title, texts.privacy.nothing],
      [`/privacy?id=${id}`, texts.privacy.title, texts.privacy.all],
      ['/privacy?erased=2', texts.privacy.title, texts.privacy.erased.other.replace('{count}', '2')],
      ['/opt-out', texts.optOut.title, counted],
      ['/opt-out?done', texts.optOut.title, texts.optOut.lost[0]],
      ['/opt-out', texts.optOut.title, undo, { cookie: '__Host-speck_optout=1' }],
      ['/opt-out', texts.optOut.title, out, { cookie: '__Host-speck_optout=1' }],
      ['/opt-out', texts.optOut.title, texts.optOut.states.signal[0], { 'sec-gpc': '1' }],
      ['/privacy', texts.privacy.title, texts.privacy.optedOut, { cookie: '__Host-speck_optout=1' }],
      ['/privacy?id=px_', problems.unknown[0], problems.unknown[1]],
      ['/privacy', problems.foreign[0], problems.foreign[1], {}, { method: 'POST' }],
      ['/opt-out', problems.foreign[0], problems.foreign[1], {}, { method: 'POST', body: 'undo=1' }],
      ['/opt-out', problems.method[0], problems.method[1], {}, { method: 'PUT', body: 'x' }],
    ];
    for (const [path, title, more, headers = {}, init = {}] of cases) {
      const chosen = `${path}${path.includes('?') ? '&' : '?'}lang=${name}`;
      for (const response of [
        await ask(path, { ...headers, ...header }, init),
        await ask(chosen, { ...headers, 'accept-language': 'ja' }, init),
      ]) {
        const page = await response.text();
        expect(response.headers.get('content-language'), path).toBe(name);
        expect(response.headers.get('vary')).toBe('Accept-Language, Cookie, User-Agent, Sec-GPC, DNT');
        expect(page, path).toContain(`<html lang="${name}" dir="ltr">`);
        expect(page, path).toContain(`<h1>${title}</h1>`);
        expect(page, path).toContain(more);
        expect(page, path).not.toMatch(/\{\w+\}|undefined|\[object/);
        expect(
          page.match(/aria-current="true"[^>]*>(?:English|Deutsch|Français|Español|Português)/g),
        ).toHaveLength(1);
      }
    }
  });

  it('is told about limits and a database that does not answer in it', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    const limited = { ...testEnv, RATE_LIMIT: { limit: async () => ({ success: false }) } };
    expect(await (await ask('/privacy', header, {}, limited)).text()).toContain(texts.problems.limited[1]);
    const fails = () => {
      throw new Error('D1_ERROR: Network connection lost.');
    };
    const broken = { ...testEnv, DB: { prepare: fails, batch: fails } as unknown as D1Database };
    expect(await (await ask('/privacy', header, {}, broken)).text()).toContain(texts.problems.unavailable[1]);
  });

  it('keeps it after each action and on each link, if they chose it', async () => {
    const { id } = await makePixel('UTC');
    const location = async (path: string, body: string) =>
      (await ask(path, OWN, { method: 'POST', body })).headers.get('location');
    expect(await location(`/opt-out?lang=${name}`, '')).toBe(`opt-out?done&lang=${name}`);
    expect(await location(`/opt-out?lang=${name}&id=${id}`, 'undo=1')).toBe(`opt-out?id=${id}&lang=${name}`);
    expect(await location(`/privacy?lang=${name}`, '')).toBe(`privacy?erased=0&lang=${name}`);
    expect(await location(`/privacy?id=${id}&lang=${name}`, '')).toBe(
      `privacy?erased=0&id=${id}&lang=${name}`,
    );
    for (const path of ['/privacy', '/opt-out']) {
      const page = await text(`${path}?id=${id}&lang=${name}`);
      const targets = [...page.matchAll(/(?:href|action)="((?:privacy|opt-out|\?)[^"]*)"/g)].map(
        ([, target]) => target ?? '',
      );
      expect(targets.filter((target) => !target.includes('lang='))).toEqual([]);
      // But for the link to all websites.
      const withoutId = path === '/privacy' ? [`privacy?lang=${name}`] : [];
      expect(targets.filter((target) => !target.includes(`?id=${id}`))).toEqual(withoutId);
      const languages = LANGUAGE_NAMES.map((other) => `?id=${id}&amp;lang=${other}`);
      for (const link of languages) expect(page).toContain(`href="${link}"`);
    }
    expect(await text(`/privacy?lang=${name}&erased=3&x=${encodeURIComponent('"><script>')}`)).not.toContain(
      '<script',
    );
  });

  it('sees the fields and values of an event in it, and what comes from the site as it is, escaped', async () => {
    const pixel = await makePixel('Europe/Berlin', { cookie: 'first_party' });
    const keys = await findKeys(db, secretsOf(testEnv), [pixel.id]);
    const person = await aliasOf(keys.get(pixel.id) as string, { kind: 'cookie', value: COOKIE });
    await store(pixel, [
      {
        ts: Date.UTC(2026, 0, 31, 22, 5, 9),
        id: 'event-code',
        eid: HOSTILE,
        name: HOSTILE,
        visitor: 'visitor-code',
        person,
        page: '/tea',
        hostname: 'site.example',
        source: HOSTILE,
        channel: 'Organic Search',
        device: 'Mobile',
        browser: HOSTILE,
        country: 'DE',
        region: 'DE-BE',
        region_name: 'Land Berlin',
        city: 'Berlin',
        language: 'pt',
        currency: 'EUR',
        value: 1_249_900_000,
        props: JSON.stringify({ [HOSTILE]: HOSTILE }),
      } as never,
    ]);
    const page = await text(`/privacy?id=${pixel.id}`, { ...header, cookie: `__Host-speck_id=${COOKIE}` });
    const { fields, channels, devices, reference } = texts.event;
    for (const field of [
      fields.source,
      fields.place,
      fields.device,
      fields.language,
      fields.amount,
      fields.custom,
      reference,
    ])
      expect(page).toContain(`<dt>${field.replaceAll("'", '&#39;')}</dt>`);
    expect(page).toContain(`${SAFE}, ${channels['Organic Search']}`);
    expect(page).toContain(`${devices.Mobile}, ${SAFE}`);
    const names = new Intl.DisplayNames(name, { type: 'region' });
    expect(page).toContain(`<bdi>Berlin, Land Berlin, ${names.of('DE')}</bdi>`);
    expect(page).toContain(`<bdi>${new Intl.DisplayNames(name, { type: 'language' }).of('pt')}</bdi>`);
    expect(page).toContain(`<b><bdi>${SAFE}</bdi></b>`);
    expect(page).toContain(`<bdi>${SAFE}: ${SAFE}</bdi>`);
    expect(page).toContain(`<dd><bdi>${SAFE}</bdi></dd>`);
    expect(page.match(/1.?249[.,]90/)).not.toBeNull();
    expect(page).toContain('<time datetime="2026-01-31T22:05:09.000Z">');
    for (const code of ['event-code', 'visitor-code', person, 'DE-BE', '(DE)', 'human'])
      expect(page).not.toContain(code);
    expect(page).not.toMatch(/<script|<img|"'>/);
    expect(plain(page)).not.toMatch(/\{(?!host\})\w+\}/);
  });
});
