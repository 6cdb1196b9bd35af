import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FakeSpeck, startFakeSpeck } from './fake-speck.ts';
import { ROOT, runScript } from './project.ts';

const directory = mkdtempSync(join(tmpdir(), 'speck-import-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

let fake: FakeSpeck;
beforeEach(async () => {
  fake = await startFakeSpeck();
});
afterEach(() => fake.close());

const line = (path: string, agent = 'Browser') =>
  `192.0.2.7 - - [10/Oct/2000:13:55:36 +0000] "GET ${path} HTTP/1.1" 200 1 "-" "${agent}"\n`;

const LOG = [
  line('/one'),
  line('/style.css'),
  line('/two'),
  line('/two'),
  'this is no line of a log\n',
  '\n',
  line('/three', 'Crawler'),
  line('/gone').replace(' 200 ', ' 404 '),
  line('/four').slice(0, -10),
].join('');

function write(name: string, content: string | Buffer): string {
  const file = join(directory, name);
  writeFileSync(file, content);
  return file;
}

/** Runs the import to its end. */
async function importLog(args: readonly string[], input?: Buffer) {
  const script = runScript(
    join(ROOT, 'scripts', 'import.ts'),
    ['--url', fake.url, '--pixel', 'px_1', '--origin', 'https://site.example', ...args],
    { SPECK_TOKEN: 'secret' },
    input,
  );
  const code = await script.ended;
  return { code, stdout: script.stdout(), stderr: script.stderr() };
}

const pages = () => [...fake.taken.values()].map(({ dl }) => dl.replace('https://site.example', ''));

test('page views are sent, and other lines are reported', async () => {
  fake.reject = ({ ua }) => (ua === 'Crawler' ? 'bot' : undefined);
  const { code, stdout, stderr } = await importLog([write('access.log', LOG)]);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  expect(pages()).toEqual(['/one', '/two', '/two']);
  expect(fake.requests[0]?.authorization).toBe('Bearer secret');
  expect(fake.requests[0]?.events[0]).toEqual({
    id: 'px_1',
    ev: 'pageview',
    dl: 'https://site.example/one',
    eid: expect.stringMatching(/^log_/),
    ts: Date.UTC(2000, 9, 10, 13, 55, 36),
    ip: '192.0.2.7',
    ua: 'Browser',
  });
  expect(stdout.split('\n').map((text) => text.trim())).toEqual([
    'access.log: 8 lines',
    '4  page views, 2000-10-10T13:55:36.000Z to 2000-10-10T13:55:36.000Z',
    '3  accepted',
    '1  refused: bot',
    '1  not page views: static (files that pages are made of, downloads, feeds, robots.txt)',
    '1  not page views: errors (answered with an error, or not at all)',
    '2  unreadable',
    'line 5 is not in common or combined log format',
    'line 9 is cut short, or has a quote too many',
    '',
  ]);
});

test('only the lines of the site are sent from a log of multiple virtual hosts', async () => {
  const hosts = ['site.example:443', 'other.example:443', 'www.site.example:80'];
  const log = hosts.map((host, index) => `${host} ${line(`/${index}`)}`).join('');
  const { stdout } = await importLog([write('other_vhosts_access.log', `\ufeff${log}`)]);
  expect(pages()).toEqual(['/0', '/2']);
  expect(stdout).toMatch(/1 {2}not page views: elsewhere/);
  expect(stdout).not.toContain('unreadable');
});

describe('a log of multiple hosts', () => {
  const hosts = ['site.example', 'blog.example', 'site.example:8080', 'other.example', '-'];
  const log = hosts.map((host, index) => `${host} ${line(`/${index}`)}`).join('');
  const urls = () => [...fake.taken.values()].map(({ dl }) => dl);

  test.each([
    [[], ['https://site.example/0', 'https://site.example/2', 'https://site.example/4']],
    [
      ['--host', 'blog.example,OTHER.example'],
      ['https://blog.example/1', 'https://other.example/3'],
    ],
    [
      ['--host', 'all'],
      [
        'https://site.example/0',
        'https://blog.example/1',
        'https://site.example/2',
        'https://other.example/3',
        'https://site.example/4',
      ],
    ],
  ])('is read for %j', async (args, expected) => {
    const { code } = await importLog([write('vhosts.log', log), ...args]);
    expect(code).toBe(0);
    const isOwn = (url: string) => expected.includes(url);
    expect(urls().filter(isOwn)).toEqual(expected);
    // A line without a host is of the origin.
    expect(urls().filter((url) => !isOwn(url))).toEqual(
      args[1] === 'blog.example,OTHER.example' ? ['https://site.example/4'] : [],
    );
  });

  test('needs no origin, if the hosts are named', async () => {
    const args = [write('vhosts.log', log), '--url', fake.url, '--pixel', 'px_1', '--host', 'blog.example'];
    const script = runScript(join(ROOT, 'scripts', 'import.ts'), args, { SPECK_TOKEN: 'secret' });
    expect(await script.ended).toBe(0);
    expect(urls()[0]).toBe('https://blog.example/1');
  });
});

describe('another format', () => {
  const iis = [
    '#Software: Microsoft Internet Information Services 10.0',
    '#Fields: date time cs-method cs-uri-stem c-ip cs(User-Agent) sc-status',
    '2000-10-10 13:55:36 GET /one 192.0.2.7 Browser 200',
    '2000-10-10 13:55:37 GET /two 192.0.2.7 Browser 200',
    '#Fields: date time cs-method cs-uri-stem c-ip sc-status',
    '2000-10-10 13:55:38 GET /three 192.0.2.7 200',
    '2000-10-10 13:55:38 GET /style.css 192.0.2.7 200',
    '2000-10-10 13:55:38 GET /four 192.0.2.7 20',
  ].join('\r\n');

  test('is recognized, and the report says which, and what it lacks', async () => {
    const { code, stdout } = await importLog([write('u_ex001010.log', iis)]);
    expect(code).toBe(0);
    expect(pages()).toEqual(['/one', '/two', '/three']);
    expect(
      stdout
        .trim()
        .split('\n')
        .map((text) => text.trim()),
    ).toEqual([
      "u_ex001010.log: 5 lines, read as w3c: W3C's extended log format, as IIS writes it",
      '3  page views, 2000-10-10T13:55:36.000Z to 2000-10-10T13:55:38.000Z',
      '3  accepted',
      '3  page views whose lines have no referrer: they are of no source',
      '1  page views whose lines have no user agent: they are of no visitor, and bots among them are counted',
      '1  not page views: static (files that pages are made of, downloads, feeds, robots.txt)',
      '1  unreadable',
      'line 8 does not end with a line break, so it may be cut short',
    ]);
  });

  test('JSON is told from an export, and gzipped parts are read one after the other', async () => {
    const json = (uri: string) =>
      `${JSON.stringify({ time: '2000-10-10T13:55:36Z', remote_addr: '192.0.2.7', method: 'GET', uri, status: 200, user_agent: 'Browser', referer: '' })}\n`;
    const parts = [gzipSync(json('/one')), gzipSync(json('/two') + json('/three')), gzipSync(json('/four'))];
    const { code, stdout } = await importLog([write('json.log.gz', Buffer.concat(parts))]);
    expect(code).toBe(0);
    expect(pages()).toEqual(['/one', '/two', '/three', '/four']);
    expect(stdout).toContain('4 lines, read as json');
  });

  test('that is insisted on wrongly says what was recognized', async () => {
    const { code, stderr } = await importLog([write('iis.log', iis), '--format', 'caddy']);
    expect(code).toBe(1);
    expect(stderr).toContain(
      'Not one line could be read as caddy. 4 of the first 4 lines can be read as w3c',
    );
    expect(stderr).toContain('insist: --format w3c');
    expect(fake.requests).toEqual([]);
  });

  test('can be insisted on against what is recognized', async () => {
    const log = `${line('/one').trimEnd()} "site.example"\n${line('/two').trimEnd()} "other.example"\n`;
    const { stdout } = await importLog([write('last.log', log)]);
    expect(pages()).toEqual(['/one']);
    expect(stdout).toContain('read as combined-host');
    await importLog([write('last.log', log), '--format', 'combined']);
    expect(pages()).toEqual(['/one', '/two']);
  });
});

test('AI crawlers are reported by name, with the pages that they fetched most', async () => {
  fake.reject = ({ ua }) => (String(ua).includes('Bot') ? 'bot' : undefined);
  const gptbot = 'Mozilla/5.0 (compatible; GPTBot/1.2; +https://openai.com/gptbot)';
  const log = [
    line('/docs?a', gptbot),
    line('/', gptbot),
    line('/docs?b', 'GPTBot/1.0'),
    line('/', 'ClaudeBot/1.0'),
    line('/style.css', 'ClaudeBot/1.0'),
    line('/', 'OtherBot/1.0'),
    line('/'),
  ].join('');
  const { code, stdout } = await importLog([write('crawlers.log', log)]);
  expect(code).toBe(0);
  expect(stdout.split('\n').map((text) => text.trim())).toEqual([
    'crawlers.log: 7 lines',
    '6  page views, 2000-10-10T13:55:36.000Z to 2000-10-10T13:55:36.000Z',
    '1  accepted',
    '5  refused: bot',
    '4  page views by AI crawlers and assistants, which are refused as bots',
    '3  GPTBot (OpenAI): collects texts to train models',
    '2 × /docs',
    '1 × /',
    '1  ClaudeBot (Anthropic): collects texts to train models',
    '1 × /',
    '1  not page views: static (files that pages are made of, downloads, feeds, robots.txt)',
    '',
  ]);
});

test('a log in UTF-16 is rejected with instructions', async () => {
  const { code, stderr } = await importLog([write('utf16.log', Buffer.from(`\ufeff${LOG}`, 'utf16le'))]);
  expect(code).toBe(1);
  expect(stderr).toContain('iconv -f UTF-16 -t UTF-8');
  expect(fake.requests).toEqual([]);
});

test('a last line that is truncated before its headers waits for the next import', async () => {
  const completeLine = line('/last');
  const { stdout } = await importLog([
    write('growing.log', line('/first') + completeLine.slice(0, completeLine.indexOf(' "-"'))),
  ]);
  expect(pages()).toEqual(['/first']);
  expect(stdout).toContain('line 2 is cut short');
  await importLog([write('growing.log', line('/first') + completeLine)]);
  expect(pages()).toEqual(['/first', '/last']);
});

describe('a second import changes nothing', () => {
  test('plain, compressed, grown, from standard input', async () => {
    await importLog([write('access.log', LOG)]);
    const taken = [...fake.taken.keys()];
    for (const again of [
      await importLog([write('packed', gzipSync(LOG))]),
      await importLog(['-'], Buffer.from(LOG)),
      await importLog(['-'], gzipSync(LOG)),
    ]) {
      expect(again.code).toBe(0);
      expect(again.stdout).toMatch(/ 0 {2}accepted\n +4 {2}already there/);
      expect([...fake.taken.keys()]).toEqual(taken);
    }
    await importLog([write('grown', `${LOG}\n${line('/five')}`)]);
    expect(pages()).toEqual(['/one', '/two', '/two', '/three', '/five']);
  });

  test('after the first one was interrupted', async () => {
    fake.replies.push({ status: 202, body: { accepted: 1, duplicates: 0, rejected: [] } }, { status: 404 });
    const broken = await importLog([write('access.log', LOG), '--batch', '2']);
    expect(broken.code).toBe(1);
    expect(broken.stderr).toContain('Check --url and --pixel.');
    expect((await importLog([write('access.log', LOG)])).code).toBe(0);
    expect(pages()).toHaveLength(4);
  });
});

test('batches stay within the limits of a request', async () => {
  const long = 'x'.repeat(5000);
  const many = Array.from({ length: 1500 }, (_, index) => line(`/${index}`)).join('');
  const large = Array.from({ length: 500 }, (_, index) => line(`/${index}/${long}`)).join('');
  const { code } = await importLog([write('access.log', many + large)]);
  expect(code).toBe(0);
  expect(fake.taken.size).toBe(2000);
  expect(fake.requests.map(({ events }) => events.length)).toEqual([
    1000,
    expect.any(Number),
    expect.any(Number),
    expect.any(Number),
  ]);
  for (const { bytes } of fake.requests) expect(bytes).toBeLessThanOrEqual(1024 * 1024);
});

test('a temporary failure is retried', async () => {
  fake.replies.push('hang up', { status: 503 });
  const { code, stderr } = await importLog([write('access.log', LOG)]);
  expect(code).toBe(0);
  expect(stderr.match(/trying again in/g)).toHaveLength(2);
  expect(fake.taken.size).toBe(4);
});

test('an unexpected rejection fails with its line', async () => {
  fake.reject = ({ dl }) => (dl.endsWith('/two') ? 'day_closed' : undefined);
  const { code, stdout } = await importLog([write('access.log', LOG)]);
  expect(code).toBe(1);
  expect(stdout).toMatch(/2 {2}refused: day_closed\n +line 3: refused for day_closed\n +line 4: refused/);
  expect(pages()).toEqual(['/one', '/three']);
});

test('an unknown pixel ends the import at once', async () => {
  fake.reject = () => 'unknown_pixel';
  const { code, stderr } = await importLog([write('access.log', LOG), '--batch', '1']);
  expect(code).toBe(1);
  expect(stderr).toContain(`${fake.url} has no pixel px_1.`);
  expect(fake.requests).toHaveLength(1);
});

test('a dry run sends nothing', async () => {
  const { code, stdout, stderr } = await importLog([
    write('access.log', LOG),
    '--dry-run',
    '--include',
    'all',
  ]);
  expect(code).toBe(0);
  expect(fake.requests).toEqual([]);
  expect(stdout).toContain('6  page views');
  expect(
    stderr
      .trim()
      .split('\n')
      .map((text) => JSON.parse(text).dl),
  ).toEqual(['https://site.example/one', 'https://site.example/style.css', 'https://site.example/two']);
});

test('a file that is not a log fails', async () => {
  const { code, stderr } = await importLog([write('page.html', '<html>\n<body>\n')]);
  expect(code).toBe(1);
  expect(stderr).toContain('Not one line could be read.');
});

test('a missing file, and a truncated one', async () => {
  const missing = await importLog([join(directory, 'missing')]);
  expect(missing.code).toBe(1);
  expect(missing.stderr).toContain('cannot be read: ENOENT');
  const cut = await importLog([write('cut.gz', gzipSync(LOG).subarray(0, -12))]);
  expect(cut.code).toBe(1);
  expect(cut.stderr).toContain('cannot be read: unexpected end of file');
});

test.each([
  [[], 'Which file?'],
  [['a', '--from', 'none'], 'there are '],
  [['a', '--since', '2026-02-30'], 'is no day'],
  [['--undo', 'px_1'], 'is no import'],
  [['-', '--from', 'logs'], '--from needs a file'],
  [['a', '--pixel', '12'], 'begin with px_'],
  [['a', '--origin', 'site.example'], '--origin "site.example" is not like'],
  [['a', '--origin', 'https://site.example/blog'], 'without a path'],
  [['a', '--include', 'static,pages'], '--include "pages"'],
  [['a', '--format', 'apache'], '--format "apache": there are combined-host, combined,'],
  [['a', '--host', 'https://site.example/'], '--host "https://site.example/"'],
  [['a', '--batch', '1001'], '--batch "1001"'],
  [['a', '--loud'], "Unknown option '--loud'"],
])('a wrong command: %j', async (args, message) => {
  const { code, stderr } = await importLog(args);
  expect(code).toBe(2);
  expect(stderr).toContain(message);
});

test('the local token is sent to no other machine', async () => {
  const script = runScript(join(ROOT, 'scripts', 'import.ts'), [
    ...['access.log', '--pixel', 'px_1', '--origin', 'https://site.example', '--url', 'https://px.example'],
  ]);
  expect(await script.ended).toBe(2);
  expect(script.stderr()).toContain('No token for https://px.example: say --token, or set SPECK_TOKEN.');
});

test('a log without its site', async () => {
  const args = [write('access.log', LOG), '--url', fake.url, '--pixel', 'px_1'];
  const script = runScript(join(ROOT, 'scripts', 'import.ts'), args, { SPECK_TOKEN: 'secret' });
  expect(await script.ended).toBe(2);
  expect(script.stderr()).toContain('say whose, with --origin');
  expect(fake.requests).toEqual([]);
});

test('--help', async () => {
  const { code, stdout } = await importLog(['--help']);
  expect(code).toBe(0);
  expect(stdout).toContain('Usage: npm run import -- FILE… --pixel ID');
});
