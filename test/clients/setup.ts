/** What each file of these tests runs: the Worker, a site of shops, a browser, and gateways in front of the Worker. */
import type { Browser } from 'playwright-core';
import { afterAll } from 'vitest';
import type { PixelKey } from '../../src/model/pixel-key.ts';
import { launchChromium } from '../browser/chromium.ts';
import { type Site, startSite } from '../browser/site.ts';
import { type Speck, startSpeck } from '../e2e/harness.ts';
import { type Gateway, startGateway } from './gateway.ts';
import { SHOP } from './page.ts';
import { nameSite } from './stored.ts';

export interface Running {
  readonly speck: Speck;
  readonly site: Site;
  readonly browser: Browser;
}

/** All that is started is closed after the tests of the file. */
export function setUp() {
  const gateways: Gateway[] = [];
  let speck: Speck | undefined;
  let site: Site | undefined;
  let browser: Browser | undefined;
  afterAll(async () => {
    await browser?.close();
    await Promise.all([speck?.close(), site?.close(), ...gateways.map((gateway) => gateway.close())]);
  });
  const started = (): Speck => {
    if (!speck) throw new Error('nothing has been started');
    return speck;
  };
  return {
    async start(): Promise<Running> {
      [speck, site] = await Promise.all([startSpeck(), startSite()]);
      browser = await launchChromium({ '*.example': site.port });
      return { speck, site, browser };
    },
    async gateway(): Promise<Gateway> {
      const gateway = await startGateway(started().url);
      gateways.push(gateway);
      return gateway;
    },
    /** A pixel to which a tool's name for its site leads. */
    async pixelFor(tool: PixelKey, name: string): Promise<string> {
      const pixel = await started().addPixel({ url: SHOP });
      await nameSite(started(), tool, name, pixel);
      return pixel;
    },
  };
}
