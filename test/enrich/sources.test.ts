/** The list of sources as a text, against a Map of it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import list from '../../dist/sources.txt?raw';
import { SHARED } from '../../src/enrich/networks.ts';
import { coverKey, hostKey, KINDS, listedHost, nameKey } from '../../src/enrich/source-list.ts';
import { sourceTable } from '../../src/enrich/source-table.ts';
import { sourceOfHost, sourceOfName } from '../../src/enrich/sources.ts';

const listed = new Map(
  list
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [key = '', name = '', kind = ''] = line.split('\t');
      return [key, { name, kind: KINDS[Number(kind)] }];
    }),
);

/** What is asked of a key of the list. */
const find = (key: string) => {
  if (key.startsWith('=')) return sourceOfName(key.slice(1));
  const [host = '', folder] = key.slice(1).split('/');
  return sourceOfHost(host, folder);
};

/** The same of the Map, by the rule that docs/metrics.md states. */
function expected(key: string) {
  if (key.startsWith('=')) return listed.get(nameKey(key.slice(1))) ?? null;
  const [name = '', folder] = key.slice(1).split('/');
  const host = listedHost(name);
  const above = host.split('.').map((_, index, labels) => coverKey(labels.slice(index).join('.')));
  const lookups = [...(folder ? [hostKey(host, folder)] : []), hostKey(host), ...above];
  return lookups.map((one) => listed.get(one)).find((source) => source !== undefined) ?? null;
}

/** Hosts that people come from, by their source and its kind. */
const COMMON: Readonly<Record<string, string>> = {
  'social Dzen': 'dzen.ru m.dzen.ru zen.yandex.ru',
  'social DEV Community': 'dev.to',
  'social Discord': 'discord.com ptb.discord.com discord.gg',
  'social Slack': 'app.slack.com slack-redir.net',
  'social Microsoft Teams': 'teams.microsoft.com teams.live.com',
  'social Product Hunt': 'producthunt.com',
  'social Lobsters': 'lobste.rs',
  'social Lemmy': 'lemmy.world lemmy.ml lemm.ee programming.dev',
  'social Mastodon':
    'mastodon.social mastodon.online mastodon.world fosstodon.org infosec.exchange hachyderm.io',
  'social Bluesky': 'bsky.app go.bsky.app',
  'social Threads': 'threads.net threads.com l.threads.com',
  'social Truth Social': 'truthsocial.com',
  'social Medium': 'medium.com',
  'referral Substack': 'substack.com open.substack.com',
  'referral GitLab': 'gitlab.com',
  'referral Bitly': 'bit.ly',
  'referral T.LY': 't.ly',
  'referral Patreon': 'patreon.com',
  'referral Notion': 'notion.so notion.com notion.site',
  'referral Figma': 'figma.com',
  'referral Trello': 'trello.com',
  'referral StackBlitz': 'stackblitz.com',
  'referral CodePen': 'codepen.io',
  'referral HackerNoon': 'hackernoon.com',
  'search Kagi': 'kagi.com',
  'search Brave Search': 'search.brave.com',
  'search Ecosia': 'ecosia.org',
  'search Qwant': 'qwant.com lite.qwant.com',
  'search Startpage': 'startpage.com eu.startpage.com',
  'ai Perplexity': 'perplexity.ai',
  'ai You.com': 'you.com',
  'ai Poe': 'poe.com',
  'ai Le Chat': 'chat.mistral.ai',
  'ai DeepSeek': 'chat.deepseek.com',
  'ai Grok': 'grok.com x.ai',
  'ai Meta AI': 'meta.ai',
  'ai Microsoft Copilot': 'copilot.microsoft.com m365.cloud.microsoft',
};

it.each(Object.entries(COMMON))('%s is %s', (source, hosts) => {
  const [kind = ''] = source.split(' ');
  for (const host of hosts.split(' ')) {
    for (const one of [host, `www.${host}`, host.toUpperCase()]) {
      expect(sourceOfHost(one), one).toEqual({ kind, name: source.slice(kind.length + 1) });
    }
    // What ends or begins like it is another host, and is not this source; but for hosts below one that covers them.
    const isBelow = host.split('.').length > 2;
    for (const other of [...(isBelow ? [] : [`not${host}`]), `${host}.evil.example`, `${host}x`]) {
      expect(sourceOfHost(other)?.name, other).not.toBe(source.slice(kind.length + 1));
    }
  }
});

it.each([
  'ann.notion.site',
  'ann.gitlab.io',
  'ann.substack.com',
  'ann.medium.com',
  'brave.com',
  'mistral.ai',
  'docs.microsoft.com',
  'ax.ai',
  'at.ly',
  'habit.ly',
])('%s is not in the list', (host) => {
  expect(sourceOfHost(host)).toBe(null);
});

describe('the list of sources', () => {
  it('is searched completely, from its first line to its last', () => {
    expect(listed.size).toBeGreaterThan(1500);
    for (const [key, source] of listed) expect(find(key.replace(/^\./, '@below.')), key).toEqual(source);
  });

  it('is sorted for binary search, and has no duplicate keys', () => {
    const keys = list
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t')[0] ?? '');
    expect(keys).toEqual([...new Set(keys)].toSorted((a, b) => (a < b ? -1 : 1)));
  });

  it('matches nothing else, however similar to a line', () => {
    const keys = fc.constantFrom(...listed.keys());
    const variants = fc
      .tuple(
        keys,
        fc.nat(30),
        fc.constantFrom(
          '',
          'a',
          '.',
          '\t',
          '\n',
          '\u0001',
          '~',
          '/x',
          '\tGoogle\t1',
          'я',
          '.example',
          '.com',
        ),
      )
      .map(([key, at, text]) => key.slice(0, 1 + at) + text);
    const below = fc
      .tuple(keys, fc.constantFrom('a.', 'm.', 'www.', 'not', 'a-', 'x.y.', 'a.b.c.'))
      .map(([key, text]) => `@${text}${key.slice(1)}`);
    const any = fc.string({ maxLength: 20 }).map((text) => `=${text.toLowerCase()}`);
    fc.assert(
      fc.property(fc.oneof(variants, below, any), (key) => {
        expect(find(key)).toEqual(expected(key));
      }),
      { numRuns: 5000 },
    );
  });

  it('matches subdomains of a host that covers them, and no lookalikes', () => {
    const covering = [...listed.keys()].filter((key) => key.startsWith('.'));
    fc.assert(
      fc.property(
        fc.constantFrom(...covering),
        fc.array(fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,8}$/), { minLength: 1, maxLength: 3 }),
        (key, labels) => {
          const host = key.slice(1);
          const name = labels.join('.');
          // The nearest entry above it, which may be a more precise one.
          expect(sourceOfHost(`${name}.${host}`)).toEqual(expected(`@${name}.${host}`));
          expect(sourceOfHost(`${name}.${host}`)).not.toBe(null);
          expect(sourceOfHost(`${host}.${name}.evil-example`)).toBe(null);
          expect(sourceOfHost(`${host}.evil.example`)).toBe(null);
        },
      ),
    );
  });

  it('covers no subdomains of a host that many sites share', () => {
    for (const host of SHARED) {
      expect(sourceOfHost(host), host).not.toBe(null);
      expect(sourceOfHost(`someone.${host}`), host).toBe(null);
    }
  });

  it("maps a company's name to its search site, and assistants and short names", () => {
    const table = sourceTable({
      'help.find.example': { source: 'Twitter', medium: 'unknown' },
      'www.find.example/search': { source: 'Twitter', medium: 'search' },
      'ads.find.example': { source: 'Twitter', medium: 'paid' },
      'a.example': { source: 'Facebook', medium: 'social' },
      'b.example': { source: 'Instagram', medium: 'social' },
      'tumblr.com': { source: 'Tumblr', medium: 'social' },
    });
    const lines = table.split('\n');
    expect(lines).toContain('=twitter\tTwitter\t1');
    expect(lines).toContain('=x\tTwitter\t1');
    expect(lines).toContain('@find.example/search\tTwitter\t1');
    expect(lines).toContain('@help.find.example\tTwitter\t0');
    expect(lines).toContain('.ads.find.example\tTwitter\t4');
    expect(lines).toContain('.a.example\tFacebook\t2');
    expect(lines).toContain('@tumblr.com\tTumblr\t2');
    expect(lines).toContain('=chatgpt\tChatGPT\t5');
  });

  it('has no redundant line below a covering host', () => {
    const lines = sourceTable({
      'm.facebook.com': { source: 'Facebook', medium: 'social' },
      'www.google.de': { source: 'Google', medium: 'search' },
      'www.google.com': { source: 'Google', medium: 'search' },
      'amazon.com': { source: 'Amazon', medium: 'search' },
    }).split('\n');
    expect(lines.filter((line) => line.includes('m.facebook.com') || line.includes('google.de'))).toEqual([]);
    expect(lines).toContain('@google.com\tGoogle\t1');
    expect(lines.filter((line) => /^[@.]amazon\.com\t/.test(line))).toEqual(['.amazon.com\tAmazon\t7']);
  });
});
