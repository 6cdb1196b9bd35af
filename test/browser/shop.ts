/**
 * What tests of the tag's options share: a shop's pages, a recorder in the Worker's place, and a Chromium that visits. The
 * tests of a file use one browser, each with a context of its own.
 */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { STUB as PLAIN_STUB } from '../../src/model/stub.ts';
import { launchChromium, USER_AGENT } from './chromium.ts';
import { prepare } from './hostile.ts';
import { answerEvents, type Recorder, type SentEvent, startRecorder } from './recorder.ts';
import { eventually, type Site, startSite } from './site.ts';

export const PIXEL = 'px_123456789ABCDEFG';
export const SHOP = 'http://shop.example';
export const PX = 'http://px.shop.example';
export const STUB = `<script>${PLAIN_STUB}</script>`;

/** Attributes with which the tag collects what networks need. */
export const GRANTED = 'data-relay data-consent="granted"';
/** An id that the snippet or the tag makes. */
export const EVENT_ID = /^[0-9a-z]{28}$/;

/** Sets properties of the page's navigator, such as `doNotTrack: '1'`. */
export const withNavigator = (properties: string): string =>
  `<script>for (const [name, value] of Object.entries({ ${properties} })) Object.defineProperty(navigator, name, { value })</script>`;

/** The script element with some more attributes. */
export const tag = (attributes = '', file = 'speck'): string =>
  `<script defer src="${PX}/${file}.js" data-pixel="${PIXEL}" ${attributes}></script>`;

export interface Shop {
  readonly site: Site;
  readonly recorder: Recorder;
  readonly browser: Browser;
  context: BrowserContext;
  page: Page;
  /** Errors and console messages of the page. */
  noise: string[];
  /** What arrived as beacons, in the order of arrival, once there are `count` of these. */
  events(count: number): Promise<SentEvent[]>;
  /** What has arrived once a last event has. */
  allEvents(): Promise<SentEvent[]>;
}

/** Sets the shop up for the tests of the file that calls it. */
export function openShop(): Shop {
  const shop = {
    noise: [] as string[],
    async events(count: number) {
      await eventually(() => shop.recorder.beacons().length >= count, `${count} events`);
      await shop.page.waitForTimeout(100);
      return shop.recorder.beacons();
    },
    async allEvents() {
      await shop.page.evaluate(() => window.speck('track', 'the end'));
      await eventually(() => shop.recorder.beacons().find(({ ev }) => ev === 'the end'), 'the last event');
      await shop.page.waitForTimeout(100);
      return shop.recorder.beacons().filter(({ ev }) => ev !== 'the end');
    },
  } as { -readonly [Key in keyof Shop]: Shop[Key] };

  beforeAll(async () => {
    [shop.site, shop.recorder] = await Promise.all([startSite(), startRecorder()]);
    shop.browser = await launchChromium({
      'px.shop.example': shop.recorder.port,
      '*.example': shop.site.port,
      'shop.localhost': shop.site.port,
    });
  });
  afterAll(async () => {
    await shop.browser?.close();
    await Promise.all([shop.site?.close(), shop.recorder?.close()]);
  });
  beforeEach(async () => {
    shop.recorder.forget();
    answerEvents(shop.recorder);
    shop.noise = [];
    shop.context = await shop.browser.newContext({ userAgent: USER_AGENT });
    shop.page = await shop.context.newPage();
    await prepare(shop.context, shop.page);
    shop.page.on('pageerror', (error) => shop.noise.push(String(error)));
    shop.page.on('console', (message) => shop.noise.push(message.text()));
  });
  afterEach(() => shop.context.close());
  return shop;
}
