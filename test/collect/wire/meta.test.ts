/** Reading what Meta's script sends to `/tr/`: version 2.9 of fbevents.js, which is on no registry. */
import { describe, expect, it } from 'vitest';
import { meta } from '../../../src/collect/wire/meta.ts';
import type { Sample } from '../../fuzz.ts';
import { eventsOf, readingOf, requestOf } from './read.ts';

const HASH = '369c34cc4d37efef17780dc262a53e80ab7cb1c051a17ed889d711d5f94f78f3';
const FIELDS: Readonly<Record<string, string>> = {
  id: '377194366672297',
  ev: 'Purchase',
  dl: 'https://site.example/thanks?fbclid=x',
  rl: 'https://google.com/',
  if: 'false',
  ts: '1782748870896',
  'cd[value]': '9.50',
  'cd[currency]': 'EUR',
  'cd[contents]': '[{"id":"s","quantity":1}]',
  'udff[em]': HASH,
  'ud[external_id]': 'customer-7',
  sw: '1920',
  v: '2.9.345',
  r: 'stable',
  o: '4126',
  fbp: 'fb.1.1778869247376.52390506499288804',
  fbc: 'fb.1.1778869247376.x',
  eid: 'e-1',
  coo: 'false',
};
const query = (more: Readonly<Record<string, string>> = {}) =>
  new URLSearchParams({ ...FIELDS, ...more }).toString();
const image = (more?: Readonly<Record<string, string>>): Sample => ({
  method: 'GET',
  path: '/tr/',
  query: query(more),
});

/** The body that a browser makes of a form. */
async function multipart(fields: Readonly<Record<string, string>>): Promise<Uint8Array> {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  return new Uint8Array(await new Response(form).arrayBuffer());
}

const EVENT = {
  id: '377194366672297',
  key: 'meta',
  ev: 'Purchase',
  dl: 'https://site.example/thanks?fbclid=x',
  rl: 'https://google.com/',
  eid: 'e-1',
  ud: [['em', HASH]],
  cd: [
    ['value', '9.50'],
    ['currency', 'EUR'],
    ['contents', '[{"id":"s","quantity":1}]'],
  ],
  consent: '',
  aid: 'fb.1.1778869247376.52390506499288804',
};

describe('an event', () => {
  it.each<[string, () => Promise<Sample>]>([
    ['in an image', async () => image()],
    ['in a form', async () => ({ method: 'POST', path: '/tr/', body: query() })],
    ['in parts', async () => ({ method: 'POST', path: '/tr/', body: await multipart(FIELDS) })],
    [
      'in parts, with fields in the query',
      async () => ({ method: 'POST', path: '/tr/', query: 'rqm=SB&id=x', body: await multipart(FIELDS) }),
    ],
  ])('is the same %s', async (_, sample) => {
    expect(await eventsOf(meta, await sample())).toMatchObject([EVENT]);
  });

  it('may be one of several in JSON', async () => {
    const body = JSON.stringify([{ id: '7', ev: 'Lead', ud: { em: HASH }, cd: { a: 1 } }, 7, null]);
    const events = await eventsOf(meta, { method: 'POST', path: '/tr/', body });
    expect(events).toMatchObject([
      { id: '7', key: 'meta', ev: 'Lead', ud: [['em', HASH]], cd: [['a', 1]] },
      null,
      null,
    ]);
  });

  it('of a pixel’s own id needs no name', async () => {
    const [event] = await eventsOf(meta, image({ id: 'px_1111111111111111' }));
    expect(event).toMatchObject({ id: 'px_1111111111111111' });
    expect(event?.key).toBe(undefined);
  });

  it.each([
    [
      'what the page gives before what the script finds',
      { 'ud[em]': HASH.replaceAll('3', '4') },
      [
        ['em', HASH.replaceAll('3', '4')],
        ['em', HASH],
      ],
    ],
    ['only what is hashed', { 'ud[em]': 'ann@site.example', 'udff[em]': 'x' }, []],
  ])('has of user data %s', async (_, more, ud) => {
    expect(await eventsOf(meta, image(more))).toMatchObject([{ ud }]);
  });

  it.each([
    [{ dpo: 'LDU', dpoco: '0', dpost: '0' }, 'denied'],
    [{ dpo: '' }, ''],
    [{ consent: 'granted' }, 'granted'],
    [{ consent: 'granted', dpo: 'LDU' }, 'denied'],
  ])('with %j has the consent %j', async (more, consent) => {
    expect(await eventsOf(meta, image(more))).toMatchObject([{ consent }]);
  });

  it('that the script reports by itself is kept without the text of the page, and metadata is not', async () => {
    const click = { ev: 'SubscribedButtonClick', es: 'automatic', 'cd[buttonText]': 'Ann' };
    expect(await eventsOf(meta, image(click))).toMatchObject([{ ev: 'SubscribedButtonClick', cd: [] }]);
    expect(await eventsOf(meta, image({ ev: 'Microdata' }))).toEqual([]);
    expect(await readingOf(meta, image({ ev: 'Microdata', id: '' }))).toBe('missing_id');
  });
});

describe('what cannot be read', () => {
  const body = (text: string): Sample => ({ method: 'POST', path: '/tr/', body: text });
  it.each([
    ['--', 'broken_body'],
    ['------B\r\n', 'broken_body'],
    ['------"B\r\nContent-Disposition: form-data; name="id"\r\n\r\n7\r\n', 'broken_body'],
    ['{', 'broken_json'],
    ['', 'missing_id'],
    ['[]', 'missing_id'],
  ])('%j is %s', async (text, error) => {
    expect(await readingOf(meta, body(text))).toBe(error);
  });

  it('has no more fields than are read, in parts too', async () => {
    const many = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`cd[k${index}]`, 'v']));
    const parts = await multipart({ id: '7', ev: 'A', ...many });
    const [event] = await eventsOf(meta, { method: 'POST', path: '/tr/', body: parts });
    expect(event?.cd.length).toBe(254);
  });
});

it('answers with an image, which also ends the frame of a form', async () => {
  const request = requestOf({ method: 'POST', path: '/tr/', body: '' });
  const response = await meta.answer({ request, error: null, events: [] });
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'image/gif']);
});
