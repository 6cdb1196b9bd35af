/** The template for Google Tag Manager: the file's format, its own tests, and what it does in a page of a real Chromium. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createContext, runInContext } from 'node:vm';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium, USER_AGENT } from '../browser/chromium.ts';
import { eventually, type Site, startSite } from '../browser/site.ts';
import { ROOT, type Speck, startSpeck } from '../e2e/harness.ts';
import { permissionsOf, runTemplate, type Surroundings, sectionsOf } from './gtm.ts';

const FILE = readFileSync(join(ROOT, 'packages/gtm/template.tpl'), 'utf8');
const SECTIONS = sectionsOf(FILE);
const CODE = SECTIONS['SANDBOXED_JS_FOR_WEB_TEMPLATE'] ?? '';
const PERMISSIONS = permissionsOf(SECTIONS['WEB_PERMISSIONS'] ?? '');
const SCRIPT = 'https://px.example.com/speck.plus.js';
const PAGE_VIEW = { script: SCRIPT, pixel: 'px_1', kind: 'pageview', automatic: true };

interface Parameter {
  readonly type: string;
  readonly name: string;
  readonly defaultValue?: unknown;
  readonly subParams?: readonly Parameter[];
  readonly enablingConditions?: readonly { readonly paramName: string; readonly paramValue: unknown }[];
  readonly valueValidators?: readonly { readonly type: string; readonly args?: readonly unknown[] }[];
}
const parameters = JSON.parse(SECTIONS['TEMPLATE_PARAMETERS'] ?? '') as readonly Parameter[];
const allParameters = parameters.flatMap((one) => [one, ...(one.subParams ?? [])]);

/** Evaluates code where there is nothing but the language: a name that the sandbox does not give is not defined. */
function evaluateAlone(code: string): (...given: unknown[]) => void {
  const context = createContext({}, { codeGeneration: { strings: false, wasm: false } });
  for (const name of runInContext('Object.getOwnPropertyNames(globalThis)', context) as string[]) {
    if (!['undefined', 'NaN', 'Infinity'].includes(name)) Reflect.deleteProperty(context, name);
  }
  return runInContext(`(function (require, data) { 'use strict';\n${code}\n})`, context) as () => void;
}

interface Run extends Surroundings {
  readonly calls: [api: string, ...args: unknown[]][];
  readonly loaded: string[];
}

function surroundings(more: Partial<Surroundings> = {}): Run {
  const run: Run = {
    window: {},
    consent: {},
    listeners: [],
    storage: {},
    tokens: [],
    calls: [],
    loaded: [],
    loadScript(url, onSuccess) {
      run.loaded.push(url);
      onSuccess();
    },
    onCall: (api, args) => run.calls.push([api, ...args]),
    ...more,
  };
  return run;
}

function fire(run: Run, data: object, permissions = PERMISSIONS): string[] {
  const ended: string[] = [];
  const callbacks = { gtmOnSuccess: () => ended.push('success'), gtmOnFailure: () => ended.push('failure') };
  runTemplate(evaluateAlone, CODE, permissions, run, { ...data, ...callbacks });
  return ended;
}

const queued = ({ window }: Run): unknown[][] =>
  [...((window['speck'] as { q?: Iterable<ArrayLike<unknown>> } | undefined)?.q ?? [])].map((call) =>
    JSON.parse(JSON.stringify(Array.from(call))),
  ) as unknown[][];

describe('the file', () => {
  it('has the sections of a template, in their order, and nothing before them', () => {
    expect(Object.keys(SECTIONS)).toEqual([
      'INFO',
      'TEMPLATE_PARAMETERS',
      'SANDBOXED_JS_FOR_WEB_TEMPLATE',
      'WEB_PERMISSIONS',
      'TESTS',
      'NOTES',
    ]);
    expect(FILE.startsWith('___INFO___')).toBe(true);
  });

  it('describes a tag for web containers', () => {
    expect(JSON.parse(SECTIONS['INFO'] ?? '')).toMatchObject({
      type: 'TAG',
      id: 'cvt_temp_public_id',
      version: 1,
      containerContexts: ['WEB'],
      securityGroups: [],
    });
  });

  it('has parameters of known types, with names of their own, of which the code uses all', () => {
    const types = ['TEXT', 'RADIO', 'CHECKBOX', 'GROUP', 'SIMPLE_TABLE', 'SELECT', 'LABEL'];
    expect(allParameters.filter(({ type }) => !types.includes(type))).toEqual([]);
    const names = allParameters.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    const used = new Set([...CODE.matchAll(/\bdata\.(\w+)/g)].map(([, name]) => name));
    expect([...used].filter((name) => !/^gtmOn/.test(name ?? '')).toSorted()).toEqual(
      allParameters
        .filter(({ type }) => type !== 'GROUP')
        .map(({ name }) => name)
        .toSorted(),
    );
    for (const { enablingConditions = [] } of allParameters) {
      for (const { paramName } of enablingConditions) expect(names).toContain(paramName);
    }
  });

  it.each([
    ['script', SCRIPT, true],
    ['script', 'https://example.com/stats/a.js', true],
    ['script', 'http://px.example.com/speck.js', false],
    ['script', 'https://px.example.com/speck.js?id=px_1', false],
    ['script', 'https://px.example.com/', false],
    ['pixel', 'px_LnT8HVas7vJwdmQV', true],
    ['pixel', 'px_1&use=all', false],
    ['pixel', 'G-1234', false],
  ])('accepts for %s %j: %s', (name, value, isAccepted) => {
    const validators = allParameters.find((one) => one.name === name)?.valueValidators ?? [];
    const patterns = validators
      .filter(({ type }) => type === 'REGEX')
      .map(({ args }) => RegExp(String(args?.[0])));
    expect(patterns).not.toEqual([]);
    expect(patterns.every((pattern) => pattern.test(value))).toBe(isAccepted);
  });

  it('requires what it uses, and declares exactly the permissions for that', () => {
    const required = [...CODE.matchAll(/require\('(\w+)'\)/g)].map(([, api]) => api ?? '');
    for (const api of required)
      expect(CODE.replace(`require('${api}')`, '')).toMatch(RegExp(`(?<!const )\\b${api}\\b[.(]`));
    // Without any one of them, the template fails.
    for (const publicId of Object.keys(PERMISSIONS)) {
      const { [publicId]: _, ...others } = PERMISSIONS;
      expect(() => fire(surroundings(), PAGE_VIEW, others), publicId).toThrow(/no permission for/);
    }
    for (const key of Object.keys(PERMISSIONS['access_globals']?.keys ?? {})) {
      const keys = { ...PERMISSIONS['access_globals']?.keys };
      delete keys[key];
      const event = { ...PAGE_VIEW, kind: 'event', eventName: 'Signup' };
      expect(() => fire(surroundings(), event, { ...PERMISSIONS, access_globals: { keys } }), key).toThrow(
        key,
      );
    }
  });
});

describe('its code', () => {
  it('queues calls as the snippet does, and loads the script once, with the options in its URL', () => {
    const run = surroundings();
    expect(fire(run, PAGE_VIEW)).toEqual(['success']);
    expect(fire(run, { ...PAGE_VIEW, kind: 'event', eventName: 'Signup' })).toEqual(['success']);
    expect(run.loaded).toEqual([`${SCRIPT}?id=px_1&use=all`]);
    expect(queued(run)).toEqual([['track', 'Signup', {}, {}]]);
    expect(run.listeners).toHaveLength(1);
  });

  it('calls the tag that already runs', () => {
    const calls: unknown[] = [];
    const speck = (...call: unknown[]): unknown => calls.push(JSON.parse(JSON.stringify(call)));
    const run = surroundings({ window: { speck } });
    const properties = [
      { name: 'plan', value: 'pro' },
      { name: 'list', value: 7 },
    ];
    fire(run, {
      ...PAGE_VIEW,
      kind: 'event',
      eventName: 'Purchase',
      value: 0,
      currency: 'EUR',
      eventId: 'A',
      properties,
    });
    expect(calls).toEqual([
      ['track', 'Purchase', { plan: 'pro', list: 7, value: 0, currency: 'EUR' }, { eventID: 'A' }],
    ]);
    expect(run.window['speck']).toBe(speck);
  });

  it.each([
    ['no state', {}, false, '', ['granted', 'denied']],
    ['no state, and a default', {}, true, '&consent=granted', ['granted', 'denied']],
    ['denied', { analytics_storage: 'denied' }, false, '&consent=denied', ['granted']],
    ['denied, and a default', { analytics_storage: 'denied' }, true, '&consent=denied', ['granted']],
    ['granted', { analytics_storage: 'granted' }, true, '&consent=granted', ['denied']],
    ['granted, and no default', { analytics_storage: 'granted' }, false, '', ['denied']],
    ['another type denied', { ad_storage: 'denied' }, true, '&consent=granted', []],
  ] as const)('follows consent mode: %s', (_, consent, hasDefault, option, changes) => {
    const run = surroundings({ consent: { ...consent } });
    fire(run, { ...PAGE_VIEW, automatic: false, hasDefault });
    expect(run.loaded).toEqual([`${SCRIPT}?id=px_1${option}`]);
    expect(queued(run)).toEqual([]);
    for (const choice of changes) {
      for (const [type, listen] of run.listeners) listen(type, choice === 'granted');
    }
    expect(queued(run)).toEqual(changes.map((choice) => ['consent', choice]));
  });

  it('fails the tag if the script cannot be loaded', () => {
    const run = surroundings({ loadScript: (_url, _onSuccess, onFailure) => onFailure() });
    expect(fire(run, PAGE_VIEW)).toEqual(['failure']);
  });
});

describe('its own tests, as Tag Manager would run them', () => {
  const yaml = SECTIONS['TESTS'] ?? '';
  const block = (text: string, indent: number): string =>
    text
      .split('\n')
      .map((line) => line.slice(indent))
      .join('\n');
  const setup = block(/^setup: \|-\n([\s\S]*)$/m.exec(yaml)?.[1] ?? '', 2);
  const scenarios = [...yaml.matchAll(/^- name: (.*)\n {2}code: \|-\n((?: {4}.*\n?)+)/gm)].map(
    ([, name = '', code = '']) => [name, block(code, 4)] as const,
  );

  it('are there', () => {
    expect(setup).not.toBe('');
    expect(scenarios.length).toBe(yaml.split('- name:').length - 1);
  });

  it.each(scenarios)('%s', (_, code) => {
    const mocks: Record<string, unknown> = {};
    const run = surroundings({ mocks });
    let ended: string[] = [];
    const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
    const timesOf = (api: string): number =>
      api.startsWith('gtmOn')
        ? ended.filter((end) => `gtmOn${end}`.toLowerCase() === api.toLowerCase()).length
        : run.calls.filter(([one]) => one === api).length;
    Function(
      'mock',
      'runCode',
      'assertApi',
      'assertThat',
      `${setup}\n${code}`,
    )(
      (api: string, mock: unknown) => {
        mocks[api] = mock;
      },
      (data: object) => {
        ended = fire(run, data);
      },
      (api: string) => ({
        wasCalled: () => expect(timesOf(api), api).toBeGreaterThan(0),
        wasNotCalled: () => expect(timesOf(api), api).toBe(0),
      }),
      (value: unknown) => ({ isEqualTo: (other: unknown) => expect(plain(value)).toEqual(plain(other)) }),
    );
  });
});

describe('in a page', () => {
  let browser: Browser;
  let site: Site;
  let speck: Speck;
  beforeAll(async () => {
    [site, speck] = await Promise.all([startSite(), startSpeck()]);
    browser = await launchChromium({ '*.example': site.port });
  });
  afterAll(async () => {
    await browser?.close();
    await Promise.all([site?.close(), speck?.close()]);
  });

  it('a page view, an event with revenue, and the visitor’s choice are stored', async () => {
    const pixel = await speck.addPixel({ url: 'http://www.shop.example' });
    // Here the Worker has no https, which the template asks for.
    const permissions = { ...PERMISSIONS, inject_script: { urls: [`${speck.url}/*`] } };
    const data = { script: `${speck.url}/speck.plus.js`, pixel, automatic: true };
    const event = {
      kind: 'event',
      eventName: 'Purchase',
      value: '49.90',
      currency: 'EUR',
      properties: [{ name: 'plan', value: 'pro' }],
    };
    site.page(
      '/',
      `<!doctype html><script>
        const runTemplate = ${runTemplate};
        const page = { window, consent: { analytics_storage: 'denied' }, listeners: [], storage: {}, tokens: [],
          loadScript(url, onSuccess, onFailure) {
            const element = document.createElement('script');
            Object.assign(element, { src: url, async: true, onload: onSuccess, onerror: onFailure });
            document.head.append(element);
          } };
        const ended = [];
        const fire = (data) => runTemplate((code) => new Function('require', 'data', code), ${JSON.stringify(CODE).replaceAll('</', '<\\/')},
          ${JSON.stringify(permissions)}, page,
          { ...${JSON.stringify(data)}, ...data, gtmOnSuccess: () => ended.push('success'), gtmOnFailure: () => ended.push('failure') });
        fire({ kind: 'pageview' });
        fire(${JSON.stringify({ ...event, eventId: 'A-17-x' })});
      </script>`,
    );
    const context = await browser.newContext({ userAgent: USER_AGENT });
    const page = await context.newPage();
    const sent: Record<string, unknown>[] = [];
    page.on('request', (request) => {
      if (request.url().endsWith('/beacon'))
        sent.push(...(JSON.parse(request.postData() ?? '[]') as typeof sent));
    });
    await page.goto('http://www.shop.example/');
    const query = speck.db
      .prepare("SELECT * FROM events WHERE pixel = ?1 AND name <> 'engagement' ORDER BY id")
      .bind(pixel);
    const rows = (count: number): Promise<Record<string, unknown>[]> =>
      eventually(async () => {
        const { results } = await query.all();
        return results.length >= count && results;
      }, `${count} events`);
    // Of somebody who refuses, Speck stores neither amounts nor properties.
    expect(await rows(2)).toMatchObject([
      { name: 'pageview', page: '/' },
      { name: 'Purchase', value: null, props: '' },
    ]);
    expect(await page.evaluate('ended')).toEqual(['success', 'success']);
    await page.evaluate('for (const [type, listen] of page.listeners) listen(type, true)');
    await page.evaluate(`fire(${JSON.stringify({ ...event, eventName: 'Later', eventId: 'A-18-y' })})`);
    expect((await rows(3)).at(-1)).toMatchObject({
      name: 'Later',
      value: 49_900_000,
      currency: 'EUR',
      props: '{"plan":"pro"}',
      eid: 'A-18-y',
    });
    await eventually(() => sent.find(({ ev }) => ev === 'Later'), 'the last event');
    const consentOf = (name: string): unknown => sent.find(({ ev }) => ev === name)?.['consent'];
    expect([consentOf('pageview'), consentOf('Purchase'), consentOf('Later')]).toEqual([
      'denied',
      'denied',
      'granted',
    ]);
    await context.close();
  });
});
