/** What `npm start` leaves on disk of those who were counted, refused and looked at their data: nothing that names them. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { secretIn } from '../../scripts/lib/dev-vars.ts';
import { eventually } from '../eventually.ts';
import { copyProject, type Project, type Script } from './project.ts';

const SITE = 'https://site.example';
const MAIL = 'erika.mustermann@mail.example';
const SEEDS = {
  address: '203.0.113.77',
  address6: '2001:db8:abcd:12::77',
  agent: 'SeededBrowserMark/7.7',
  uid: 'seeded-customer-4711',
  mail: MAIL,
  hashedMail: createHash('sha256').update(MAIL).digest('hex'),
  proposal: 'Zz0123456789abcdefghij',
  click: 'gclidSEEDED123',
  query: 'querytokenSEEDED',
  fragment: 'fragmentSEEDED',
  referrer: 'refererquerySEEDED',
};
const AGENT = `Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0 ${SEEDS.agent}`;

let project: Project;
let start: Script;
let url: string;

beforeAll(async () => {
  project = copyProject();
  start = project.run('scripts/start.ts', ['--port', '0', '--persist-to', 'state']);
  url = (await start.printed(/^Speck runs at (\S+)$/m))[1] ?? '';
});
afterAll(() => project.remove());

/** A text in every way in which it might be written. */
function writings(text: string): Buffer[] {
  const bytes = Buffer.from(text);
  const digest = (name: string) => createHash(name).update(text).digest();
  return [
    text,
    encodeURIComponent(text),
    encodeURIComponent(encodeURIComponent(text)),
    bytes.toString('hex'),
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('base64url'),
    ...['sha256', 'sha1', 'md5'].flatMap((name) => [
      digest(name).toString('hex'),
      digest(name).toString('base64').replace(/=+$/, ''),
    ]),
  ]
    .map((written) => Buffer.from(written))
    .concat(Buffer.from(text, 'utf16le'), digest('sha256'));
}

/** All files below a folder, with what they hold. */
function filesOf(folder: string): { readonly name: string; readonly bytes: Buffer }[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => ({ name: entry.name, bytes: readFileSync(join(entry.parentPath, entry.name)) }));
}

it('contains no address, agent, user id, e-mail address, cookie, query or click id, in any encoding', async () => {
  const token = secretIn(project.read('.dev.vars'), 'ADMIN_TOKEN') ?? '';
  const api = async (path: string, body: unknown): Promise<{ id: string }> => {
    const headers = { authorization: `Bearer ${token}` };
    const answer = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) });
    expect(answer.ok).toBe(true);
    return (await answer.json()) as { id: string };
  };
  const browser = (path: string, headers: Record<string, string> = {}, init: RequestInit = {}) =>
    fetch(url + path, {
      ...init,
      headers: { 'user-agent': AGENT, 'cf-connecting-ip': SEEDS.address, referer: `${SITE}/`, ...headers },
    });
  const gif = (fields: Record<string, string>, headers: Record<string, string> = {}) =>
    browser(`/p.gif?${new URLSearchParams(fields)}`, headers);

  for (const gpc of ['anonymous', 'drop']) {
    const { id } = await api('/api/v1/pixels', {
      name: gpc,
      url: SITE,
      settings: { gpc, cookie: 'first_party' },
    });
    const dl = `${SITE}/a?token=${SEEDS.query}&gclid=${SEEDS.click}#${SEEDS.fragment}`;
    await gif({ id, dl, rl: `https://ref.example/x?q=${SEEDS.referrer}` });
    for (const signal of [{ 'sec-gpc': '1' }, { dnt: '1' }, { cookie: '__Host-speck_optout=1' }]) {
      await gif({ id, dl, uid: SEEDS.uid, cid: SEEDS.proposal }, signal);
    }
    await gif({ id, dl, consent: 'denied', uid: SEEDS.uid });
    await gif({ id, dl, consent: 'granted', cid: SEEDS.proposal }, { 'sec-fetch-site': 'same-site' });
    await gif({ id, dl: `${SITE}/reset/${MAIL}` });
    const beacon = { id, uid: SEEDS.uid, 'ud[em]': SEEDS.hashedMail, cd: { mail: MAIL } };
    for (const body of [beacon, { ...beacon, ud: { em: MAIL } }, { ...beacon, eid: MAIL }]) {
      await browser('/beacon', {}, { method: 'POST', body: JSON.stringify(body) });
    }
    const server = { id, ev: 'served', ip: SEEDS.address6, ua: AGENT, uid: SEEDS.uid };
    await api('/api/v1/events', { events: [server] });
    await browser(`/privacy?id=${id}&token=${SEEDS.query}`);
    await browser('/opt-out', { origin: SITE }, { method: 'POST', body: 'from=tag' });
    await eventually(async () => {
      const headers = { authorization: `Bearer ${token}` };
      const live = await (await fetch(`${url}/api/v1/pixels/${id}/live`, { headers })).text();
      return live.includes('served');
    }, 'the events');
  }
  await fetch(`${url}/cdn-cgi/handler/scheduled`);
  start.child.kill('SIGTERM');
  expect(await start.ended).toBe(0);

  const files = filesOf(join(project.directory, 'state'));
  // So that the search can fail: what is stored is found.
  expect(files.some(({ bytes }) => bytes.includes('served'))).toBe(true);
  const printed = { name: 'what it has printed', bytes: Buffer.from(start.stdout() + start.stderr()) };
  const notes = filesOf(join(project.directory, 'wrangler-log'));
  for (const { name, bytes } of [...files, ...notes, printed]) {
    for (const [seed, text] of Object.entries(SEEDS)) {
      for (const written of writings(text)) {
        expect(bytes.includes(written), `${seed} as ${written} in ${name}`).toBe(false);
      }
    }
    expect(bytes.includes(token), `the token in ${name}`).toBe(false);
  }
});
