import { describe, expect, test } from 'vitest';
import type { LogEntry } from '../../src/imports/logs/entry.ts';
import { LineIds } from '../../src/imports/logs/line-ids.ts';
import { classify, eventOf, Site } from '../../src/imports/logs/page-views.ts';
import type { Includable } from '../../src/imports/logs/skipped.ts';

const ORIGIN = 'https://site.example';

function entry(target: string, changes: Partial<LogEntry> = {}): LogEntry {
  return {
    host: '',
    address: '192.0.2.7',
    time: 1_700_000_000_000,
    request: { method: 'GET', target },
    status: 200,
    referer: '',
    userAgent: 'Browser',
    ...changes,
  };
}

const kindOf = (of: LogEntry, ...include: Includable[]): string => {
  const classified = classify(of, new Site(ORIGIN), new Set(include));
  return classified.ok ? classified.value.url : classified.error;
};

describe('page views', () => {
  test.each([
    ['/', `${ORIGIN}/`],
    ['/page?a=b&c', `${ORIGIN}/page?a=b&c`],
    ['/page.html', `${ORIGIN}/page.html`],
    ['/index.php?file=a.png', `${ORIGIN}/index.php?file=a.png`],
    ['/users/jane.doe', `${ORIGIN}/users/jane.doe`],
    ['/release-1.2', `${ORIGIN}/release-1.2`],
    ['/images.png/', `${ORIGIN}/images.png/`],
    ['//other.example/page', `${ORIGIN}//other.example/page`],
    ['/my page', `${ORIGIN}/my%20page`],
    ['/café', `${ORIGIN}/caf%C3%A9`],
    ['http://www.site.example/page', 'http://www.site.example/page'],
  ])('%s', (target, url) => {
    expect(kindOf(entry(target))).toBe(url);
  });

  test.each(['site.example', 'www.site.example', 'SITE.example', 'site.example.'])(
    'of the virtual host %s',
    (host) => {
      expect(kindOf(entry('/v2', { host }))).toBe(`${ORIGIN}/v2`);
    },
  );

  test("a page from the browser's cache", () => {
    expect(kindOf(entry('/', { status: 304 }))).toBe(`${ORIGIN}/`);
  });
});

describe('lines that are not page views', () => {
  test.each([
    ['static', entry('/style.css?v=3')],
    ['static', entry('/IMG/Photo.JPG')],
    ['static', entry('/release.tar.gz')],
    ['static', entry('/feed.xml')],
    ['static', entry('/robots.txt')],
    ['static', entry('/.well-known/change-password')],
    ['methods', entry('/', { request: { method: 'POST', target: '/' } })],
    ['methods', entry('/', { request: { method: 'HEAD', target: '/' } })],
    ['methods', entry('/', { request: { method: 'CONNECT', target: 'other.example:443' } })],
    ['redirects', entry('/', { status: 301 })],
    ['errors', entry('/', { status: 404 })],
    ['errors', entry('/', { status: 500 })],
    ['errors', entry('/', { status: null })],
    ['elsewhere', entry('http://other.example/')],
    ['elsewhere', entry('/v2', { host: 'other.example' })],
    ['elsewhere', entry('/v2', { host: 'blog.site.example' })],
    ['elsewhere', entry('/v2', { host: 'site.example.evil.example' })],
    ['elsewhere', entry('/style.css', { host: 'other.example', status: 404 })],
    ['elsewhere', entry('/', { host: 'other.example', request: null })],
    ['elsewhere', entry('/', { host: '198.51.100.1' })],
    ['elsewhere', entry('/', { host: '[2001:db8::1]' })],
    ['elsewhere', entry('/', { host: '_' })],
    ['elsewhere', entry('/', { host: 'no host%' })],
    ['elsewhere', entry('http://other.example/', { host: 'site.example' })],
    ['garbage', entry('/', { request: null })],
    ['garbage', entry('page')],
    ['garbage', entry('http://')],
  ])('%s', (reason, of) => {
    expect(kindOf(of)).toBe(reason);
  });

  test('can be included by name', () => {
    expect(kindOf(entry('/a.css'), 'static')).toBe(`${ORIGIN}/a.css`);
    expect(kindOf(entry('/a', { status: 404 }), 'errors')).toBe(`${ORIGIN}/a`);
    expect(kindOf(entry('/a', { status: 302 }), 'redirects')).toBe(`${ORIGIN}/a`);
    expect(kindOf(entry('/a', { request: { method: 'POST', target: '/a' } }), 'methods')).toBe(`${ORIGIN}/a`);
    expect(kindOf(entry('/a.css', { status: 404 }), 'errors')).toBe('static');
  });
});

test('an event has what the line has', () => {
  const page = { url: `${ORIGIN}/page`, path: '/page' };
  const common = {
    dl: page.url,
    eid: 'log_1',
    ts: 1_700_000_000_000,
    ip: '192.0.2.7',
  };
  expect(eventOf(entry('/page'), page, 'log_1', 1_700_000_000_000)).toEqual({ ...common, ua: 'Browser' });
  expect(eventOf(entry('/page', { referer: 'r', userAgent: '' }), page, 'log_1', 1_700_000_000_000)).toEqual({
    ...common,
    rl: 'r',
    ua: '',
  });
});

describe('line ids', () => {
  test('are the same in every import, and different for identical lines', () => {
    const lines = ['a', 'b', 'a', 'a', 'b'];
    const ids = new LineIds();
    const first = lines.map((line) => ids.idOf(line));
    const again = new LineIds();
    expect(lines.map((line) => again.idOf(line))).toEqual(first);
    expect(new Set(first).size).toBe(5);
    for (const id of first) expect(id).toMatch(/^log_[\w-]{22}_\d+$/);
  });

  test('use bounded memory', () => {
    const ids = new LineIds(10);
    const first = ids.idOf('a');
    for (let index = 0; index < 9; index++) ids.idOf(`between ${index}`);
    expect(ids.idOf('a')).not.toBe(first);
    for (let index = 0; index < 20; index++) ids.idOf(`later ${index}`);
    expect(ids.idOf('a')).toBe(first);
  });
});
