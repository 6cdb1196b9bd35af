/** A page that breaks what a guest in it may stand on: as old libraries do, as other scripts do, and worse. */
import type { BrowserContext, Page } from 'playwright-core';

let isHostile = false;

/** Lets the pages of all tests of this file break every global; without it they break none. */
export function beHostile(): void {
  isHostile = true;
}

/** Whether the pages are such. */
export const breaksGlobals = (): boolean => isHostile;

/** Breaks the pages of a context, if that is wanted. There a page has loaded once the build for such pages runs. */
export async function prepare(context: BrowserContext, page: Page): Promise<void> {
  if (!isHostile) return;
  await context.addInitScript(breakGlobals);
  const goto = page.goto.bind(page);
  page.goto = async (...args) => {
    const response = await goto(...args);
    const runs = () =>
      !window.speck || !('length' in ((window.speck as unknown as { q?: object }).q ?? { length: 0 }));
    // A page without a tag that counts never comes to that.
    await page.waitForFunction(runs, undefined, { timeout: 2000 }).catch(() => {});
    return response;
  };
}

/**
 * Runs in the page, before any script of it. What it replaces is broken for scripts of the tag only: the tests need the page to
 * work for them.
 */
function breakGlobals(): void {
  const { apply, defineProperty } = { apply: Reflect.apply, defineProperty: Object.defineProperty };
  const includes = String.prototype.includes;
  const isTag = (): boolean =>
    apply(includes, String(new Error().stack), ['/speck.']) ||
    apply(includes, String(new Error().stack), ['fbevents.js']);
  const broken = (original: unknown) =>
    function (this: unknown, ...args: unknown[]): unknown {
      if (isTag()) throw new Error('broken by the page');
      return new.target
        ? Reflect.construct(original as never, args, new.target)
        : apply(original as never, this, args);
    };
  const breakIn = (object: object, ...names: string[]): void => {
    for (const name of names) {
      const value = broken(Reflect.get(object, name));
      defineProperty(object, name, { value, writable: true, configurable: true });
    }
  };
  const add = (object: object, name: string, value: unknown): void => {
    defineProperty(object, name, {
      get: () => (isTag() ? value : undefined),
      set(this: object, own: unknown) {
        defineProperty(this, name, { value: own, enumerable: true, writable: true, configurable: true });
      },
      enumerable: name === 'each',
      configurable: true,
    });
  };
  // As Prototype.js and its like do.
  for (const prototype of [Array.prototype, String.prototype, Number.prototype, Object.prototype]) {
    add(prototype, 'toJSON', () => 'by the page');
  }
  // Enumerable, and of the names of the tag's options and fields.
  add(Object.prototype, 'each', 'by the page');
  for (const name of [
    'hash',
    'host',
    'path',
    'url',
    'use',
    'local',
    'manual',
    'debug',
    'alias',
    'consent',
    'downloads',
  ]) {
    add(Object.prototype, name, 'by the page');
  }
  breakIn(Array, 'from', 'of');
  breakIn(Array.prototype, 'map', 'forEach', 'filter', 'reduce', 'includes', 'some', 'concat');
  breakIn(String.prototype, 'startsWith', 'endsWith', 'includes', 'padStart', 'at');
  breakIn(Function.prototype, 'bind');
  breakIn(Object, 'keys', 'entries', 'assign', 'fromEntries', 'freeze');
  breakIn(JSON, 'stringify', 'parse');
  breakIn(Promise, 'resolve', 'all');
  breakIn(Promise.prototype, 'finally');
  breakIn(window, 'queueMicrotask', 'setTimeout', 'structuredClone');
  breakIn(window, 'URL');
}
