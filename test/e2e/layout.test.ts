/** The promises of the layout: imports run downwards and in no circle, nothing grows without a bound, and versions agree. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { builtParts } from '../../scripts/lib/parts.ts';
import { VERSION } from '../../src/model/version.ts';
import { ROOT } from './harness.ts';
import { circlesIn, importsIn, importsOf } from './imports.ts';

/** From the top down. A folder may import its own level and those below. */
const LEVELS = [
  ['index.ts'],
  ['api', 'dashboard'],
  ['query', 'rollup', 'collect', 'privacy', 'imports'],
  ['enrich'],
  ['relay'],
  ['store'],
  ['engine'],
  ['env.ts'],
  ['sql'],
  ['archive', 'columns'],
  ['http'],
  ['model'],
];

const levelOf = (path: string): number =>
  LEVELS.findIndex((level) => level.includes(path.split('/')[0] ?? ''));

const imports = importsIn(join(ROOT, 'src'));
/** The tag runs in browsers, in pages of others: it has a test of its own below. */
const sources = [...imports.keys()].filter((path) => !path.startsWith('tag/'));

describe('the layout', () => {
  it.each(sources)('%s imports downwards only', (path) => {
    expect(levelOf(path), `${path} is in no known place`).toBeGreaterThanOrEqual(0);
    for (const target of (imports.get(path) ?? []).filter((one) => !one.startsWith('..'))) {
      expect(levelOf(target), `${path} imports ${target}`).toBeGreaterThanOrEqual(levelOf(path));
    }
  });

  it('has no circle of imports, types included', () => {
    expect(circlesIn(imports)).toEqual([]);
  });

  it('has the tag import nothing but itself, and nothing import the tag', () => {
    const crossing = [...imports].flatMap(([path, targets]) =>
      targets
        .filter((target) => target.startsWith('tag/') !== path.startsWith('tag/'))
        .map((target) => `${path} imports ${target}`),
    );
    expect(crossing).toEqual([]);
  });

  it('has importers import nothing but the model, since they run in browsers, too', () => {
    const ofImporters = [...imports].filter(([path]) => path.startsWith('imports/'));
    expect(ofImporters.length).toBeGreaterThan(0);
    for (const [path, targets] of ofImporters) {
      expect(
        targets.filter((one) => !/^(imports|model)\//.test(one)),
        path,
      ).toEqual([]);
      expect(readFileSync(join(ROOT, 'src', path), 'utf8'), path).not.toMatch(/['"]node:/);
    }
  });

  it('has packages import the tag, and nothing else of the project', () => {
    const outside = [...importsIn(join(ROOT, 'packages'))].flatMap(([path, targets]) =>
      targets.filter((target) => target.startsWith('..')).map((target) => `${path} imports ${target}`),
    );
    expect(outside.filter((line) => !/ imports \.\.\/src\/tag\/[\w-]+\.ts$/.test(line))).toEqual([]);
    expect(outside).not.toEqual([]);
  });

  it('has an isolate evaluate nothing before its first answer but what answers pixels', () => {
    const entry = builtParts().find((part) => part.entry === 'src/index.ts');
    expect(entry?.sources).toEqual([
      'src/collect/answer.ts',
      'src/collect/buffer.ts',
      'src/collect/choice.ts',
      'src/collect/sender.ts',
      'src/collect/wire/endpoints.ts',
      'src/collect/wire/gif.ts',
      'src/collect/wire/native-event.ts',
      'src/collect/wire/native.ts',
      'src/collect/wire/table.ts',
      'src/http/body.ts',
      'src/http/client.ts',
      'src/http/cors.ts',
      'src/index.ts',
      'src/model/cache.ts',
      'src/model/cookie.ts',
      'src/model/fields.ts',
      'src/model/fingerprint.ts',
      'src/model/limits.ts',
      'src/model/random.ts',
      'src/model/result.ts',
      'src/model/wire.ts',
    ]);
  });

  it('keeps SQL to the store, the rollup, the query and the health check', () => {
    const speaking = sources.filter((path) =>
      /\.prepare\(|\bprepare\(\s*db,/.test(readFileSync(join(ROOT, 'src', path), 'utf8')),
    );
    const allowed =
      /^(store\/|rollup\/|sql\/statement\.ts$|query\/(day-states|rows|resolve|funnel|live|open-days|property-keys)\.ts$|api\/health\.ts$)/;
    expect(speaking.filter((path) => !allowed.test(path))).toEqual([]);
  });

  it('keeps nothing in an isolate without a bound: what grows is a Cache', () => {
    // Tables that are filled once, one that stays empty, and counts by a closed list of names.
    const allowed = ['NO_FIELDS', 'ASSERTIONS', 'unwritten'];
    const growing = /^(?:export )?(?:const|let) (\w+)[^=\n]*= new (?:Map|Set)(?:<|\(\))/gm;
    const ofWorker = sources.filter((path) => !path.startsWith('dashboard/'));
    const unbounded = ofWorker.flatMap((path) =>
      [...readFileSync(join(ROOT, 'src', path), 'utf8').matchAll(growing)]
        .map(([, name]) => name ?? '')
        .filter((name) => !allowed.includes(name))
        .map((name) => `${path}: ${name}`),
    );
    expect(unbounded).toEqual([]);
  });

  it('has one version', () => {
    for (const path of ['package.json', 'packages/speck-tag/package.json']) {
      const { version } = JSON.parse(readFileSync(join(ROOT, path), 'utf8')) as { version: string };
      expect(version, path).toBe(VERSION);
    }
  });

  it('locks what every platform installs', () => {
    const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { optionalDependencies?: Record<string, string> }>;
    };
    const locked = Object.keys(packages);
    const missing = Object.values(packages)
      .flatMap(({ optionalDependencies = {} }) => Object.keys(optionalDependencies))
      .filter((name) => !locked.some((path) => path.endsWith(`node_modules/${name}`)));
    expect(missing).toEqual([]);
    for (const platform of ['darwin-64', 'darwin-arm64', 'linux-64', 'linux-arm64', 'windows-64']) {
      expect(packages).toHaveProperty([`node_modules/@cloudflare/workerd-${platform}`]);
    }
  });
});

describe('the search for circles', () => {
  it.each([
    ['none', { a: ['b', 'c'], b: ['c'], c: [] }, []],
    ['a file that imports itself', { a: ['a'] }, ['a > a']],
    ['a pair', { a: ['b'], b: ['a'] }, ['a > b > a']],
    ['a circle behind a file that is in none', { a: ['b'], b: ['c'], c: ['d'], d: ['b'] }, ['b > c > d > b']],
    ['the shortest of a group', { a: ['b'], b: ['c'], c: ['a', 'd'], d: ['c'] }, ['c > d > c']],
    ['two groups', { a: ['b'], b: ['a', 'c'], c: ['d'], d: ['c'] }, ['a > b > a', 'c > d > c']],
  ])('finds %s', (_, graph, expected) => {
    expect(circlesIn(new Map(Object.entries<string[]>(graph)))).toEqual(expected);
  });

  it.each([
    ["import { a } from './a.ts';", ['x/a.ts']],
    ["import type { A } from '../y/a.tsx';", ['y/a.tsx']],
    ["export { a } from './a.ts';", ['x/a.ts']],
    ["import './a.ts';", ['x/a.ts']],
    ["const a = () => import('./a.tsx');", ['x/a.tsx']],
    ["let a: import('./a.ts').A;", ['x/a.ts']],
    ["import {\n  a,\n} from './a.ts';", ['x/a.ts']],
    ["import { a } from 'a';", []],
    ["import world from '../../dist/world.json';", ['../dist/world.json']],
  ])('reads %j', (text, expected) => {
    expect(importsOf('x/b.ts', text)).toEqual(expected);
  });
});
