/** The paths that an owner sets: which are accepted, what they lead to, and what is wrong with the others. */
import { describe, expect, it } from 'vitest';
import { knownPath, type PathSettings, pagePaths } from '../../src/model/page-paths.ts';

const DEFAULTS = { script: 'speck', collector: '', url: '', prefix: '', problems: [] };

describe('settings', () => {
  it.each<[PathSettings, object]>([
    [{}, {}],
    [{ SCRIPT_PATH: '', COLLECT_PATH: '', PUBLIC_URL: '' }, {}],
    [{ SCRIPT_PATH: '/speck.js' }, {}],
    [
      { SCRIPT_PATH: '/a.js', COLLECT_PATH: '/x' },
      { script: 'a', collector: 'x' },
    ],
    [{ SCRIPT_PATH: '/Main-2_b~.js' }, { script: 'Main-2_b~' }],
    [{ COLLECT_PATH: '/x.png' }, { collector: 'x.png' }],
    // The name of another tool's path is the owner's to choose.
    [{ COLLECT_PATH: '/collect' }, { collector: 'collect' }],
    [
      { SCRIPT_PATH: '/apis.js', COLLECT_PATH: '/application' },
      { script: 'apis', collector: 'application' },
    ],
    [{ PUBLIC_URL: 'https://example.com' }, { url: 'https://example.com' }],
    [{ PUBLIC_URL: 'https://example.com/' }, { url: 'https://example.com' }],
    [{ PUBLIC_URL: 'https://example.com/stats/' }, { url: 'https://example.com/stats', prefix: '/stats' }],
    [{ PUBLIC_URL: 'http://127.0.0.1:8787/a/b.c' }, { url: 'http://127.0.0.1:8787/a/b.c', prefix: '/a/b.c' }],
  ])('%j', (settings, expected) => {
    expect(pagePaths(settings)).toEqual({ ...DEFAULTS, ...expected });
  });

  it.each<[keyof PathSettings, readonly string[]]>([
    [
      'SCRIPT_PATH',
      [
        'a.js',
        '/a',
        '/a.mjs',
        '/.js',
        '/a.b.js',
        '/js/a.js',
        '/a b.js',
        '/ä.js',
        '/%61.js',
        '/a.js?b',
        '//a.js',
        'https://x/a.js',
        `/${'a'.repeat(64)}.js`,
        '/../a.js',
      ],
    ],
    [
      'SCRIPT_PATH',
      [
        '/api.js',
        '/app.js',
        '/privacy.js',
        '/opt-out.js',
        '/health.js',
        '/tr.js',
        '/speck-2.js',
        '/en_US.js',
      ],
    ],
    [
      'COLLECT_PATH',
      ['x', '/', '/a/b', '/x?y', '/x#y', '/ä', '/x y', '/..', '/.', `/${'x'.repeat(64)}`, '//x'],
    ],
    [
      'COLLECT_PATH',
      [
        '/api',
        '/API',
        '/app',
        '/badge',
        '/beacon',
        '/health',
        '/opt-out',
        '/p.gif',
        '/privacy',
        '/tr',
        '/speck',
        '/speck.js',
        '/speck.plus.js',
        '/de_DE',
      ],
    ],
    [
      'PUBLIC_URL',
      [
        'example.com',
        '/stats',
        'http://example.com/stats',
        'ftp://example.com',
        'https://ann:x@example.com',
        'https://example.com/?a',
        'https://example.com/#a',
        'https://example.com/a//b',
        'https://example.com/ä',
        'https://',
      ],
    ],
    [
      'PUBLIC_URL',
      [
        'https://example.com/api',
        'https://example.com/app/x',
        'https://example.com/speck',
        'https://example.com/en_US',
      ],
    ],
  ])('%s, none of: %j', (setting, values) => {
    for (const value of values) {
      const { problems, ...paths } = pagePaths({ [setting]: value });
      // It names the setting, its value, and what to do.
      expect(problems, value).toEqual([
        expect.stringMatching(/^(SCRIPT_PATH|COLLECT_PATH|PUBLIC_URL) is ".*[.;,] .*\.$/),
      ]);
      expect(problems[0], value).toContain(`${setting} is ${JSON.stringify(value.slice(0, 128))}`);
      expect(paths, value).toEqual({ script: 'speck', collector: '', url: '', prefix: '' });
    }
  });

  it('a collector has no name of a script', () => {
    for (const name of [
      '/a.js',
      '/a.plus.js',
      '/a.send.js',
      '/a.hash.js',
      '/a.relay.js',
      '/a.all.js',
      '/a.meta.js',
    ]) {
      expect(pagePaths({ SCRIPT_PATH: '/a.js', COLLECT_PATH: name })).toMatchObject({
        script: 'a',
        collector: '',
        problems: [expect.stringContaining('COLLECT_PATH')],
      });
    }
    expect(pagePaths({ SCRIPT_PATH: '/a.js', COLLECT_PATH: '/b.js' }).problems).toEqual([]);
  });

  it('a wrong one leaves the others', () => {
    const paths = pagePaths({ SCRIPT_PATH: '/api.js', COLLECT_PATH: '/x', PUBLIC_URL: 'stats' });
    expect(paths).toMatchObject({ script: 'speck', collector: 'x', url: '' });
    expect(paths.problems).toHaveLength(2);
  });
});

describe('a path that pages request', () => {
  const paths = pagePaths({ SCRIPT_PATH: '/a.js', PUBLIC_URL: 'https://example.com/stats' });

  it.each([
    ['/a.js', '/speck.js'],
    ['/a.plus.js', '/speck.plus.js'],
    ['/a.hash.js', '/speck.hash.js'],
    ['/a.relay.js', '/speck.relay.js'],
    ['/stats/a.js', '/speck.js'],
    ['/stats/a.all.js', '/speck.all.js'],
    ['/stats/speck.plus.js', '/speck.plus.js'],
    ['/stats/p.gif', '/p.gif'],
    ['/stats/beacon', '/beacon'],
    ['/stats/opt-out', '/opt-out'],
    ['/stats/privacy', '/privacy'],
    ['/stats/de_DE/fbevents.js', '/de_DE/fbevents.js'],
    ['/stats/apiary', '/apiary'],
    ['/a.min.js', null],
    ['/A.js', null],
    ['/stats', null],
    ['/stats/', '/'],
    ['/stats/api/event', '/api/event'],
    ['/statsx/a.js', null],
    ['/other/a.js', null],
    ['/p.gif', null],
  ])('%s is %s', (path, known) => {
    expect(knownPath(path, paths)).toBe(known);
  });
});
