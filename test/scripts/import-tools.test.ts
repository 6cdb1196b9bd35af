/** `npm run import` with files of other tools, against a real Worker: sent, interrupted, continued, listed, kept and undone. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request as forward } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ADMIN_TOKEN, ROOT, type Speck, startSpeck } from '../e2e/harness.ts';
import { runScript } from './project.ts';

const directory = mkdtempSync(join(tmpdir(), 'speck-import-tools-'));
let speck: Speck;
let pixel: string;

beforeAll(async () => {
  speck = await startSpeck();
});
beforeEach(async () => {
  pixel = await speck.addPixel({ timezone: 'UTC' });
});
afterAll(async () => {
  await speck.close();
  rmSync(directory, { recursive: true, force: true });
});

const HEADER =
  '2Path,Title,Event,UserAgent,Browser,System,Session,Bot,Referrer,Referrer scheme,Screen size,Location,FirstVisit,Date\n';
const FIRST = Date.parse('2025-03-01T00:00:00Z');

/** A row of GoatCounter's export: a view every ten minutes, of one of seven sessions a day. */
const row = (index: number): string => {
  const date = new Date(FIRST + index * 600_000).toISOString().replace('.000', '');
  const session = (0x1000000 + (index % 7)).toString(16);
  return `/page-${index % 5},Title,0,,Firefox 120,Linux,${session},0,news.ycombinator.com,h,"1920,1080,1",DE,1,${date}\n`;
};
const rows = (from: number, to: number): string =>
  HEADER + Array.from({ length: to - from }, (_, index) => row(from + index)).join('');

function write(name: string, content: string | Buffer): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

async function run(args: readonly string[], url = speck.url) {
  const script = runScript(join(ROOT, 'scripts', 'import.ts'), ['--url', url, '--pixel', pixel, ...args], {
    SPECK_TOKEN: ADMIN_TOKEN,
  });
  const code = await script.ended;
  return { code, stdout: script.stdout(), stderr: script.stderr() };
}

async function events(): Promise<
  readonly { id: string; page: string; ts: number; visitor: string; source: string }[]
> {
  const { results } = await speck.db
    .prepare('SELECT id, page, ts, visitor, source FROM events WHERE pixel = ? ORDER BY ts, id')
    .bind(pixel)
    .all<{ id: string; page: string; ts: number; visitor: string; source: string }>();
  return results;
}

/** A server in front of Speck that closes the connection of some requests: before Speck sees them, or before the sender sees the answer. */
async function flaky(breaks: (batch: number) => 'request' | 'answer' | null) {
  let batch = 0;
  const server = createServer((incoming, outgoing) => {
    const isBatch = incoming.method === 'POST' && /imports\/imp_/.test(incoming.url ?? '');
    const broken = isBatch ? breaks(batch++) : null;
    if (broken === 'request') {
      incoming.socket.destroy();
      return;
    }
    const { host: _, ...headers } = incoming.headers;
    const sent = forward(speck.url + incoming.url, { method: incoming.method, headers }, (answer) => {
      if (broken === 'answer') {
        answer.resume();
        answer.on('end', () => incoming.socket.destroy());
        return;
      }
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(outgoing);
    });
    incoming.pipe(sent);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => server.close() };
}

describe('files of another tool', () => {
  it('are recognized, unpacked, sent, listed and undone; a grown file adds what is new', async () => {
    const small = write('small.csv.gz', gzipSync(rows(0, 300)));
    const grown = write('grown.csv', rows(200, 700));
    const dry = await run([small, '--dry-run']);
    expect(dry.stderr).toBe('');
    expect(dry.stdout).toContain('small.csv.gz: of goatcounter');
    expect(dry.stdout).toContain('300  events, 2025-03-01T00:00:00.000Z to 2025-03-03T01:50:00.000Z');
    expect(dry.stdout).toContain('What is not carried over:');
    expect(await events()).toEqual([]);

    const { code, stdout, stderr } = await run([small, grown, '--batch', '100']);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).toContain('300  events stored');
    expect(stdout).toContain('400  events stored');
    expect(stdout).toContain('100  stored before');
    const stored = await events();
    expect(stored.map(({ ts }) => ts)).toEqual(
      Array.from({ length: 700 }, (_, index) => FIRST + index * 600_000),
    );
    expect(stored[3]).toMatchObject({
      page: '/page-3',
      source: 'Hacker News',
      visitor: expect.stringMatching(/^.{22}$/),
    });

    const again = await run([small]);
    expect(again.code).toBe(0);
    expect(again.stdout).toContain('300  events stored');
    expect(await events()).toHaveLength(700);

    const list = await run(['--list']);
    const [second = '', first = ''] = list.stdout.trim().split('\n');
    expect(second).toMatch(
      /^imp_\w{12} {2}complete {2}goatcounter: grown.csv {2}400 events, 2025-03-03 to 2025-03-05$/,
    );
    const id = first.slice(0, 16);
    expect((await run(['--undo', id])).stdout).toContain(`${id} is undone.`);
    expect(await events()).toHaveLength(400);
    expect(await run(['--undo', id])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no such pixel or import'),
    });
    const kept = second.slice(0, 16);
    expect((await run(['--keep', kept])).stdout).toBe(`${kept} is kept for good.\n`);
    expect(await run(['--undo', kept])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('This import cannot be undone any more'),
    });
  });

  it('count once if requests and answers are lost on the way', async () => {
    const path = write('lost.csv', rows(0, 950));
    const proxy = await flaky((batch) => [null, 'request', 'answer', null, 'answer'][batch % 5] as never);
    const { code, stdout } = await run([path, '--batch', '100'], proxy.url);
    proxy.close();
    expect(code).toBe(0);
    expect(stdout).toContain('950  events stored');
    expect(stdout).not.toContain('stored before');
    expect(await events()).toHaveLength(950);
  });

  it('continue where a killed sender was', async () => {
    const path = write('killed.csv', rows(0, 900));
    let script: ReturnType<typeof runScript> | undefined;
    const proxy = await flaky((batch) => {
      if (batch === 4) script?.child.kill('SIGKILL');
      return batch === 4 ? 'answer' : null;
    });
    script = runScript(
      join(ROOT, 'scripts', 'import.ts'),
      ['--url', proxy.url, '--pixel', pixel, path, '--batch', '100'],
      { SPECK_TOKEN: ADMIN_TOKEN },
    );
    await script.ended;
    proxy.close();
    const before = (await events()).length;
    expect(before).toBeGreaterThan(0);
    expect(before).toBeLessThan(900);
    expect((await run(['--list'])).stdout).toContain('  open  ');
    const { code, stdout } = await run([path]);
    expect(code).toBe(0);
    expect(stdout).toContain('900  events stored');
    expect(stdout).not.toContain('stored before');
    expect(await events()).toHaveLength(900);
    expect(new Set((await events()).map(({ id }) => id.slice(0, 16))).size).toBe(1);
  });

  it('end where Speck began to count itself, unless the command says otherwise', async () => {
    const sent = await speck.api('POST', '/api/v1/events', { events: [{ id: pixel, dl: '/now' }] });
    expect(sent.status).toBe(202);
    const path = write('range.csv', rows(0, 300));
    expect((await run([path, '--since', '2025-03-02', '--until', '2025-03-02'])).stdout).toMatch(
      /left out: (before_since|after_until)/,
    );
    expect((await events()).length).toBe(1 + 144);
    const all = await run([path, '--until', 'none']);
    expect(all.stdout).toContain('144  stored before');
    expect(all.stdout).toContain('156  events stored');
  });

  it('are reported if they are not recognized, or refused in part', async () => {
    const foreign = await run([write('foreign.csv', 'a;b\n1;2\n')]);
    expect(foreign.code).not.toBe(0);
    const bad = write(
      'bad.csv',
      `${rows(0, 3)}/late,T,0,,Firefox,Linux,77,0,,,"1,1,1",DE,1,1999-01-01T00:00:00Z\nbroken\n`,
    );
    const { code, stdout } = await run([bad]);
    expect(code).toBe(1);
    expect(stdout).toContain('1  rejected: time_too_old');
    expect(stdout).toContain('line 5: ');
    expect(stdout).toContain('1  unreadable');
    expect(stdout).toContain('3  events stored');
  });
});
